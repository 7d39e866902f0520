-- reading.lua - what the API's documents say an answer means, written a second
-- time and as plainly as possible: what the library makes of it must agree.

local cjson = require "cjson"

local reading = {}

local function is_text(value)
  return type(value) == "string" and value or nil
end

-- ---- Error answers -----------------------------------------------------------

local KINDS = {
  [401] = "authentication", [403] = "permission", [404] = "not_found", [413] = "too_large",
  [422] = "unprocessable", [429] = "rate_limit",
}

local function kind_of(status, text)
  local quota = text:find "credits" or text:find "spending" or text:find "monthly"
  if (status == 403 or status == 429) and quota then return "quota" end
  if status == 400 and text:find "Incorrect API key" then return "authentication" end
  return KINDS[status] or (status >= 500 and "server" or "bad_request")
end

--- What an error body says: text, code, type.  `body` is decoded, or a text, or nil.
local function complaint(body)
  if type(body) ~= "table" then
    return body and (body:match "<title>(.-)</title>" or body) or "", nil, nil
  end
  local inner = type(body.error) == "table" and body.error or body
  local text = is_text(body.error) or is_text(inner.message)
  return text, is_text(inner.code), is_text(inner.type)
end

--- kind, text, code, type that an answer of a status from 400 must give.
function reading.of_error(status, body)
  local text, code, type = complaint(body)
  return kind_of(status, text), text, code, type
end

-- ---- Streams -------------------------------------------------------------------

--- The data of each complete event, for streams that need no more than that.
local function data_of(stream)
  local list = {}
  stream = stream:gsub("^\239\187\191", ""):gsub("\r\n", "\n")
  for block in stream:gmatch "(.-)\n\n" do
    local lines = {}
    for line in (block .. "\n"):gmatch "(.-)\n" do
      lines[#lines + 1] = line:match "^data: ?(.*)$"
    end
    if #lines > 0 then list[#list + 1] = table.concat(lines, "\n") end
  end
  return list
end

--- How a stream ends with this event: "end", "failure", or nil when it goes on.
local ends = {}

function ends.chat(event)
  if not event.choices and event.error then return "failure" end
end

ends.complete = ends.chat

function ends.respond(event)
  if event.type == "error" or event.type == "response.failed" then return "failure" end
  if event.type == "response.completed" or event.type == "response.incomplete" then return "end" end
end

function ends.message(event)
  if event.type == "error" then return "failure" end
  if event.type == "message_stop" then return "end" end
end

function ends.complete_legacy(event)
  if event.type == "error" then return "failure" end
  if is_text(event.stop_reason) then return "end" end
end

--- The events that a stream hands out, and its end: "end", the event of a
-- failure, or nil when it breaks off.
function reading.of_stream(name, text)
  local events = {}
  for _, data in ipairs(data_of(text)) do
    if data == "[DONE]" then return events, "end" end
    local event = cjson.decode(data)
    local last = ends[name](event)
    if last == "failure" then return events, event end
    events[#events + 1] = event
    if last then return events, last end
  end
  return events, nil
end

-- ---- Visible text ----------------------------------------------------------------

local texts = {}

local function first_choice(event)
  local choice = event.choices[1]
  return choice and choice.index == 0 and choice or nil
end

function texts.chat(event)
  local choice = first_choice(event)
  return choice and choice.delta.content
end

function texts.complete(event)
  local choice = first_choice(event)
  return choice and choice.text
end

function texts.respond(event)
  return event.type == "response.output_text.delta" and event.delta
end

function texts.message(event)
  return event.type == "content_block_delta" and event.delta.type == "text_delta" and event.delta.text
end

function texts.complete_legacy(event)
  return event.type == "completion" and event.completion
end

--- All that these events let a reader see.
function reading.visible(name, events)
  local parts = {}
  for _, event in ipairs(events) do parts[#parts + 1] = is_text(texts[name](event)) end
  return table.concat(parts)
end

return reading
