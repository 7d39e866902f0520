--- Who waits for something, and how.
--
-- Where we can park (in a task of our scheduler, in a coroutine of an
-- attached event loop) the coroutine is suspended until it is woken.
-- Elsewhere the wait blocks, moving everything in the meantime.

local hooks = require "xai.hooks"
local pump = require "xai.pump"

local wait = {
  tasks = nil, -- set by the scheduler: () -> park, wake in one of its tasks
  host = nil, -- set by an adapter: { parker = () -> park, wake; block = f }
}

-- A signal may be caught by another thread of the process, so the wait ends
-- now and then by itself: the interpreter's Ctrl-C hook runs in between.
local SLICE = 0.5

--- Block until `ready(...)` is true, moving everything.
local function block(ready, ...)
  if wait.host and wait.host.block then return wait.host.block(ready, ...) end
  while not ready(...) do pump.step(SLICE) end
end

--- The means to suspend the running coroutine: park() and wake(); nil where
-- it must not be suspended.
local function parker()
  if wait.tasks then
    local park, wake, ours = wait.tasks()
    if park or ours then return park, wake end
  end
  if wait.host then return wait.host.parker() end
end

--- Wait until `ready(...)` is true.  `register(subject, wake)` sees to it
-- that wake() is called when that may have changed.  Whatever interrupts a
-- blocking wait is raised after `abandon(subject)`.
function wait.until_ready(subject, register, abandon, ready, ...)
  while not ready(...) do
    local park, wake = parker()
    if park then
      register(subject, wake)
      park(subject)
    else
      local ok, err = pcall(block, ready, ...)
      if ok then return end -- not asked again: the answer may be taken once
      if abandon then abandon(subject) end
      error(err, 0)
    end
  end
end

local function cancel(request)
  request:cancel()
end

--- The same for a request: an interrupted wait ends it, as nobody is left to
-- read its answer.
function wait.for_request(request, ready, ...)
  return wait.until_ready(request, pump.wake_for, cancel, ready, ...)
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
  wait.for_request(request, is_done, request, hooked)
end

--- Wait until the head of a streamed success is in, or the request is done.
function wait.opened(request, hooked)
  wait.for_request(request, is_opened, request, hooked)
end

--- Within a frame whose time is used up: let the others go on in the next.
function wait.give_way()
  if not pump.is_late() then return end
  local park, wake = parker()
  if not park then return end
  wake()
  park()
end

return wait
