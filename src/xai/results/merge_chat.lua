--- Results of chat and of completions from their streams: choices that grow.
-- The interface is in merge.lua.
--
-- The first half assigns each delta to a tool call: by its id, by its index, or to
-- the current call.  Gateways leave out either, use one index for all calls, or a
-- new one for each delta.

local accumulator = require "xai.results.accumulator"
local core = require "xai.core"

local ipairs, next, pairs, setmetatable, type = ipairs, next, pairs, setmetatable, type
local string_find, string_sub = string.find, string.sub
local table_concat, table_sort = table.concat, table.sort

local array = core.array
local is_empty, is_list, is_object = accumulator.is_empty, accumulator.is_list, accumulator.is_object

local function nonempty(value)
  if value ~= "" then return value end
end

-- The input of a tool call -----------------------------------------------------

--- The text of a call's arguments, which arrives in pieces.  The other fields tell
-- how far it is scanned as JSON.
local function new_input()
  return { pieces = {}, size = 0, scanned = 0, depth = 0, quoted = false, escaped = false, opened = false }
end

--- Scan the pieces that are new: how deep in JSON do they end?
local function scan(input)
  for i = input.scanned + 1, #input.pieces do
    local text, at = input.pieces[i], input.escaped and 2 or 1
    input.escaped = input.escaped and text == ""
    while true do
      local pos = string_find(text, input.quoted and '["\\]' or '["%[%]{}]', at)
      if not pos then break end
      local c = string_sub(text, pos, pos)
      at = pos + 1
      if c == "\\" then
        input.escaped = at > #text
        at = at + 1
      elseif c == '"' then
        input.quoted = not input.quoted
      else
        input.opened = true
        input.depth = input.depth + ((c == "{" or c == "[") and 1 or -1)
      end
    end
  end
  input.scanned = #input.pieces
end

--- Is the input a whole object or list?
local function is_complete(input)
  scan(input)
  return input.opened and input.depth <= 0 and not input.quoted
end

--- Has it begun, and not ended?
local function is_open(input)
  scan(input)
  return input.depth > 0 or input.quoted
end

--- The text so far, scanned.
local function text_of(input)
  scan(input)
  if input.pieces[2] then
    input.pieces = { table_concat(input.pieces) }
    input.scanned = 1
  end
  return input.pieces[1] or ""
end

--- Is the text an empty object?  Some services write it as a list.
local function is_empty_object(text)
  return string_find(text, "^%s*{%s*}%s*$") ~= nil or string_find(text, "^%s*%[%s*%]%s*$") ~= nil
end

--- Is `text` the whole input again, or the {} that some services begin or end with?
local function repeats(input, text)
  if not string_find(text, "^%s*{") or not is_complete(input) then return false end
  return is_empty_object(text) or #text == input.size and text == text_of(input)
end

local function append(input, text)
  if text == "" or repeats(input, text) then return end
  if input.size < 5 and string_find(text, "^%s*{") and is_empty_object(text_of(input)) then
    input.pieces, input.size, input.scanned, input.depth, input.opened = {}, 0, 0, 0, false
  end
  input.pieces[#input.pieces + 1] = text
  input.size = input.size + #text
end

-- One tool call ------------------------------------------------------------------

local function new_call(codec, index)
  return { codec = codec, index = index, out = {}, names = {}, name_size = 0, input = new_input() }
end

--- Take an input that is a value instead of its text.
local function set_input(call, value)
  if type(value) == "table" and next(value) == nil and call.input.size > 0 then return end
  call.input = new_input()
  append(call.input, (core.encode(call.codec, value)))
end

local function name_of(call)
  if call.names[2] then call.names = { table_concat(call.names) } end
  return call.names[1]
end

--- A name arrives whole, in pieces, or again and again from its beginning.
local function add_name(call, name)
  if #name >= call.name_size and string_sub(name, 1, call.name_size) == (name_of(call) or "") then
    call.names, call.name_size = {}, 0
  end
  call.names[#call.names + 1] = name
  call.name_size = call.name_size + #name
end

--- The member of each kind of call that has its input.
local INPUT = { ["function"] = "arguments", custom = "input" }

--- Add what a delta says of the called function.
local function add_called(call, values, kind, called)
  local out = accumulator.at(call.out, kind)
  for key, value in pairs(called) do
    if key == "name" then
      if type(value) == "string" and value ~= "" then add_name(call, value) end
    elseif key ~= INPUT[kind] then
      values:add_once(out, key, value)
    elseif type(value) ~= "string" then
      set_input(call, value)
    elseif kind == "custom" then
      call.input.pieces[#call.input.pieces + 1] = value -- free text
    else
      append(call.input, value)
    end
  end
end

local function add(call, values, delta)
  for key, value in pairs(delta) do
    if INPUT[key] then
      if is_object(value) then add_called(call, values, key, value) end
    elseif key == "id" or key == "type" then
      call.out[key] = call.out[key] or nonempty(value)
    elseif key ~= "index" then
      values:add_once(call.out, key, value)
    end
  end
end

--- The call as the answer without `stream` has it.
local function finished(call, is_over)
  local out = call.out
  local of_function = out["function"] or not out.custom and (out.type == nil or out.type == "function")
  out.type = out.type or of_function and "function" or "custom"
  if out.custom then
    out.custom.name, out.custom.input = name_of(call), table_concat(call.input.pieces)
  elseif of_function then
    local text = text_of(call.input)
    if is_over and not string_find(text, "%S") then text = "{}" end
    local called = accumulator.at(out, "function")
    called.name, called.arguments = name_of(call), text
  end
  return out
end

-- The tool calls of one choice ------------------------------------------------------

--- `on_delta(call, delta, size)`, if it is set, hears of each delta: `size` is that of the
-- call's input before it.
local Calls = {}
Calls.__index = Calls

local function new_calls(values, codec)
  return setmetatable({ values = values, codec = codec, list = {}, ids = {}, indices = {}, chunk = 0 }, Calls)
end

--- The name and the input in a delta.
local function called_in(delta)
  for kind, input in pairs(INPUT) do
    local called = delta[kind]
    if is_object(called) then return nonempty(called.name), nonempty(called[input]) end
  end
end

--- Does a delta begin another call, perhaps of the same name?
local function begins_anew(call, name, input)
  local own = name_of(call)
  return name and own and (name ~= own or input) and is_complete(call.input)
end

--- The same for a delta with the id or the index of this call, which may also repeat it.
local function is_other(call, name, input)
  local again = name == name_of(call) and type(input) == "string" and repeats(call.input, input)
  return not again and begins_anew(call, name, input)
end

--- The call for a delta with a new id, or nil.  It is the current call where that has
-- no id yet, or where a service makes up an id for each delta.
local function call_for_new_id(call, name, input)
  if not call or begins_anew(call, name, input) then return nil end
  local own = name_of(call)
  if call.out.id == nil then return (not name or not own or name == own) and call or nil end
  local goes_on = not name or name == own and input and not string_find(input, "^%s*{")
  return goes_on and input and is_open(call.input) and call or nil
end

function Calls:by_id(id, index, name, input)
  local call = self.ids[id]
  if not call then
    if index ~= nil then return call_for_new_id(self.indices[index], name, input) end
    return call_for_new_id(self.current, name, input)
  end
  local elsewhere = index ~= nil and index ~= call.index and self.indices[index] ~= call
  if (elsewhere or name ~= name_of(call)) and is_other(call, name, input) then return nil end
  return call
end

--- The call that a delta continues, or nil where it opens one.  `nth` is its place in
-- a chunk with several calls that have neither id nor index.
function Calls:continued(delta, nth)
  local name, input = called_in(delta)
  local id, index = nonempty(delta.id), delta.index
  local call
  if id ~= nil then return self:by_id(id, index, name, input) end
  if index ~= nil then
    call = self.indices[index]
    if not call and not name then call = self.current end
  elseif nth and not name and self.list[nth] then
    return self.list[nth]
  else
    call = self.current
    if call and (name and call.named_in == self.chunk or begins_anew(call, name, input)) then return nil end
  end
  if call and is_other(call, name, input) then return nil end
  return call
end

local function is_anonymous(delta)
  return is_object(delta) and nonempty(delta.id) == nil and delta.index == nil
end

function Calls:add_one(delta, nth)
  local call = self:continued(delta, nth)
  if not call then
    call = new_call(self.codec, delta.index)
    self.list[#self.list + 1] = call
  end
  local before = call.input.size
  add(call, self.values, delta)
  if self.on_delta then self.on_delta(call, delta, before) end
  if called_in(delta) then call.named_in = self.chunk end
  if call.out.id ~= nil then self.ids[nonempty(delta.id) or call.out.id] = call end
  if delta.index ~= nil then self.indices[delta.index] = call end
  self.current = call
end

--- Add the calls of one delta: a list, or a single one.
function Calls:add(deltas)
  if deltas[1] == nil and (deltas.id or deltas["function"] or deltas.custom) then deltas = { deltas } end
  local anonymous = 0
  for _, delta in ipairs(deltas) do anonymous = anonymous + (is_anonymous(delta) and 1 or 0) end
  self.chunk = self.chunk + 1
  for i, delta in ipairs(deltas) do
    if is_object(delta) then self:add_one(delta, anonymous > 1 and is_anonymous(delta) and i) end
  end
end

--- The list of all calls, or nil.  `is_over`: they are complete.
function Calls:result(is_over)
  if not self.list[1] then return nil end
  accumulator.sort(self.list)
  local list = {}
  for i, call in ipairs(self.list) do list[i] = finished(call, is_over) end
  return list
end

-- Choices ---------------------------------------------------------------------------

local Chunks = {}
Chunks.__index = Chunks

local FIRST_WINS = { id = true, object = true, created = true, model = true }

local function new_chunks(object, of_chat, codec)
  return setmetatable({
    object = object, of_chat = of_chat, codec = codec, values = accumulator.new(), top = {}, choices = {}, order = {},
  }, Chunks)
end

function Chunks:choice(index)
  local choice = self.choices[index]
  if not choice then
    choice = { message = {}, calls = new_calls(self.values, self.codec), rest = {} }
    self.choices[index] = choice
    self.order[#self.order + 1] = index
  end
  return choice
end

local TEXTS = { text = "content", reasoning = "reasoning_content", summary = "reasoning" }

--- `a` is the index of the choice.
function Chunks:delta(field, text, a)
  local key = field == "text" and not self.of_chat and "text" or TEXTS[field]
  self.values:add(self:choice(a).message, key, text)
end

--- The single call of the older API: {name, arguments}.
function Chunks:add_function_call(choice, called)
  choice.function_call = choice.function_call or new_call(self.codec)
  add_called(choice.function_call, self.values, "function", called)
end

function Chunks:add_delta(choice, delta)
  for key, value in pairs(delta) do
    if key == "tool_calls" and type(value) == "table" then
      choice.calls:add(value)
    elseif key == "function_call" and is_object(value) then
      self:add_function_call(choice, value)
    elseif key == "content" and not self.of_chat then
      self.values:add(choice.message, "text", value)
    elseif key ~= "tool_calls" or choice.message[key] == nil then
      self.values:add(choice.message, key, value)
    end
  end
end

--- Add what a choice says beside its delta.
function Chunks:add_rest(rest, key, value)
  if key == "logprobs" and is_object(value) and is_object(rest.logprobs) then
    for name, list in pairs(value) do
      local all = rest.logprobs[name]
      if is_list(list) and is_list(all) then
        for _, item in ipairs(list) do all[#all + 1] = item end
      else
        self.values:keep(rest.logprobs, name, list)
      end
    end
  elseif key == "token_ids" and is_list(value) then
    self.values:add(rest, key, value)
  elseif value ~= "" then
    self.values:keep(rest, key, value)
  end
end

function Chunks:add_choice(given, position)
  local choice = self:choice(type(given.index) == "number" and given.index or position)
  for key, value in pairs(given) do
    if key == "delta" and is_object(value) then
      self:add_delta(choice, value)
    elseif key == "message" and is_object(value) then
      choice.whole = value
    elseif key == "text" and type(value) == "string" then
      self.values:add(choice.message, self.of_chat and "content" or "text", value)
    elseif key ~= "index" then
      self:add_rest(choice.rest, key, value)
    end
  end
end

--- The members of a message that have the calls of a choice so far.
function Chunks:calls_of(index)
  self.values:finish()
  local choice = self:choice(index)
  local called = choice.function_call and finished(choice.function_call, true)["function"]
  return { tool_calls = choice.calls:result(true), function_call = called }
end

--- Does the event only keep the connection alive?
local function is_ping(event)
  return event.choices == nil and (event.type == "ping" or event.type == "keepalive" or event.type == "heartbeat")
end

function Chunks:event(event)
  if is_ping(event) then return end
  local top = self.top
  for key, value in pairs(event) do
    if key == "choices" then
      for i, choice in ipairs(type(value) == "table" and value or {}) do
        if is_object(choice) then self:add_choice(choice, i - 1) end
      end
    elseif FIRST_WINS[key] then
      if top[key] == nil or top[key] == "" or top[key] == 0 then top[key] = value end
    elseif key == "usage" and not is_empty(value) then
      top.usage = value
    else
      self.values:keep(top, key, value)
    end
  end
end

--- Remove the indices of content parts, which only a stream has.
local function drop_indices(parts)
  for _, part in ipairs(parts) do
    if is_object(part) then part.index = nil end
  end
end

local function finished_message(choice, is_over)
  local message = choice.message
  message.tool_calls = choice.calls:result(is_over) or message.tool_calls
  if choice.function_call then message.function_call = finished(choice.function_call, is_over)["function"] end
  for key, value in pairs(choice.whole or {}) do -- no delta has said that
    if is_empty(message[key]) then message[key] = value end
  end
  if is_empty(message.role) then message.role = "assistant" end
  if is_empty(message.content) then message.content = "" end -- the service has it so beside tool calls
  if type(message.content) == "table" then drop_indices(message.content) end
  return message
end

--- `is_over`: the stream has come to its end.
function Chunks:result(is_over)
  local result = self.top
  self.values:finish()
  result.object = self.object
  result.choices = array {}
  table_sort(self.order)
  for i, index in ipairs(self.order) do
    local choice = self.choices[index]
    local out = choice.rest
    out.index = index
    if self.of_chat then
      out.message = finished_message(choice, is_over or out.finish_reason ~= nil)
    else
      for key, value in pairs(choice.message) do out[key] = value end
      out.text = out.text or ""
    end
    result.choices[i] = out
  end
  return result
end

return new_chunks
