--- fault_cuts.lua - faults of the connection: scripts of writes, waits and breaks.
-- Each is a function(serve, arg, request, service); faults.lua says what that means.

local http = require("standin.http")

local M = {}

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
M["reset-in-body"] = reset_after
--- reset-in-stream[,EVENTS]
M["reset-in-stream"] = reset_after

--- cut-stream[,EVENTS]: the chunks end properly, the stream does not.
M["cut-stream"] = cut(function(answer) return { { "write", http.tail(answer) } } end)

--- truncated-chunked[,EVENTS]: the connection closes where a chunk should follow.
M["truncated-chunked"] = function(serve, arg)
  local answer = serve()
  answer.framing = "chunked"
  return cut(function() return { { "close" } } end)(function() return answer end, arg)
end

--- short-length: fewer bytes than Content-Length promised, then a clean close.
M["short-length"] = function(serve, arg)
  local answer = serve()
  answer.framing = "length"
  return cut(function() return { { "close" } } end)(function() return answer end, arg)
end

--- stall-in-stream[,EVENTS]: no byte more, the connection stays open.
M["stall-in-stream"] = cut(function() return { { "stall" } } end)

--- endless[,EVENTS]: after these events the last of them again and again.
M["endless"] = function(serve, arg)
  local answer = serve()
  if not answer.events then return answer end
  local steps = beginning(answer, arg)
  local last = #steps
  if steps[last - 1][1] == "wait" then last = last - 1 end
  answer.steps = append(steps, { { "again", last } })
  return answer
end

local function only_steps(steps)
  return function() return { status = 200, headers = {}, steps = steps } end
end

M["reset-before-head"] = only_steps { { "reset" } }
M["close-before-head"] = only_steps { { "close" } }
M["stall-before-head"] = only_steps { { "stall" } }
--- Bytes that are not HTTP.
M["garbage"] = only_steps { { "write", "\0\1\2 this is not HTTP\r\n\r\n" }, { "close" } }
--- The head stops in the middle of a header.
M["half-head"] = only_steps { { "write", "HTTP/1.1 200 OK\r\nContent-Type: applica" }, { "close" } }

--- late-head,MS: the whole answer after a silence.
M["late-head"] = function(serve, arg)
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
M["split"] = function(serve, arg)
  local answer = serve()
  local size, ms = arg:match("^(%d+),?(%d*)$")
  answer.steps = in_pieces(http.steps(answer), math.max(tonumber(size or 1), 1), tonumber(ms) or 0)
  return answer
end

--- drip[,MS]: everything one byte at a time.
M["drip"] = function(serve, arg)
  return M["split"](serve, "1," .. arg)
end

return M
