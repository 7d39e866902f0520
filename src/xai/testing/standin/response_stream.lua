--- response_stream.lua - a finished response as the events that lead to it.

local json = require("xai.testing.standin.json")
local sse = require("xai.testing.standin.sse")
local words = require("xai.testing.standin.words")

local M = {}

local Writer = {}
Writer.__index = Writer

--- Add an event; `deltas` come at the pace of words.
function Writer:send(kind, fields)
  fields.type, fields.sequence_number = kind, #self.events
  if kind:find("%.delta$") then
    self.events:slow(fields, kind)
  else
    self.events:add(fields, kind)
  end
end

--- Add an event about one part of one item: `place` names the item and the part.
function Writer:send_at(place, kind, fields)
  for key, value in pairs(place) do fields[key] = value end
  self:send(kind, fields)
end

local function copy_with(original, changes)
  local copy = {}
  for key, value in pairs(original) do copy[key] = value end
  for key, value in pairs(changes) do copy[key] = value end
  return copy
end

-- The inside of each kind of item ----------------------------------------------------------------

local function summary(writer, item, index)
  local text = item.summary[1].text
  local place = { item_id = item.id, output_index = index, summary_index = 0 }
  writer:send_at(place, "response.reasoning_summary_part.added",
    { part = { type = "summary_text", text = "" } })
  for _, piece in ipairs(words.pieces(text)) do
    writer:send_at(place, "response.reasoning_summary_text.delta", { delta = piece })
  end
  writer:send_at(place, "response.reasoning_summary_text.done", { text = text })
  writer:send_at(place, "response.reasoning_summary_part.done",
    { part = { type = "summary_text", text = text } })
end

--- Thinking shown raw, by the models that show it.
local function raw_thinking(writer, item, index)
  local text = item.content[1].text
  local place = { item_id = item.id, output_index = index, content_index = 0 }
  writer:send_at(place, "response.content_part.added",
    { part = { type = "reasoning_text", text = "" } })
  for _, piece in ipairs(words.pieces(text)) do
    writer:send_at(place, "response.reasoning_text.delta", { delta = piece })
  end
  writer:send_at(place, "response.reasoning_text.done", { text = text })
end

local INSIDE = {}

function INSIDE.reasoning(writer, item, index)
  if item.content then return raw_thinking(writer, item, index) end
  return summary(writer, item, index)
end

local function refusal(writer, part, place)
  writer:send_at(place, "response.content_part.added", { part = copy_with(part, { refusal = "" }) })
  for _, piece in ipairs(words.pieces(part.refusal)) do
    writer:send_at(place, "response.refusal.delta", { delta = piece })
  end
  writer:send_at(place, "response.refusal.done", { refusal = part.refusal })
  writer:send_at(place, "response.content_part.done", { part = part })
end

function INSIDE.message(writer, item, index)
  local part, none = item.content[1], json.array()
  local place = { item_id = item.id, output_index = index, content_index = 0 }
  if part.type == "refusal" then return refusal(writer, part, place) end
  writer:send_at(place, "response.content_part.added", { part = copy_with(part, { text = "", annotations = none }) })
  for _, piece in ipairs(words.pieces(part.text)) do
    writer:send_at(place, "response.output_text.delta", { delta = piece, logprobs = none })
  end
  for i, annotation in ipairs(part.annotations) do
    writer:send_at(place, "response.output_text.annotation.added",
      { annotation_index = i - 1, annotation = annotation })
  end
  writer:send_at(place, "response.output_text.done", { text = part.text, logprobs = none })
  writer:send_at(place, "response.content_part.done", { part = part })
end

function INSIDE.function_call(writer, item, index)
  local place = { item_id = item.id, output_index = index }
  writer:send_at(place, "response.function_call_arguments.delta", { delta = item.arguments })
  writer:send_at(place, "response.function_call_arguments.done", { arguments = item.arguments })
end

function INSIDE.web_search_call(writer, item, index)
  for _, state in ipairs { "in_progress", "searching", "completed" } do
    writer:send("response.web_search_call." .. state, { item_id = item.id, output_index = index })
  end
end

--- The item as it is announced, with nothing in it yet.
local EMPTY = {
  reasoning = function(item)
    local bare = copy_with(item, { status = "in_progress", summary = json.array() })
    bare.content, bare.encrypted_content = nil, nil
    return bare
  end,
  message = function(item) return copy_with(item, { status = "in_progress", content = json.array() }) end,
  function_call = function(item) return copy_with(item, { status = "in_progress", arguments = "" }) end,
  web_search_call = function(item)
    local action = { type = "search", query = "", sources = json.array() }
    return copy_with(item, { status = "in_progress", action = action })
  end,
}

-- The whole ----------------------------------------------------------------------------------------

local function unfinished(response)
  return copy_with(response, {
    status = "in_progress", completed_at = json.null, output = json.array(), usage = json.null,
    incomplete_details = json.null,
  })
end

--- The answer that streams `response`; its last event carries the whole of it.
function M.answer(response)
  local writer = setmetatable({ events = sse.list() }, Writer)
  writer:send("response.created", { response = unfinished(response) })
  writer:send("response.in_progress", { response = unfinished(response) })
  for i, item in ipairs(response.output) do
    writer:send("response.output_item.added", { output_index = i - 1, item = EMPTY[item.type](item) })
    INSIDE[item.type](writer, item, i - 1)
    writer:send("response.output_item.done", { output_index = i - 1, item = item })
  end
  writer:send("response." .. response.status, { response = response })
  return sse.answer(writer.events)
end

return M
