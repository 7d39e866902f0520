--- fault_cuts.lua - faults that end the answer early, or not at all: what happens, and where.
-- Each is a function(serve, arg, request, service); faults.lua says what that means, and
-- script.lua what the steps are.

local http = require("xai.testing.standin.http")

local M = {}

local function append(steps, more)
  for _, step in ipairs(more) do steps[#steps + 1] = step end
  return steps
end

local function only_steps(steps)
  return function() return { status = 200, headers = {}, steps = steps } end
end

-- Where ------------------------------------------------------------------------------------------
-- Each place is a function(answer, count) that gives the steps up to there.

local AT = {}

AT["before-head"] = function() return {} end

AT["in-head"] = function(answer) return { { "half-head", answer } } end

--- Behind the first part of the body: `count` events (half of them when nil), or half of the
-- bytes of a plain body.
AT["in-body"] = function(answer, count)
  local steps = { { "head", answer } }
  if answer.body then
    return append(steps, { { "data", answer, answer.body:sub(1, math.floor(#answer.body / 2)) } })
  end
  local body = {}
  for i = 1, tonumber(count) or math.floor(#answer.events / 2) do body[i] = answer.events[i] end
  return append(steps, http.body_steps { events = body, framing = answer.framing, pace = answer.pace })
end

AT["before-event"] = function(answer)
  if answer.body then return { { "head", answer } } end
  return { { "head", answer }, { "data", answer, ": nothing yet\n\n" } }
end

AT["in-stream"] = AT["in-body"]

-- What -------------------------------------------------------------------------------------------

local ENDS = {
  reset = function() return { { "breath" }, { "reset" } } end,
  close = function() return { { "close" } } end,
  stall = function() return { { "stall" } } end,
  rst = function(code) return { { "breath" }, { "rst", code } } end,
  goaway = function(code) return { { "breath" }, { "goaway", code } } end,
}

--- A fault that plays the answer up to a place and then these steps.
local function cut(place, make_steps, framing)
  return function(serve, arg)
    local answer = serve()
    if answer.steps then return answer end
    answer.framing = framing or answer.framing
    answer.is_cut = true
    answer.steps = append(place(answer, arg), make_steps(answer))
    return answer
  end
end

-- {reset,close,stall}-PLACE, of which -in-body and -in-stream take [,EVENTS]
for _, what in ipairs { "reset", "close", "stall" } do
  for name, place in pairs(AT) do M[what .. "-" .. name] = cut(place, ENDS[what]) end
end

-- {rst,goaway}-PLACE[,CODE[,EVENTS]]: of HTTP/2, with the name of a code (INTERNAL_ERROR); in
-- HTTP/1.1 the connection is reset or closed.
for _, what in ipairs { "rst", "goaway" } do
  for name, place in pairs(AT) do
    if name ~= "in-head" then
      M[what .. "-" .. name] = function(serve, arg)
        local code, count = arg:match("^([^,]*),?(.*)$")
        return cut(place, function() return ENDS[what](code) end)(serve, count)
      end
    end
  end
end

local end_early = cut(AT["in-stream"], function(answer) return { { "end", answer } } end)

--- cut-stream[,EVENTS]: the transfer ends properly, the stream does not.
M["cut-stream"] = function(serve, arg)
  local answer = serve()
  return answer.body and answer or end_early(function() return answer end, arg)
end

--- truncated-chunked[,EVENTS]: the connection closes where a chunk should follow.
M["truncated-chunked"] = cut(AT["in-body"], ENDS.close, "chunked")

--- short-length: fewer bytes than Content-Length promised, then a clean close.
M["short-length"] = cut(AT["in-body"], ENDS.close, "length")

--- endless[,EVENTS]: after these events the last of them again and again.
M["endless"] = function(serve, arg)
  local answer = serve()
  if not answer.events or answer.steps then return answer end
  answer.is_cut = true
  local steps = AT["in-stream"](answer, arg)
  local last = #steps
  if steps[last - 1] and steps[last - 1][1] == "wait" then last = last - 1 end
  answer.steps = append(steps, { { "again", last } })
  return answer
end

--- Bytes that are not HTTP.
M["garbage"] = only_steps { { "write", "\0\1\2 this is not HTTP\r\n\r\n" }, { "close" } }

--- The head stops in the middle of a header: the same as close-in-head.
M["half-head"] = M["close-in-head"]

-- Late, and slowly -----------------------------------------------------------------------------------

--- late-head,MS: the whole answer after a silence.
M["late-head"] = function(serve, arg)
  local answer = serve()
  answer.steps = append({ { "wait", tonumber(arg) or 1000 } }, http.steps(answer))
  return answer
end

--- split,N[,MS]: everything in writes of N bytes; with HTTP/2, in DATA frames of N bytes.
M["split"] = function(serve, arg)
  local answer = serve()
  local size, ms = arg:match("^(%d+),?(%d*)$")
  answer.steps = append({ { "pieces", math.max(tonumber(size or 1), 1), tonumber(ms) or 0 } }, http.steps(answer))
  return answer
end

--- drip[,MS]: everything one byte at a time.
M["drip"] = function(serve, arg)
  return M["split"](serve, "1," .. arg)
end

-- Kept connections -----------------------------------------------------------------------------------

--- stale[,MS]: the answer, and then, without a word, the connection is closed: after MS, or at
-- once when the next request comes.
M["stale"] = function(serve, arg)
  local answer = serve()
  answer.dies_after, answer.doomed = tonumber(arg), "close"
  return answer
end

--- stale-reset: the answer; the next request on the connection is answered by a reset.
M["stale-reset"] = function(serve)
  local answer = serve()
  answer.doomed = "reset"
  return answer
end

local NOBODYS = '{"code":"nobodys","error":"this answers no request"}'
local NOBODYS_ANSWER = ("HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s")
  :format(#NOBODYS, NOBODYS)

--- late-rest[,MS]: the answer and, MS later, bytes that its length does not cover: what looks like
-- the next one.
M["late-rest"] = function(serve, arg)
  local answer = serve()
  answer.steps = append(http.steps(answer), { { "wait", tonumber(arg) or 20 }, { "write", NOBODYS_ANSWER } })
  return answer
end

--- goodbye: GOAWAY, or Connection: close, while the answer is under way; it is right and whole.
M["goodbye"] = function(serve)
  local answer = serve()
  local steps = http.steps(answer)
  if answer.last or steps[1][1] ~= "head" then return answer end
  answer.last = true
  answer.steps = append({ { "goodbye" } }, steps)
  return answer
end

return M
