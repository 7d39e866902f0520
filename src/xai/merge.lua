--- From the events of a stream to the result that the call without `stream`
-- gives.  Facts: the merging recipes of the service's streaming rules.
--
-- Each builder has `event(self, event)`, `piece(self, field, text, a, b)`
-- (text for part a, b of the answer) and `result(self)`.  The tables it is
-- given are its own: nothing that was handed out to the user is changed.

local core = require "xai.core"
local json = require "xai.json"

local array = core.array

local function append(list, item)
  list[#list + 1] = item
end

local function joined(parts)
  return parts and table.concat(parts) or nil
end

--------------------------------------------------------------------------------
-- chat and completions: choices that grow

local Chunks = {}
Chunks.__index = Chunks

local FIRST_WINS = { id = true, object = true, created = true, model = true }

local function new_chunks(object, of_chat)
  return setmetatable({ object = object, of_chat = of_chat, top = {}, choices = {}, order = {} }, Chunks)
end

function Chunks:choice(index)
  local choice = self.choices[index]
  if not choice then
    choice = { index = index, texts = {}, message = {}, calls = {}, rest = {} }
    self.choices[index] = choice
    append(self.order, index)
  end
  return choice
end

local function add_text(choice, name, text)
  local parts = choice.texts[name] or {}
  choice.texts[name] = parts
  append(parts, text)
end

function Chunks:piece(field, text, a)
  local name = self.of_chat and (field == "reasoning" and "reasoning_content" or "content") or "text"
  add_text(self:choice(a), name, text)
end

--- The call that a delta continues: by index, else by id, else by position.
local function find_call(calls, delta, position)
  for _, call in ipairs(calls) do
    if delta.index ~= nil and call.index == delta.index then return call end
    if delta.index == nil and delta.id ~= nil and call.id == delta.id then return call end
  end
  if delta.index == nil and delta.id == nil then return calls[position] end
end

local function add_call(calls, delta, position)
  local call = find_call(calls, delta, position)
  if not call then
    call = { index = delta.index, fields = {}, arguments = {} }
    append(calls, call)
  end
  call.id = call.id or delta.id
  local called = type(delta["function"]) == "table" and delta["function"] or {}
  call.type = call.type or delta.type
  call.name = call.name or called.name
  if type(called.arguments) == "string" then append(call.arguments, called.arguments) end
end

local JOINED = { content = true, reasoning_content = true, refusal = true }

function Chunks.delta(_, choice, delta)
  for key, value in pairs(delta) do
    if JOINED[key] and type(value) == "string" then
      add_text(choice, key, value)
    elseif key == "tool_calls" and type(value) == "table" then
      for position, call in ipairs(value) do
        if type(call) == "table" then add_call(choice.calls, call, position) end
      end
    else
      choice.message[key] = value
    end
  end
end

local function add_logprobs(choice, logprobs)
  local all = choice.rest.logprobs
  if type(all) ~= "table" then
    choice.rest.logprobs = logprobs
    return
  end
  for key, value in pairs(logprobs) do
    if type(value) == "table" and type(all[key]) == "table" then
      for _, item in ipairs(value) do append(all[key], item) end
    else
      all[key] = value
    end
  end
end

function Chunks:add_choice(given)
  local choice = self:choice(type(given.index) == "number" and given.index or 0)
  for key, value in pairs(given) do
    if key == "delta" and type(value) == "table" then
      self:delta(choice, value)
    elseif key == "text" and type(value) == "string" then
      add_text(choice, "text", value)
    elseif key == "logprobs" and type(value) == "table" then
      add_logprobs(choice, value)
    elseif key ~= "index" then
      choice.rest[key] = value
    end
  end
end

function Chunks:event(event)
  for key, value in pairs(event) do
    if key == "choices" then
      for _, choice in ipairs(type(value) == "table" and value or {}) do
        if type(choice) == "table" then self:add_choice(choice) end
      end
    elseif not FIRST_WINS[key] or self.top[key] == nil then
      self.top[key] = value
    end
  end
end

local function finished_call(call)
  return {
    id = call.id,
    type = call.type or "function",
    ["function"] = { name = call.name, arguments = table.concat(call.arguments) },
  }
end

local function finished_message(choice)
  local message = choice.message
  message.role = message.role or "assistant"
  message.content = message.content or "" -- as the service says it beside tool calls
  for name, parts in pairs(choice.texts) do message[name] = table.concat(parts) end
  for i, call in ipairs(choice.calls) do
    message.tool_calls = message.tool_calls or {}
    message.tool_calls[i] = finished_call(call)
  end
  return message
end

function Chunks:result()
  local result = self.top
  result.object = self.object
  result.choices = array {}
  table.sort(self.order)
  for i, index in ipairs(self.order) do
    local choice = self.choices[index]
    local out = choice.rest
    out.index = index
    if self.of_chat then
      out.message = finished_message(choice)
    else
      out.text = joined(choice.texts.text) or ""
    end
    result.choices[i] = out
  end
  return result
end

--------------------------------------------------------------------------------
-- responses: items by their place in the output

local Responses = {}
Responses.__index = Responses

local function new_responses()
  return setmetatable({ items = {}, texts = {}, highest = -1 }, Responses)
end

--- The field that an `*.delta` event extends, of the item or of one of its parts.
local DELTAS = {
  ["response.output_text.delta"] = { list = "content", type = "output_text", field = "text" },
  ["response.refusal.delta"] = { list = "content", type = "refusal", field = "refusal" },
  ["response.reasoning_text.delta"] = { list = "content", type = "reasoning_text", field = "text" },
  ["response.reasoning_summary_text.delta"] = { list = "summary", type = "summary_text", field = "text" },
  ["response.function_call_arguments.delta"] = { field = "arguments" },
  ["response.custom_tool_call_input.delta"] = { field = "input" },
  ["response.code_interpreter_call_code.delta"] = { field = "code" },
  ["response.mcp_call_arguments.delta"] = { field = "arguments" },
  ["response.mcp_call_output.delta"] = { field = "output" },
}

local PIECES = {
  text = DELTAS["response.output_text.delta"],
  reasoning = DELTAS["response.reasoning_text.delta"],
  summary = DELTAS["response.reasoning_summary_text.delta"],
  arguments = DELTAS["response.function_call_arguments.delta"],
}

function Responses:item(index)
  index = type(index) == "number" and index or 0
  if not self.items[index] then self.items[index] = {} end
  if index > self.highest then self.highest = index end
  return self.items[index]
end

function Responses:part(index, list, i, kind)
  local item = self:item(index)
  if type(item[list]) ~= "table" then item[list] = array {} end
  local parts = item[list]
  i = (type(i) == "number" and i or 0) + 1
  while #parts < i do append(parts, { type = kind }) end
  return parts[i]
end

--- Text is gathered in lists and joined at the end: linear work.
function Responses:extend(owner, field, text)
  local fields = self.texts[owner] or {}
  self.texts[owner] = fields
  fields[field] = fields[field] or { type(owner[field]) == "string" and owner[field] or "" }
  append(fields[field], text)
end

function Responses:add_delta(how, text, a, b)
  local owner = how.list and self:part(a, how.list, b, how.type) or self:item(a)
  self:extend(owner, how.field, text)
end

function Responses:piece(field, text, a, b)
  self:add_delta(PIECES[field], text, a, b)
end

local handle = {}

function handle.item(self, event)
  if type(event.item) ~= "table" then return end
  self:item(event.output_index)
  self.items[type(event.output_index) == "number" and event.output_index or 0] = event.item
end

function handle.part(self, event)
  local part = event.part
  if type(part) ~= "table" then return end
  local list = event.summary_index ~= nil and "summary" or "content"
  local i = event.summary_index or event.content_index
  self:part(event.output_index, list, i, part.type)
  self.items[event.output_index or 0][list][(i or 0) + 1] = part
end

function handle.annotation(self, event)
  local part = self:part(event.output_index, "content", event.content_index, "output_text")
  if type(part.annotations) ~= "table" then part.annotations = array {} end
  append(part.annotations, event.annotation)
end

local HANDLERS = {
  ["response.output_item.added"] = handle.item,
  ["response.output_item.done"] = handle.item,
  ["response.content_part.added"] = handle.part,
  ["response.content_part.done"] = handle.part,
  ["response.reasoning_summary_part.added"] = handle.part,
  ["response.reasoning_summary_part.done"] = handle.part,
  ["response.output_text.annotation.added"] = handle.annotation,
}

local FINAL = { ["response.completed"] = true, ["response.incomplete"] = true, ["response.done"] = true }

function Responses:event(event)
  local kind = event.type
  if type(event.response) == "table" then
    self.response = event.response
    self.final = FINAL[kind]
  elseif HANDLERS[kind] then
    HANDLERS[kind](self, event)
  elseif DELTAS[kind] and type(event.delta) == "string" then
    self:add_delta(DELTAS[kind], event.delta, event.output_index, event.content_index or event.summary_index)
  end
end

--- The last event repeats the whole answer; without it, the pieces are all there is.
function Responses:result()
  if self.final then return self.response end
  for owner, fields in pairs(self.texts) do
    for field, parts in pairs(fields) do owner[field] = table.concat(parts) end
  end
  local result = self.response or { object = "response" }
  result.output = array {}
  for index = 0, self.highest do
    if self.items[index] then append(result.output, self.items[index]) end
  end
  return result
end

--------------------------------------------------------------------------------
-- messages: blocks that follow each other

local Messages = {}
Messages.__index = Messages

local function new_messages()
  return setmetatable({ message = { type = "message", role = "assistant" }, blocks = {} }, Messages)
end

--- A delta belongs to the block that was opened last: xAI's deltas have no
-- index, and blocks never overlap.
function Messages:add(name, text)
  local block = self.blocks[#self.blocks]
  if not block then
    block = { block = { type = name == "thinking" and "thinking" or "text" }, texts = {} }
    append(self.blocks, block)
  end
  block.texts[name] = block.texts[name] or {}
  append(block.texts[name], text)
end

local BLOCK_FIELDS = { text = "text", reasoning = "thinking", arguments = "partial_json", signature = "signature" }

function Messages:piece(field, text)
  self:add(BLOCK_FIELDS[field], text)
end

local message_events = {}

function message_events.message_start(self, event)
  if type(event.message) == "table" then self.message = event.message end
end

function message_events.content_block_start(self, event)
  local block = type(event.content_block) == "table" and event.content_block or {}
  append(self.blocks, { block = block, texts = {} })
end

function message_events.content_block_delta(self, event)
  for name, value in pairs(type(event.delta) == "table" and event.delta or {}) do
    if name ~= "type" and type(value) == "string" then self:add(name, value) end
  end
end

function message_events.message_delta(self, event)
  for key, value in pairs(type(event.delta) == "table" and event.delta or {}) do self.message[key] = value end
  if type(event.usage) ~= "table" then return end
  if type(self.message.usage) ~= "table" then self.message.usage = {} end
  for key, value in pairs(event.usage) do self.message.usage[key] = value end
end

function Messages:event(event)
  local f = message_events[event.type]
  if f then f(self, event) end
end

--- The input of a tool: no piece at all, or an empty one, means {}.
local function set_input(block, text)
  if text == "" then
    block.input = type(block.input) == "table" and block.input or {}
    return
  end
  local input = json.decode(text)
  if type(input) == "table" then
    block.input = input
  else
    block.partial_json = text -- the stream broke within it
  end
end

local function finished_block(entry)
  local block = entry.block
  for name, parts in pairs(entry.texts) do
    local text = table.concat(parts)
    if name == "partial_json" then
      set_input(block, text)
    else
      block[name] = (type(block[name]) == "string" and block[name] or "") .. text
    end
  end
  return block
end

function Messages:result()
  local message = self.message
  message.content = array {}
  for i, entry in ipairs(self.blocks) do message.content[i] = finished_block(entry) end
  return message
end

--------------------------------------------------------------------------------
-- complete: one text

local Complete = {}
Complete.__index = Complete

local function new_complete()
  return setmetatable({ top = {}, parts = {} }, Complete)
end

function Complete:piece(_, text)
  append(self.parts, text)
end

function Complete:event(event)
  if event.type == "ping" then return end
  for key, value in pairs(event) do
    if key == "completion" and type(value) == "string" then
      append(self.parts, value)
    else
      self.top[key] = value
    end
  end
end

function Complete:result()
  self.top.completion = table.concat(self.parts)
  return self.top
end

--------------------------------------------------------------------------------
-- an unknown endpoint: the list of its events

local Events = {}
Events.__index = Events

local function new_events()
  return setmetatable({ list = array {} }, Events)
end

function Events:event(event) append(self.list, event) end

function Events:result() return self.list end

--------------------------------------------------------------------------------

local BUILDERS = {
  chat = function() return new_chunks("chat.completion", true) end,
  complete = function() return new_chunks("text_completion", false) end,
  respond = new_responses,
  message = new_messages,
  complete_legacy = new_complete,
  request = new_events,
}

--- The result of what the stream `request` of function `name` has said so
-- far; nil when it has said nothing.
return function(request, name)
  local builder = BUILDERS[name]()
  local at, field, value, a, b = request:said(0)
  if not at then return nil end
  while at do
    if field ~= "event" then
      builder:piece(field, value, a, b)
    elseif type(value) == "table" then
      builder:event(value)
    end
    at, field, value, a, b = request:said(at)
  end
  return builder:result()
end
