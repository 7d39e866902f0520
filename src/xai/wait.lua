--- Who waits for a request, and how.

local hooks = require "xai.hooks"
local pump = require "xai.pump"

local wait = {}

-- A signal may be caught by another thread of the process, so the wait ends
-- now and then by itself: the interpreter's Ctrl-C hook runs in between.
local SLICE = 0.5

local function block(ready, ...)
  while not ready(...) do pump.step(SLICE) end
end

--- Wait until `ready(...)` is true.  Whatever interrupts the wait ends the
-- request: nobody is left to read its answer.
function wait.until_ready(request, ready, ...)
  local ok, err = pcall(block, ready, ...)
  if ok then return end
  request:cancel()
  error(err, 0)
end

local function is_done(request, hooked)
  hooks.retry(hooked, request)
  return request:done()
end

local function is_opened(request, hooked)
  hooks.retry(hooked, request)
  return request:opened()
end

--- Wait until nothing of the request is under way any more.
function wait.done(request, hooked)
  wait.until_ready(request, is_done, request, hooked)
end

--- Wait until the head of a streamed success is in, or the request is done.
function wait.opened(request, hooked)
  wait.until_ready(request, is_opened, request, hooked)
end

return wait
