--- Results of responses from their streams: items by their place in the output.
-- The interface is that of merge.lua.

local core = require "xai.core"

local array = core.array

local function append(list, item)
  list[#list + 1] = item
end

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

local MOST = 10000 -- items, and parts of one; more is no answer of the service

--- The place that an event names, from 0; 0 when it names none.
local function place(i)
  return type(i) == "number" and i >= 0 and i < MOST and i % 1 == 0 and i or 0
end

function Responses:item(index)
  index = place(index)
  if not self.items[index] then self.items[index] = {} end
  if index > self.highest then self.highest = index end
  return self.items[index]
end

function Responses:part(index, list, i, kind)
  local item = self:item(index)
  if type(item[list]) ~= "table" then item[list] = array {} end
  local parts = item[list]
  i = place(i) + 1
  while #parts < i do append(parts, { type = kind }) end
  if type(parts[i]) ~= "table" then parts[i] = { type = kind } end
  return parts[i], parts, i
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
  self.items[place(event.output_index)] = event.item
end

function handle.part(self, event)
  local part = event.part
  if type(part) ~= "table" then return end
  local list = event.summary_index ~= nil and "summary" or "content"
  local _, parts, i = self:part(event.output_index, list, event.summary_index or event.content_index, part.type)
  parts[i] = part
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

return new_responses
