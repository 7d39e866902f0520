--- streamed.lua - whole answers as the events of a stream that would have given them.

local array = require("xai").array
local pairs, ipairs = pairs, ipairs

local M = {}

--- A text in pieces of some characters.
local function pieces(text)
  local list, at = {}, 1
  while at <= #text do
    local stop = at + 4
    while stop < #text and text:byte(stop + 1) >= 0x80 and text:byte(stop + 1) < 0xC0 do stop = stop + 1 end
    list[#list + 1] = text:sub(at, stop)
    at = stop + 1
  end
  return list
end

local function without(value, ...)
  local copy = {}
  for key, item in pairs(value) do copy[key] = item end
  for _, key in ipairs { ... } do copy[key] = nil end
  return copy
end

function M.chat(result)
  local events = {}
  local function add(choice)
    events[#events + 1] = { id = result.id, object = "chat.completion.chunk", created = result.created,
      model = result.model, choices = { choice } }
  end
  for i, choice in ipairs(result.choices) do
    local index, message = choice.index or i - 1, choice.message
    add { index = index, delta = { role = "assistant" } }
    for _, key in ipairs { "reasoning_content", "content" } do
      for _, piece in ipairs(pieces(message[key] or "")) do add { index = index, delta = { [key] = piece } } end
    end
    for n, call in ipairs(message.tool_calls or {}) do
      local head = { index = n - 1, id = call.id, type = call.type,
        ["function"] = { name = call["function"].name, arguments = "" } }
      add { index = index, delta = { tool_calls = { head } } }
      for _, piece in ipairs(pieces(call["function"].arguments)) do
        add { index = index, delta = { tool_calls = { { index = n - 1, ["function"] = { arguments = piece } } } } }
      end
    end
    add { index = index, delta = without(message, "role", "content", "reasoning_content", "tool_calls"),
      finish_reason = choice.finish_reason, logprobs = choice.logprobs }
  end
  events[#events + 1] = without(result, "choices", "object")
  events[#events].choices = array {}
  events[#events + 1] = "[DONE]"
  return events
end

function M.complete(result)
  local events = {}
  for i, choice in ipairs(result.choices) do
    for _, piece in ipairs(pieces(choice.text)) do
      events[#events + 1] = { id = result.id, created = result.created, model = result.model,
        choices = { { index = choice.index or i - 1, text = piece } } }
    end
    events[#events + 1] = { choices = { { index = choice.index or i - 1, text = "",
      finish_reason = choice.finish_reason } } }
  end
  events[#events + 1] = without(result, "choices")
  events[#events].choices = array {}
  events[#events + 1] = "[DONE]"
  return events
end

function M.complete_legacy(result)
  local events = {}
  for _, piece in ipairs(pieces(result.completion)) do
    events[#events + 1] = { type = "completion", id = result.id, completion = piece, model = result.model }
  end
  events[#events + 1] = { type = "completion", id = result.id, completion = "", stop_reason = result.stop_reason,
    model = result.model }
  return events
end

local function add_content(add, index, content, kind)
  for n, part in ipairs(content) do
    local function part_event(name, fields)
      fields.type, fields.output_index, fields.content_index = name, index, n - 1
      add(fields)
    end
    local empty = without(part, "annotations")
    empty.text = ""
    part_event("response.content_part.added", { part = empty })
    for _, piece in ipairs(pieces(part.text)) do part_event(kind .. ".delta", { delta = piece }) end
    for i, annotation in ipairs(part.annotations or {}) do
      part_event("response.output_text.annotation.added", { annotation = annotation, annotation_index = i - 1 })
    end
    part_event(kind .. ".done", { text = part.text })
    part_event("response.content_part.done", { part = part })
  end
end

local function add_summary(add, index, summary)
  for n, part in ipairs(summary) do
    for _, piece in ipairs(pieces(part.text)) do
      add { type = "response.reasoning_summary_text.delta", output_index = index, summary_index = n - 1, delta = piece }
    end
    add { type = "response.reasoning_summary_text.done", output_index = index, summary_index = n - 1,
      text = part.text }
  end
end

local ENDS = { completed = "response.completed", incomplete = "response.incomplete" }

--- `is_bare`: the last event does not repeat the items.
function M.respond(result, is_bare)
  local events = {}
  local function add(event)
    event.sequence_number = #events
    events[#events + 1] = event
  end
  local first = without(result, "usage", "completed_at", "incomplete_details")
  first.status, first.output = "in_progress", array {}
  add { type = "response.created", response = first }
  for i, item in ipairs(result.output) do
    local added = without(item, "encrypted_content", "result")
    added.status = "in_progress"
    if item.type == "message" then
      added.content = array {}
      add { type = "response.output_item.added", output_index = i - 1, item = added }
      add_content(add, i - 1, item.content, "response.output_text")
    elseif item.type == "reasoning" then
      added.summary, added.content = array {}, nil
      add { type = "response.output_item.added", output_index = i - 1, item = added }
      add_summary(add, i - 1, item.summary)
      add_content(add, i - 1, item.content or {}, "response.reasoning_text")
    elseif item.type == "function_call" then
      added.arguments = ""
      add { type = "response.output_item.added", output_index = i - 1, item = added }
      for _, piece in ipairs(pieces(item.arguments)) do
        add { type = "response.function_call_arguments.delta", output_index = i - 1, item_id = item.id, delta = piece }
      end
      add { type = "response.function_call_arguments.done", output_index = i - 1, item_id = item.id,
        arguments = item.arguments }
    else
      add { type = "response.output_item.added", output_index = i - 1, item = added }
    end
    add { type = "response.output_item.done", output_index = i - 1, item = item }
  end
  local last = without(result)
  if is_bare then last.output = array {} end
  add { type = assert(ENDS[result.status]), response = last }
  return events
end

function M.message(result, _, encode)
  local start = without(result, "content", "stop_reason", "usage")
  start.content, start.usage = array {}, without(result.usage)
  start.usage.output_tokens = 0
  local events = { { type = "message_start", message = start } }
  local function delta(index, fields)
    events[#events + 1] = { type = "content_block_delta", index = index - 1, delta = fields }
  end
  for i, block in ipairs(result.content) do
    local empty = without(block, "text", "thinking", "signature", "citations", "input")
    if block.type == "text" then empty.text = "" end
    if block.type == "thinking" then empty.thinking = "" end
    if block.type == "tool_use" then empty.input = {} end
    events[#events + 1] = { type = "content_block_start", index = i - 1, content_block = empty }
    for _, piece in ipairs(pieces(block.text or "")) do delta(i, { type = "text_delta", text = piece }) end
    for _, piece in ipairs(pieces(block.thinking or "")) do delta(i, { type = "thinking_delta", thinking = piece }) end
    for _, citation in ipairs(block.citations or {}) do delta(i, { type = "citations_delta", citation = citation }) end
    if block.signature then delta(i, { type = "signature_delta", signature = block.signature }) end
    for _, piece in ipairs(block.type == "tool_use" and pieces(encode(block.input)) or {}) do
      delta(i, { type = "input_json_delta", partial_json = piece })
    end
    events[#events + 1] = { type = "content_block_stop", index = i - 1 }
  end
  events[#events + 1] = { type = "message_delta", delta = { stop_reason = result.stop_reason },
    usage = { output_tokens = result.usage.output_tokens } }
  events[#events + 1] = { type = "message_stop" }
  return events
end

--- The events as bytes.  `name` is the function of the client.
function M.bytes(encode, name, result, is_bare)
  local bytes = {}
  for i, event in ipairs(M[name](result, is_bare, encode)) do
    bytes[i] = "data: " .. (type(event) == "string" and event or encode(event)) .. "\n\n"
  end
  return table.concat(bytes)
end

return M
