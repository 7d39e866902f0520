--- fault_answers.lua - faults that put another answer in the place of the service's.
-- Each is a function(serve, arg, request, service); faults.lua says what that means.

local errors = require("xai.testing.standin.errors")
local http = require("xai.testing.standin.http")
local json = require("xai.testing.standin.json")

local M = {}

local function json_body(text)
  return { status = 200, headers = { { "Content-Type", "application/json" } }, body = text }
end

--- status,CODE[,RETRY_AFTER]: the usual error of that status.
M["status"] = function(_, arg)
  local code, retry_after = arg:match("^(%d%d%d),?(.*)$")
  local answer = errors.of_status(tonumber(code or 500))
  if retry_after and retry_after ~= "" then answer.headers[#answer.headers + 1] = { "Retry-After", retry_after } end
  return answer
end

--- retry-after,TEXT: 503 with this text in Retry-After, percent-encoded, whatever it is.
M["retry-after"] = function(_, text)
  local answer = errors.unavailable()
  answer.headers[#answer.headers + 1] = { "Retry-After", http.percent_decode(text) }
  return answer
end

--- soft-error[,TEXT]: {"code","error"} under status 200, for streams too.
M["soft-error"] = function(_, text)
  if text == "" then return errors.soft() end
  return errors.coded(200, "internal", http.percent_decode(text))
end

--- An error with the older kind of code.
M["old-style-code"] = function() return errors.old_style() end

--- {"error":{"message",...}}
M["openai-error"] = function()
  return errors.json(429, { error = {
    message = "Too many requests, slow down.", type = "rate_limit_error", param = json.null,
    code = "rate_limit_exceeded",
  } })
end

--- {"type":"error","error":{...}}
M["anthropic-error"] = function()
  return errors.json(400, { type = "error", error = {
    type = "invalid_request_error", message = "max_tokens is required.",
  } })
end

M["html-502"] = function() return errors.html(502, "Bad Gateway") end
M["html-200"] = function() return errors.html(200, "Welcome to the hotel's network") end
M["empty-200"] = function() return json_body("") end
M["null-body"] = function() return json_body("null") end
M["empty-object"] = function() return json_body("{}") end
M["null-choices"] = function() return json_body('{"choices":null,"output":null,"content":null,"data":null}') end
M["string-body"] = function() return json_body('"a string, not an object"') end

--- Right JSON, wrong types inside.
M["wrong-shape"] = function()
  return json_body('{"id":7,"object":[],"choices":"none","output":1,"content":{},"data":true,"usage":"much"}')
end

--- To another address, by 307 or by another status: redirect,[CODE,]URL.
M["redirect"] = function(_, arg)
  local code, url = arg:match("^(3%d%d),(.*)$")
  return { status = tonumber(code or 307), headers = { { "Location", url or arg } }, body = "" }
end

--- An error whose text holds the key that was sent.
M["echo-key"] = function(_, _, request)
  local key = request.headers.authorization or request.headers["x-api-key"] or "(none)"
  return errors.argument("Incorrect API key provided: " .. key)
end

--- Is this one of the first `times` requests of its kind?  After the last of them it begins anew.
-- Counted by `id`; where there is none by x-client-request-id, which all attempts of a call share,
-- or else by path.
local function is_early(times, request, service, id)
  id = id or request.headers["x-client-request-id"] or request.path
  local failed = service.failures[id] or 0
  local early = failed < (tonumber(times) or 1)
  service.failures[id] = early and failed + 1 or nil
  return early
end

--- flaky,N: 503 N times, then the real answer once.
M["flaky"] = function(serve, arg, request, service)
  if is_early(arg, request, service) then return errors.unavailable() end
  return serve()
end

--- times,N: what the faults before this one do happens N times, then comes the real answer once.
M["times"] = function(serve, arg, request, service)
  if is_early(arg, request, service) then return serve() end
  return service:serve(request)
end

--- structured,FORM[,N]: an answer that should follow a schema does not; see structured.lua.  With N,
-- N requests of this path are answered so, and then one as it should be.
M["structured"] = function(serve, arg, request, service)
  local form, times = arg:match("^([^,]*),?(%d*)$")
  if times == "" or is_early(times, request, service, "structured " .. request.path) then request.spoiled = form end
  return serve()
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

--- say,BYTES: an event stream of just these bytes, percent-encoded.
M["say"] = function(_, bytes, _, service)
  return {
    status = 200, headers = { { "Content-Type", CONTENT_TYPES.sse } },
    events = split_events(http.percent_decode(bytes)), pace = service.options.pace,
  }
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
M["fixture"] = function(_, name, _, service)
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

return M
