--- fault_bombs.lua - faults that have no end, or no measure.
-- Each is a function(serve, arg, request, service); faults.lua says what that means, and
-- script.lua what the steps are.

local gzip = require("xai.testing.standin.gzip")
local json = require("xai.testing.standin.json")
local sse = require("xai.testing.standin.sse")

local M = {}

local PIECE = ("x"):rep(16384)

--- Does the service answer with a stream?  Then what has no end is a line of it.
local function opening(answer)
  return answer.events and "data: " or '{"filler":"'
end

--- The answer with another body, whose last step is repeated for ever.
local function for_ever(answer, steps)
  if answer.steps then return answer end
  answer.framing = answer.events and "chunked" or "close"
  answer.steps = steps
  steps[#steps + 1] = { "again", #steps }
  return answer
end

--- One line of a stream, or one string in a plain answer, without end.
M["endless-line"] = function(serve)
  local answer = serve()
  return for_ever(answer, { { "head", answer }, { "data", answer, opening(answer) }, { "data", answer, PIECE } })
end

--- Comments without end, and never an event; in a plain answer, blanks.
M["endless-comments"] = function(serve)
  local answer = serve()
  local piece = answer.events and (": still there\n"):rep(1000) or (" "):rep(16384)
  return for_ever(answer, { { "head", answer }, { "data", answer, piece } })
end

--- A few kilobytes that become gigabytes of blanks when they are unpacked.
M["gzip-bomb"] = function(serve)
  local answer = serve()
  local first, more = gzip.endless_spaces()
  if answer.headers then answer.headers[#answer.headers + 1] = { "Content-Encoding", "gzip" } end
  return for_ever(answer, {
    { "head", answer }, { "data", answer, gzip.begin(opening(answer)) .. first }, { "data", answer, more },
  })
end

--- One header without end.
M["endless-header"] = function(serve)
  local answer = serve()
  return for_ever(answer, { { "half-head", answer }, { "more-line", PIECE } })
end

--- Headers without end.
M["endless-headers"] = function(serve)
  local answer = serve()
  return for_ever(answer, { { "open-head", answer }, { "more-head", "x-more", ("x"):rep(500) } })
end

--- "Wait" again and again, and never an answer.
M["endless-1xx"] = function(serve)
  return for_ever(serve(), { { "interim", 103, 200 } })
end

--- The body is whole; headers follow it without end.
M["endless-trailers"] = function(serve)
  local answer = serve()
  local steps = { { "head", answer } }
  if answer.body then steps[2] = { "data", answer, answer.body } end
  for i, event in ipairs(answer.events or {}) do steps[i + 1] = { "data", answer, event.bytes } end
  steps[#steps + 1] = { "open-trailers", answer }
  steps[#steps + 1] = { "more-head", "x-more", ("x"):rep(500) }
  answer = for_ever(answer, steps)
  answer.framing = "chunked"
  return answer
end

--- big-event,BYTES: before the last event one of an unknown type with that much data.
M["big-event"] = function(serve, arg)
  local answer = serve()
  if not answer.events then return answer end
  local filler = ("x"):rep(tonumber(arg) or 1048576)
  local bytes = sse.bytes(json.encode { type = "filler", choices = json.array(), filler = filler })
  table.insert(answer.events, #answer.events, { bytes = bytes })
  return answer
end

--- deep[,N]: N arrays within each other, as the answer or as the first event.
M["deep"] = function(serve, arg)
  local answer = serve()
  local depth = tonumber(arg) or 100000
  local text = '{"choices":' .. ("["):rep(depth) .. ("]"):rep(depth) .. "}"
  if answer.events then table.insert(answer.events, 1, { bytes = sse.bytes(text) }) else answer.body = text end
  return answer
end

return M
