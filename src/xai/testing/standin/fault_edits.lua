--- fault_edits.lua - faults that change the body, the events or the headers of the answer.
-- Each is a function(serve, arg, request, service); faults.lua says what that means.

local http = require("xai.testing.standin.http")
local json = require("xai.testing.standin.json")
local sse = require("xai.testing.standin.sse")

local M = {}

local function map_events(answer, edit)
  for i, event in ipairs(answer.events or {}) do event.bytes = edit(event.bytes, i) end
  return answer
end

--- The JSON body stops in the middle, with the length to match.
M["half-json"] = function(serve)
  local answer = serve()
  if answer.body then answer.body = answer.body:sub(1, math.floor(#answer.body / 2)) end
  return answer
end

--- The right body under the wrong content type.
M["wrong-type"] = function(serve)
  local answer = serve()
  for _, header in ipairs(answer.headers) do
    if header[1] == "Content-Type" then header[2] = "text/plain" end
  end
  return answer
end

local PIECE = ("sound "):rep(2730) -- 16 KB
local AT_ONCE = 4 * 1024 * 1024

--- bytes,BYTES[,TYPE]: a success is so many bytes, of that type (audio/mpeg), percent-encoded.
M["bytes"] = function(serve, arg)
  local answer = serve()
  local size, kind = arg:match("^(%d+),?(.*)$")
  size = tonumber(size)
  if answer.status ~= 200 then return answer end
  answer.headers = { { "Content-Type", kind ~= "" and http.percent_decode(kind) or "audio/mpeg" } }
  answer.events, answer.body = nil, nil
  if size <= AT_ONCE then
    answer.body = PIECE:rep(math.ceil(size / #PIECE)):sub(1, size)
    return answer
  end
  answer.framing, answer.length = "length", size
  answer.steps = { { "head", answer } }
  for at = 0, size - 1, #PIECE do
    answer.steps[#answer.steps + 1] = { "data", answer, PIECE:sub(1, math.min(#PIECE, size - at)) }
  end
  answer.steps[#answer.steps + 1] = { "end", answer }
  return answer
end

-- 24 bytes that begin as those of a PNG file do, and 24 others.
local PNG_BEGIN, PNG_MORE = "iVBORw0KGgoAAAANSUhEUgAAAGAA", "AAEAAQABAAEAAQABAAEAAQABAAEA"

--- picture,BYTES: each picture has about so many bytes.
M["picture"] = function(serve, size)
  local answer = serve()
  local more = PNG_MORE:rep(math.max(math.floor(tonumber(size) / 21) - 1, 0))
  if answer.body then
    local member = '"b64_json":"' .. PNG_BEGIN .. more .. '"'
    answer.body = answer.body:gsub('"b64_json":"[^"]*"', function() return member end)
  end
  return answer
end

--- Base64 with an escape in each slash, as PHP writes it, and with members in another order.
M["odd-pictures"] = function(serve)
  local answer = serve()
  if answer.body then
    answer.body = answer.body:gsub('("b64_json":)("[^"]*")([^}]*)}', function(name, text, rest)
      return name .. text:gsub("/", "\\/") .. rest .. ',"revised_prompt":"a \\"cat\\": {[ \\\\"}'
    end)
  end
  return answer
end

--- Each picture is held back by moderation.
M["withheld"] = function(serve)
  local answer = serve()
  if answer.body then
    answer.body = answer.body:gsub('"b64_json":"[^"]*"', '"respect_moderation":false')
      :gsub('"url":"[^"]*"', '"url":"","respect_moderation":false')
  end
  return answer
end

--- A plain JSON answer although a stream was asked for.
M["ignore-stream"] = function(serve, _, request)
  request.ignore_stream = true
  return serve()
end

--- slow-words,MS: another pace for this answer.
M["slow-words"] = function(serve, arg)
  local answer = serve()
  answer.pace = tonumber(arg) or 200
  return answer
end

M["crlf"] = function(serve)
  return map_events(serve(), function(bytes) return (bytes:gsub("\n", "\r\n")) end)
end

M["cr"] = function(serve)
  return map_events(serve(), function(bytes) return (bytes:gsub("\n", "\r")) end)
end

--- A byte order mark before the first event.
M["bom"] = function(serve)
  return map_events(serve(), function(bytes, i) return i == 1 and "\239\187\191" .. bytes or bytes end)
end

--- Comment lines between the events and inside of them.
M["comments"] = function(serve)
  return map_events(serve(), function(bytes) return ": keep-alive\n\n: ping\n" .. bytes end)
end

--- The stream ends properly, but the last event (the end marker) is missing.
M["no-done"] = function(serve)
  local answer = serve()
  if answer.events then table.remove(answer.events) end
  return answer
end

--- The last event ends its line, but the blank line is missing.
M["last-event-no-blank-line"] = function(serve)
  local answer = serve()
  return map_events(answer, function(bytes, i) return i == #answer.events and bytes:sub(1, -2) or bytes end)
end

--- The last event does not even end its line.
M["last-event-no-newline"] = function(serve)
  local answer = serve()
  return map_events(answer, function(bytes, i) return i == #answer.events and bytes:sub(1, -3) or bytes end)
end

--- Events without `event:` lines, and a [DONE] at the end, as relays send them.
M["data-only"] = function(serve)
  local answer = map_events(serve(), function(bytes) return (bytes:gsub("^event: [^\n]*\n", "")) end)
  if answer.events and not answer.events[#answer.events].bytes:find("[DONE]", 1, true) then
    answer.events[#answer.events + 1] = { bytes = sse.bytes("[DONE]") }
  end
  return answer
end

--- The bodies of errors inside a stream, by shape.
local SHAPES = {
  coded = { code = "The service is currently unavailable", error = "Upstream model stopped responding" },
  bare = { error = "Upstream model stopped responding" },
  openai = { error = { message = "Upstream model stopped responding", type = "server_error" } },
  anthropic = { type = "error", error = {
    type = "overloaded_error", message = "The model is overloaded, try again later.",
  } },
  event = {
    type = "error", code = json.null, message = "Temporarily unavailable: no model answered.", param = json.null,
  },
}

--- The error event that belongs to an endpoint, or one of another shape.
local function error_event(request, shape, sequence)
  local native = request.path:find("/responses", 1, true) and "event"
    or request.path:find("/message", 1, true) and "anthropic"
    or request.path:find("/complete$") and "anthropic" or "coded"
  local value = {}
  for key, field in pairs(SHAPES[shape] or SHAPES[native]) do value[key] = field end
  if value.type and not value.error then value.sequence_number = sequence end
  return { bytes = sse.bytes(json.encode(value), value.type) }
end

local function end_with_error(serve, shape, request, keep)
  local answer = serve()
  if not answer.events then return answer end
  local kept = keep(#answer.events)
  while #answer.events > kept do table.remove(answer.events) end
  answer.events[kept + 1] = error_event(request, shape, kept)
  return answer
end

--- error-midway[,SHAPE]: after half of the events an error, then the end.
-- SHAPE is coded, bare, openai, anthropic or event; left out, the endpoint's own.
M["error-midway"] = function(serve, arg, request)
  return end_with_error(serve, arg, request, function(n) return math.floor(n / 2) end)
end

--- error-first[,SHAPE]: under status 200 the only event is an error.
M["error-first"] = function(serve, arg, request)
  return end_with_error(serve, arg, request, function() return 0 end)
end

--- Close the connection after the answer, and say so.
M["close"] = function(serve)
  local answer = serve()
  answer.last = true
  return answer
end

--- The body ends with the connection: no length, no chunks.
M["until-close"] = function(serve)
  local answer = serve()
  answer.framing = "close"
  return answer
end

return M
