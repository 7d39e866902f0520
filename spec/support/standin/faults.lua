--- faults.lua - how to misbehave, by name.
--
-- A request chooses faults by the header `x-fault: NAME[,ARG][;NAME[,ARG]...]` or by a path
-- in front of the route: /fault/NAME[,ARG]/v1/... (several in a row; ARG percent-encoded).
-- Of several, the first is nearest to the service, so edits of events come before cuts:
-- `crlf;split,3`.
--
-- A fault is a function(serve, arg, request, service): `serve()` gives the answer so far,
-- and what the function returns is answered in its place.

local errors = require("standin.errors")
local http = require("standin.http")
local json = require("standin.json")
local sse = require("standin.sse")

local FAULTS = {}

local M = { names = FAULTS }

local function map_events(answer, edit)
  for i, event in ipairs(answer.events or {}) do event.bytes = edit(event.bytes, i) end
  return answer
end

local function json_body(text)
  return { status = 200, headers = { { "Content-Type", "application/json" } }, body = text }
end

-- Answers in place of the service's ------------------------------------------------------

--- status,CODE[,RETRY_AFTER]: the usual error of that status.
FAULTS["status"] = function(_, arg)
  local code, retry_after = arg:match("^(%d%d%d),?(.*)$")
  local answer = errors.of_status(tonumber(code or 500))
  if retry_after and retry_after ~= "" then answer.headers[#answer.headers + 1] = { "Retry-After", retry_after } end
  return answer
end

--- {"code","error"} under status 200, for streams too.
FAULTS["soft-error"] = function() return errors.soft() end

--- An error with the older kind of code.
FAULTS["old-style-code"] = function() return errors.old_style() end

--- {"error":{"message",...}}
FAULTS["openai-error"] = function()
  return errors.json(429, { error = {
    message = "Too many requests, slow down.", type = "rate_limit_error", param = json.null, code = "rate_limit_exceeded",
  } })
end

--- {"type":"error","error":{...}}
FAULTS["anthropic-error"] = function()
  return errors.json(400, { type = "error", error = {
    type = "invalid_request_error", message = "max_tokens is required.",
  } })
end

FAULTS["html-502"] = function() return errors.html(502, "Bad Gateway") end
FAULTS["html-200"] = function() return errors.html(200, "Welcome to the hotel's network") end
FAULTS["empty-200"] = function() return json_body("") end
FAULTS["null-body"] = function() return json_body("null") end
FAULTS["string-body"] = function() return json_body('"a string, not an object"') end

--- Right JSON, wrong types inside.
FAULTS["wrong-shape"] = function()
  return json_body('{"id":7,"object":[],"choices":"none","output":1,"content":{},"data":true,"usage":"much"}')
end

--- 307 to another address; redirect,URL.
FAULTS["redirect"] = function(_, arg)
  return { status = 307, headers = { { "Location", arg } }, body = "" }
end

--- An error whose text holds the key that was sent.
FAULTS["echo-key"] = function(_, _, request)
  local key = request.headers.authorization or request.headers["x-api-key"] or "(none)"
  return errors.argument("Incorrect API key provided: " .. key)
end

--- flaky,N: 503 N times, then the real answer once; counted by x-client-request-id, or by path.
FAULTS["flaky"] = function(serve, arg, request, service)
  local id = request.headers["x-client-request-id"] or request.path
  local failed = service.failures[id] or 0
  if failed >= (tonumber(arg) or 1) then
    service.failures[id] = nil
    return serve()
  end
  service.failures[id] = failed + 1
  return errors.unavailable()
end

local CONTENT_TYPES = {
  sse = "text/event-stream", json = "application/json", txt = "text/plain; charset=utf-8", html = "text/html",
}

--- The bytes of a recorded stream, event by event.
local function split_events(bytes)
  local events, stop = {}, 1
  for event, after in bytes:gmatch("(.-\n\n)()") do
    events[#events + 1], stop = { bytes = event, slow = true }, after
  end
  if stop <= #bytes then events[#events + 1] = { bytes = bytes:sub(stop), slow = true } end
  return events
end

local function read_fixture(service, name)
  if not service.fixtures or not name:find("^[%w_.-]+$") or name:find("^%.") then return nil end
  local file = io.open(service.fixtures .. "/" .. name, "rb")
  if not file then return nil end
  local bytes = file:read("*a")
  file:close()
  return bytes
end

--- fixture,FILENAME: a file of spec/fixtures byte for byte.
FAULTS["fixture"] = function(_, name, _, service)
  local bytes = read_fixture(service, name)
  if not bytes then return errors.coded(404, "not-found", "There is no fixture " .. name) end
  local ending = name:match("%.(%w+)$")
  if ending == "http" then return { status = 200, headers = {}, steps = { { "write", bytes }, { "close" } } } end
  local answer = {
    status = tonumber(name:match("^error%.(%d%d%d)") or 200),
    headers = { { "Content-Type", CONTENT_TYPES[ending] or "application/octet-stream" } },
  }
  if ending == "sse" then answer.events = split_events(bytes) else answer.body = bytes end
  answer.pace = service.options.pace
  return answer
end

-- Edits of the service's answer ------------------------------------------------------------

--- The JSON body stops in the middle, with the length to match.
FAULTS["half-json"] = function(serve)
  local answer = serve()
  if answer.body then answer.body = answer.body:sub(1, math.floor(#answer.body / 2)) end
  return answer
end

--- The right body under the wrong content type.
FAULTS["wrong-type"] = function(serve)
  local answer = serve()
  for _, header in ipairs(answer.headers) do
    if header[1] == "Content-Type" then header[2] = "text/plain" end
  end
  return answer
end

--- A plain JSON answer although a stream was asked for.
FAULTS["ignore-stream"] = function(serve, _, request)
  request.ignore_stream = true
  return serve()
end

--- slow-words,MS: another pace for this answer.
FAULTS["slow-words"] = function(serve, arg)
  local answer = serve()
  answer.pace = tonumber(arg) or 200
  return answer
end

FAULTS["crlf"] = function(serve)
  return map_events(serve(), function(bytes) return (bytes:gsub("\n", "\r\n")) end)
end

FAULTS["cr"] = function(serve)
  return map_events(serve(), function(bytes) return (bytes:gsub("\n", "\r")) end)
end

--- A byte order mark before the first event.
FAULTS["bom"] = function(serve)
  return map_events(serve(), function(bytes, i) return i == 1 and "\239\187\191" .. bytes or bytes end)
end

--- Comment lines between the events and inside of them.
FAULTS["comments"] = function(serve)
  return map_events(serve(), function(bytes) return ": keep-alive\n\n: ping\n" .. bytes end)
end

--- The stream ends properly, but the last event (the end marker) is missing.
FAULTS["no-done"] = function(serve)
  local answer = serve()
  if answer.events then table.remove(answer.events) end
  return answer
end

--- The last event ends its line, but the blank line is missing.
FAULTS["last-event-no-blank-line"] = function(serve)
  local answer = serve()
  return map_events(answer, function(bytes, i) return i == #answer.events and bytes:sub(1, -2) or bytes end)
end

--- The last event does not even end its line.
FAULTS["last-event-no-newline"] = function(serve)
  local answer = serve()
  return map_events(answer, function(bytes, i) return i == #answer.events and bytes:sub(1, -3) or bytes end)
end

--- Events without `event:` lines, and a [DONE] at the end, as relays send them.
FAULTS["data-only"] = function(serve)
  local answer = map_events(serve(), function(bytes) return (bytes:gsub("^event: [^\n]*\n", "")) end)
  if answer.events and not answer.events[#answer.events].bytes:find("[DONE]", 1, true) then
    answer.events[#answer.events + 1] = { bytes = sse.bytes("[DONE]") }
  end
  return answer
end

local SHAPES = {
  coded = { code = "The service is currently unavailable", error = "Upstream model stopped responding" },
  bare = { error = "Upstream model stopped responding" },
  openai = { error = { message = "Upstream model stopped responding", type = "server_error" } },
  anthropic = { type = "error", error = { type = "overloaded_error", message = "The model is overloaded, try again later." } },
  event = { type = "error", code = json.null, message = "Temporarily unavailable: no model answered.", param = json.null },
}

--- The error event that belongs to an endpoint, or one of another shape.
local function error_event(request, shape, sequence)
  local native = request.path:find("/responses", 1, true) and "event"
    or request.path:find("/message", 1, true) and "anthropic"
    or request.path:find("/complete$") and "anthropic" or "coded"
  shape = SHAPES[shape] and shape or native
  if shape == "event" then SHAPES.event.sequence_number = sequence end
  return { bytes = sse.bytes(json.encode(SHAPES[shape]), SHAPES[shape].type) }
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
FAULTS["error-midway"] = function(serve, arg, request)
  return end_with_error(serve, arg, request, function(n) return math.floor(n / 2) end)
end

--- error-first[,SHAPE]: under status 200 the only event is an error.
FAULTS["error-first"] = function(serve, arg, request)
  return end_with_error(serve, arg, request, function() return 0 end)
end

--- big-event,BYTES: before the last event one of an unknown type with that much data.
FAULTS["big-event"] = function(serve, arg)
  local answer = serve()
  if not answer.events then return answer end
  local filler = ("x"):rep(tonumber(arg) or 1048576)
  local bytes = sse.bytes(json.encode { type = "filler", choices = json.array(), filler = filler })
  table.insert(answer.events, #answer.events, { bytes = bytes })
  return answer
end

--- Close the connection after the answer, and say so.
FAULTS["close"] = function(serve)
  local answer = serve()
  answer.last = true
  return answer
end

--- The body ends with the connection: no length, no chunks.
FAULTS["until-close"] = function(serve)
  local answer = serve()
  answer.framing = "close"
  return answer
end

-- Cuts: scripts in place of the whole ------------------------------------------------------

local function append(steps, more)
  for _, step in ipairs(more) do steps[#steps + 1] = step end
  return steps
end

--- The head and the first part of the body: `count` events (half of them when nil), or half
-- of the bytes of a plain body.
local function beginning(answer, count)
  local steps = { { "write", http.head(answer) } }
  if answer.body then
    return append(steps, { { "write", http.frame(answer, answer.body:sub(1, math.floor(#answer.body / 2))) } })
  end
  local body = {}
  for i = 1, tonumber(count) or math.floor(#answer.events / 2) do body[i] = answer.events[i] end
  return append(steps, http.body_steps { events = body, framing = answer.framing, pace = answer.pace })
end

--- A fault that plays the beginning of the answer and then these steps.
local function cut(make_steps)
  return function(serve, arg)
    local answer = serve()
    if answer.steps then return answer end
    answer.steps = append(beginning(answer, arg), make_steps(answer))
    return answer
  end
end

--- A wait, so that the client has read what was written before the connection breaks.
local BREATH = { "wait", 20 }

local reset_after = cut(function() return { BREATH, { "reset" } } end)
FAULTS["reset-in-body"] = reset_after
--- reset-in-stream[,EVENTS]
FAULTS["reset-in-stream"] = reset_after

--- cut-stream[,EVENTS]: the chunks end properly, the stream does not.
FAULTS["cut-stream"] = cut(function(answer) return { { "write", http.tail(answer) } } end)

--- truncated-chunked[,EVENTS]: the connection closes where a chunk should follow.
FAULTS["truncated-chunked"] = function(serve, arg)
  local answer = serve()
  answer.framing = "chunked"
  return cut(function() return { { "close" } } end)(function() return answer end, arg)
end

--- short-length: fewer bytes than Content-Length promised, then a clean close.
FAULTS["short-length"] = function(serve, arg)
  local answer = serve()
  answer.framing = "length"
  return cut(function() return { { "close" } } end)(function() return answer end, arg)
end

--- stall-in-stream[,EVENTS]: no byte more, the connection stays open.
FAULTS["stall-in-stream"] = cut(function() return { { "stall" } } end)

--- endless[,EVENTS]: after these events the last of them again and again.
FAULTS["endless"] = function(serve, arg)
  local answer = serve()
  if not answer.events then return answer end
  local steps = beginning(answer, arg)
  if answer.pace > 0 then table.insert(steps, #steps, { "wait", answer.pace }) end
  steps[#steps + 1] = { "again", answer.pace > 0 and #steps - 1 or #steps }
  answer.steps = steps
  return answer
end

local function only_steps(steps)
  return function() return { status = 200, headers = {}, steps = steps } end
end

FAULTS["reset-before-head"] = only_steps { { "reset" } }
FAULTS["close-before-head"] = only_steps { { "close" } }
FAULTS["stall-before-head"] = only_steps { { "stall" } }
--- Bytes that are not HTTP.
FAULTS["garbage"] = only_steps { { "write", "\0\1\2 this is not HTTP\r\n\r\n" }, { "close" } }
--- The head stops in the middle of a header.
FAULTS["half-head"] = only_steps { { "write", "HTTP/1.1 200 OK\r\nContent-Type: applica" }, { "close" } }

--- late-head,MS: the whole answer after a silence.
FAULTS["late-head"] = function(serve, arg)
  local answer = serve()
  answer.steps = append({ { "wait", tonumber(arg) or 1000 } }, http.steps(answer))
  return answer
end

--- Every write of a script in pieces of `size` bytes, `ms` apart.
local function in_pieces(steps, size, ms)
  local cut_steps = {}
  for _, step in ipairs(steps) do
    if step[1] ~= "write" then cut_steps[#cut_steps + 1] = step end
    for i = 1, step[1] == "write" and #step[2] or 0, size do
      cut_steps[#cut_steps + 1] = { "write", step[2]:sub(i, i + size - 1) }
      if ms > 0 then cut_steps[#cut_steps + 1] = { "wait", ms } end
    end
  end
  return cut_steps
end

--- split,N[,MS]: everything in writes of N bytes.
FAULTS["split"] = function(serve, arg)
  local answer = serve()
  local size, ms = arg:match("^(%d+),?(%d*)$")
  answer.steps = in_pieces(http.steps(answer), math.max(tonumber(size or 1), 1), tonumber(ms) or 0)
  return answer
end

--- drip[,MS]: everything one byte at a time.
FAULTS["drip"] = function(serve, arg)
  return FAULTS["split"](serve, "1," .. arg)
end

-- Choosing -------------------------------------------------------------------------------

local function percent_decode(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- The faults that a request chooses, those of the path first; the path loses its prefix.
function M.take(request)
  local chosen = {}
  local function choose(text)
    local name, arg = text:match("^%s*([^,]*),?(.-)%s*$")
    if name ~= "" then chosen[#chosen + 1] = { name = name, arg = arg } end
  end
  while request.path:find("^/fault/[^/]+/") do
    local text, rest = request.path:match("^/fault/([^/]+)(/.*)$")
    choose(percent_decode(text))
    request.path = rest
  end
  for text in (request.headers["x-fault"] or ""):gmatch("[^;]+") do choose(text) end
  return chosen
end

local function nested(serve, fault, request, service)
  local behave = FAULTS[fault.name]
  return function()
    if not behave then return errors.coded(400, "invalid-argument", "There is no fault " .. fault.name) end
    return behave(serve, fault.arg, request, service)
  end
end

--- The answer to a request with the chosen faults around the service.
function M.apply(chosen, request, service)
  local serve = function() return service:serve(request) end
  for _, fault in ipairs(chosen) do serve = nested(serve, fault, request, service) end
  return serve()
end

return M
