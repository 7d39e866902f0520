--- Results of chat and of completions from their streams: choices that grow.
-- The interface is that of merge.lua.
--
-- The first half decides which tool call each delta belongs to: by its id, by
-- its index, or to the call under way.  Gateways leave out either, use one index
-- for all calls, or another one for each piece.

local accumulator = require "xai.results.accumulator"
local core = require "xai.core"

local ipairs, next, pairs, setmetatable, type = ipairs, next, pairs, setmetatable, type
local math_min = math.min
local string_find, string_sub = string.find, string.sub
local table_concat, table_sort = table.concat, table.sort

local array = core.array
local is_empty, is_list, is_object, sort =
  accumulator.is_empty, accumulator.is_list, accumulator.is_object, accumulator.sort

local Calls = {}
Calls.__index = Calls

local calls = {}

local function filled(value)
  if value ~= "" then return value end
end

-- A call's arguments -----------------------------------------------------------

--- Read the pieces that came since: how deep in JSON they end.
local function scan(input)
  for i = input.scanned + 1, #input.parts do
    local text, at = input.parts[i], input.escaped and 2 or 1
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
  input.scanned = #input.parts
end

--- Are they a whole object or list?
local function is_complete(input)
  scan(input)
  return input.opened and input.depth <= 0 and not input.quoted
end

--- Have they begun, and not ended?
local function is_open(input)
  scan(input)
  return input.depth > 0 or input.quoted
end

local function new_input()
  return { parts = {}, size = 0, scanned = 0, depth = 0 }
end

local function text_of(input)
  if input.parts[2] then
    input.parts = { table_concat(input.parts) }
    input.scanned = math_min(input.scanned, 1)
  end
  return input.parts[1] or ""
end

--- An empty object; some services write it as a list.
local function is_empty_object(text)
  return string_find(text, "^%s*{%s*}%s*$") ~= nil or string_find(text, "^%s*%[%s*%]%s*$") ~= nil
end

--- The pieces together, all scanned.
local function joined(input)
  scan(input)
  local text = text_of(input)
  input.scanned = #input.parts
  return text
end

--- Is `text` the whole again, or the {} that some begin or end with?
local function repeats(input, text)
  if not string_find(text, "^%s*{") or not is_complete(input) then return false end
  return is_empty_object(text) or #text == input.size and text == joined(input)
end

local function append(input, text)
  if text == "" or repeats(input, text) then return end
  if input.size < 5 and string_find(text, "^%s*{") and is_empty_object(joined(input)) then
    input.parts, input.size, input.scanned, input.depth, input.opened = {}, 0, 0, 0, nil
  end
  input.parts[#input.parts + 1] = text
  input.size = input.size + #text
end

--- Arguments as a value and not as its text.
local function set(entry, value)
  if type(value) == "table" and next(value) == nil and entry.input.size > 0 then return end
  entry.input = new_input()
  append(entry.input, (core.encode(entry.codec, value)))
end

-- One call ---------------------------------------------------------------------

local function new_entry(codec, index)
  return { codec = codec, index = index, out = {}, names = {}, name_size = 0, input = new_input() }
end

local function name_of(entry)
  if entry.names[2] then entry.names = { table_concat(entry.names) } end
  return entry.names[1]
end

--- A name comes whole, in pieces, or again and again from its beginning.
local function add_name(entry, name)
  if #name >= entry.name_size and string_sub(name, 1, entry.name_size) == (name_of(entry) or "") then
    entry.names, entry.name_size = {}, 0
  end
  entry.names[#entry.names + 1] = name
  entry.name_size = entry.name_size + #name
end

local INPUT = { ["function"] = "arguments", custom = "input" }

local function add_called(entry, growth, kind, called)
  local out = entry.out[kind] or {}
  entry.out[kind] = out
  for key, value in pairs(called) do
    if key == "name" then
      if type(value) == "string" and value ~= "" then add_name(entry, value) end
    elseif key ~= INPUT[kind] then
      growth:add_once(out, key, value)
    elseif type(value) ~= "string" then
      set(entry, value)
    elseif kind == "custom" then
      entry.input.parts[#entry.input.parts + 1] = value -- free text
    else
      append(entry.input, value)
    end
  end
end

local function add(entry, growth, delta)
  for key, value in pairs(delta) do
    if INPUT[key] then
      if is_object(value) then add_called(entry, growth, key, value) end
    elseif key == "id" or key == "type" then
      entry.out[key] = entry.out[key] or filled(value)
    elseif key ~= "index" then
      growth:add_once(entry.out, key, value)
    end
  end
end

--- The call as the answer without `stream` has it.
local function finished(entry, is_over)
  local out = entry.out
  local of_function = out["function"] or not out.custom and (out.type == nil or out.type == "function")
  out.type = out.type or of_function and "function" or "custom"
  if out.custom then
    out.custom.name, out.custom.input = name_of(entry), table_concat(entry.input.parts)
  elseif of_function then
    local text = joined(entry.input)
    if is_over and not string_find(text, "%S") then text = "{}" end
    local called = out["function"] or {}
    called.name, called.arguments = name_of(entry), text
    out["function"] = called
  end
  return out
end

-- Which call -------------------------------------------------------------------

local function called_in(delta)
  for kind, input in pairs(INPUT) do
    local called = delta[kind]
    if is_object(called) then return filled(called.name), filled(called[input]) end
  end
end

--- Does the delta begin another call, though it may be named like this one?
local function begins_anew(entry, name, input)
  local own = name_of(entry)
  return name and own and (name ~= own or input) and is_complete(entry.input)
end

--- The same, where its id or its index is that of this one: what comes again is
-- no other call.
local function is_other(entry, name, input)
  local again = name == name_of(entry) and type(input) == "string" and repeats(entry.input, input)
  return not again and begins_anew(entry, name, input)
end

--- A call of this id was not seen yet.  It may be the one under way, whose id
-- comes late, or a service that makes up an id for each piece.
local function of_new_id(entry, name, input)
  if not entry or begins_anew(entry, name, input) then return nil end
  local own = name_of(entry)
  if entry.out.id == nil then return (not name or not own or name == own) and entry or nil end
  local goes_on = not name or name == own and input and not string_find(input, "^%s*{")
  return goes_on and input and is_open(entry.input) and entry or nil
end

function Calls:by_id(id, index, name, input)
  local entry = self.ids[id]
  if not entry then
    if index ~= nil then return of_new_id(self.indices[index], name, input) end
    return of_new_id(self.current, name, input)
  end
  local elsewhere = index ~= nil and index ~= entry.index and self.indices[index] ~= entry
  if (elsewhere or name ~= name_of(entry)) and is_other(entry, name, input) then return nil end
  return entry
end

--- The call that a delta goes on with, or nil: it opens one.  `nth`: its place
-- among several of its chunk that have neither id nor index.
function Calls:continued(delta, nth)
  local name, input = called_in(delta)
  local id, index = filled(delta.id), delta.index
  local entry
  if id ~= nil then return self:by_id(id, index, name, input) end
  if index ~= nil then
    entry = self.indices[index]
    if not entry and not name then entry = self.current end
  elseif nth and not name and self.list[nth] then
    return self.list[nth]
  else
    entry = self.current
    if entry and (name and entry.named_in == self.chunk or begins_anew(entry, name, input)) then return nil end
  end
  if entry and is_other(entry, name, input) then return nil end
  return entry
end

local function is_anonymous(delta)
  return is_object(delta) and filled(delta.id) == nil and delta.index == nil
end

function Calls:add_one(delta, nth)
  local entry = self:continued(delta, nth)
  if not entry then
    entry = new_entry(self.codec, delta.index)
    self.list[#self.list + 1] = entry
  end
  add(entry, self.growth, delta)
  if called_in(delta) then entry.named_in = self.chunk end
  if entry.out.id ~= nil then self.ids[filled(delta.id) or entry.out.id] = entry end
  if delta.index ~= nil then self.indices[delta.index] = entry end
  self.current = entry
end

--- Take in the calls of one delta: a list, or a single one.
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
  sort(self.list)
  local list = {}
  for i, entry in ipairs(self.list) do list[i] = finished(entry, is_over) end
  return list
end

--- No calls yet; `growth` is what the values of one result grow by, `codec` writes
-- arguments that are values.
function calls.new(growth, codec)
  return setmetatable({ growth = growth, codec = codec, list = {}, ids = {}, indices = {}, chunk = 0 }, Calls)
end

--- The call that was before there were several: {name, arguments}.
function calls.new_legacy(growth, codec)
  local entry = new_entry(codec)
  return {
    add = function(_, called) add_called(entry, growth, "function", called) end,
    result = function(_, is_over) return finished(entry, is_over)["function"] end,
  }
end

-- Choices -------------------------------------------------------------------

local Chunks = {}
Chunks.__index = Chunks

local FIRST_WINS = { id = true, object = true, created = true, model = true }

local function new_chunks(object, of_chat, codec)
  return setmetatable({
    object = object, of_chat = of_chat, codec = codec, growth = accumulator.new(), top = {}, choices = {}, order = {},
  }, Chunks)
end

function Chunks:choice(index)
  local choice = self.choices[index]
  if not choice then
    choice = { message = {}, calls = calls.new(self.growth, self.codec), rest = {} }
    self.choices[index] = choice
    self.order[#self.order + 1] = index
  end
  return choice
end

local PIECES = { text = "content", reasoning = "reasoning_content", summary = "reasoning" }

function Chunks:piece(field, text, a)
  local key = field == "text" and not self.of_chat and "text" or PIECES[field]
  self.growth:add(self:choice(a).message, key, text)
end

function Chunks:delta(choice, delta)
  for key, value in pairs(delta) do
    if key == "tool_calls" and type(value) == "table" then
      choice.calls:add(value)
    elseif key == "function_call" and is_object(value) then
      choice.called = choice.called or calls.new_legacy(self.growth, self.codec)
      choice.called:add(value)
    elseif key == "content" and not self.of_chat then
      self.growth:add(choice.message, "text", value)
    elseif key ~= "tool_calls" or choice.message[key] == nil then
      self.growth:add(choice.message, key, value)
    end
  end
end

--- What a choice says beside its delta.
function Chunks:add_rest(rest, key, value)
  if key == "logprobs" and is_object(value) and is_object(rest.logprobs) then
    for name, list in pairs(value) do
      local all = rest.logprobs[name]
      if is_list(list) and is_list(all) then
        for _, item in ipairs(list) do all[#all + 1] = item end
      else
        self.growth:keep(rest.logprobs, name, list)
      end
    end
  elseif key == "token_ids" and is_list(value) then
    self.growth:add(rest, key, value)
  elseif value ~= "" then
    self.growth:keep(rest, key, value)
  end
end

function Chunks:add_choice(given, position)
  local choice = self:choice(type(given.index) == "number" and given.index or position)
  for key, value in pairs(given) do
    if key == "delta" and is_object(value) then
      self:delta(choice, value)
    elseif key == "message" and is_object(value) then
      choice.whole = value
    elseif key == "text" and type(value) == "string" then
      self.growth:add(choice.message, self.of_chat and "content" or "text", value)
    elseif key ~= "index" then
      self:add_rest(choice.rest, key, value)
    end
  end
end

local function is_unknown(value)
  return value == nil or value == "" or value == 0
end

--- Does the event only keep the line alive?
local function is_ping(event)
  return event.choices == nil and (event.type == "ping" or event.type == "keepalive" or event.type == "heartbeat")
end

function Chunks:event(event)
  if is_ping(event) then return end
  for key, value in pairs(event) do
    if key == "choices" then
      for i, choice in ipairs(type(value) == "table" and value or {}) do
        if is_object(choice) then self:add_choice(choice, i - 1) end
      end
    elseif FIRST_WINS[key] then
      if is_unknown(self.top[key]) then self.top[key] = value end
    elseif key == "usage" and not is_empty(value) then
      self.top.usage = value
    else
      self.growth:keep(self.top, key, value)
    end
  end
end

--- The parts of a list were counted for the stream alone.
local function drop_places(parts)
  for _, part in ipairs(parts) do
    if is_object(part) then part.index = nil end
  end
end

local function finished_message(choice, is_over)
  local message = choice.message
  message.tool_calls = choice.calls:result(is_over) or message.tool_calls
  if choice.called then message.function_call = choice.called:result(is_over) end
  for key, value in pairs(choice.whole or {}) do -- no delta has said that
    if is_empty(message[key]) then message[key] = value end
  end
  if is_empty(message.role) then message.role = "assistant" end
  if is_empty(message.content) then message.content = "" end -- as the service says it beside tool calls
  if type(message.content) == "table" then drop_places(message.content) end
  return message
end

--- `is_over`: the stream has come to its end.
function Chunks:result(is_over)
  local result = self.top
  self.growth:finish()
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
