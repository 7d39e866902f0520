--- Who waits for something, and how.
--
-- Where we can park (in a task of our scheduler, in a coroutine of an
-- attached event loop) the coroutine is suspended until it is woken.
-- Elsewhere the wait blocks, moving everything in the meantime.
--
-- What is waited for has a source: `add(subject, wake)` sees to it that
-- wake() is called when the subject may be ready, and gives what
-- `remove(subject, ticket)` takes back; `abandon(subject)` is called when the
-- wait is interrupted.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.wait"] then return kept["xai.runtime.wait"] end

local core = require "xai.core"
local pump = require "xai.runtime.loop"

local error, pcall = error, pcall

local wait = {
  tasks = nil, -- set by the scheduler: () -> park, wake, task
  is_idle = nil, -- set by the scheduler: () -> is no task and no timer left?
  -- Set by an adapter: parker = () -> park, wake; block = f; and where there is
  -- such a thing is_fast = () -> must no user's code run here?, refuse = f
  -- (raises where nobody may wait), is_leaving (is `block` there only to
  -- refuse?), adopt = (thread, go_on, ...) -> stop (see xai.runtime.adoption), and for
  -- one that would stand still needs_turn = () -> is it time for its turn?,
  -- breathe = f (its turn).
  host = nil,
}

-- A signal may be caught by another thread of the process, so the wait ends
-- now and then by itself: the interpreter's Ctrl-C hook runs in between.
local SLICE = 0.5

-- A wait that blocks runs others, who may block in their turn, on the same C
-- stack: LuaJIT does not notice its end.
local MAX_NESTED = 20
local nested = 0

local function block_alone(source, ready, ...)
  if not source.alone then error("xai: too many waits that cannot yield are nested", 0) end
  while not ready(...) do pump.step_alone(SLICE) end
end

--- Block until `ready(...)` is true.  Nobody but us moves anything meanwhile,
-- a loop that called us neither: so it is an error when nothing is left to move.
function wait.block(ready, ...)
  while not ready(...) do
    if wait.is_idle and wait.is_idle() then error("xai: this wait cannot end, nothing is under way", 0) end
    pump.step(SLICE)
  end
end

local function block(source, ready, ...)
  local host = wait.host
  if nested > MAX_NESTED and not (host and host.is_leaving) then return block_alone(source, ready, ...) end
  return (host and host.block or wait.block)(ready, ...)
end

--- Block in the name of no task, without regard to a frame that is served.
local function apart(f, ...)
  local deadline, running, depth = pump.deadline, pump.running, nested
  pump.deadline, pump.running, nested = nil, nil, depth + 1
  local ok, err = pcall(f, ...)
  pump.deadline, pump.running, nested = deadline, running, depth
  return ok, err
end

--- The means to suspend the running coroutine, park() and wake(), or nil where
-- it must not be suspended; and the task that it belongs to.
local function parker()
  local park, wake, task
  if wait.tasks then park, wake, task = wait.tasks() end
  if not task and wait.host then park, wake = wait.host.parker() end
  return park, wake, task
end

--- Can the running coroutine be suspended here?
function wait.can_park()
  return parker() ~= nil
end

local function nothing() end

-- An interrupted wait ends the request: nobody is left to read its answer.
local requests = {
  add = pump.wake_for,
  remove = pump.let_sleep,
  abandon = function(request) request:cancel() end,
  alone = true, -- can become ready without anybody's code
}

--- Wait by blocking until the subject is ready or the task is cancelled.
local function wait_blocking(task, source, subject, ready, ...)
  if source == requests and wait.host and wait.host.refuse then wait.host.refuse() end -- and it goes on
  local ticket = source.rings and source.add(subject, nothing)
  local ok, err
  if task then
    ok, err = apart(block, source, function(...)
      if task.cancelled or ready(...) then return true end
      task.source, task.subject = source, subject -- a hook may have waited for something else
    end, ...)
  else
    ok, err = apart(block, source, ready, ...)
  end
  if ticket then source.remove(subject, ticket) end
  if ok then return end
  if source.abandon then source.abandon(subject) end
  error(pump.interruption(err), 0)
end

--- The task is about to wait: cancelling it is to reach the subject.
local function enter(task, source, subject)
  task.source, task.subject = source, subject
  if task.cancelled then task:resumed() end -- raises
end

--- Wait until `ready(...)` is true.
function wait.until_ready(source, subject, ready, ...)
  while not ready(...) do
    local park, wake, task = parker()
    if task then enter(task, source, subject) end
    if not park then
      wait_blocking(task, source, subject, ready, ...)
      if task then task:resumed() end
      return -- not asked again: the answer may be taken once
    end
    local ticket = source.add(subject, wake)
    park(subject, source, ticket)
    source.remove(subject, ticket)
    if task then task:resumed() end
  end
end

--- Is there nobody who could go on while we wait?
local function is_alone()
  return not (pump.running or wait.host or pump.serve_interrupt or pump.expects() or core.has_ready())
end

--- Move things until the request is ready, as long as there is nobody else.
local function block_for_request(ready, ...)
  while not ready(...) do
    if not is_alone() then return false end
    core.step(SLICE)
  end
  return true
end

--- Wait for a request.  In a plain program, with one stream, this is most of
-- what Lua does for an event: so the usual case comes first.
function wait.for_request(request, ready, ...)
  if is_alone() then
    local ok, result = pcall(block_for_request, ready, ...)
    if not ok then
      request:cancel() -- nobody is left to read its answer
      error(pump.interruption(result), 0)
    end
    if result then return end
  end
  return wait.until_ready(requests, request, ready, ...)
end

--- Within a frame whose time is used up: let the others go on in the next.
-- A task that is cancelled meanwhile does not want the request any more.
function wait.give_way(request)
  if not pump.is_late() then return end
  local park, wake, task = parker()
  if not park then return end
  if task then enter(task, requests, request) end
  wake()
  park()
  if task then task:resumed() end
end

--- Where something of the request was here without a wait: was Ctrl-C pressed
-- meanwhile?  A task's turn is the wrong moment for that.
function wait.heed_interrupt(request)
  if pump.running then return end
  local ok, err = pcall(pump.serve_interrupt)
  if ok then return end
  request:cancel()
  error(err, 0)
end

--- Where something of the request was here without a wait: let the host go on
-- in between, if it is one that would stand still.
function wait.breathe(request)
  local host = wait.host
  if not host or not host.needs_turn or not host.needs_turn() then return end
  if nested > MAX_NESTED or wait.can_park() then return end
  local ok, err = apart(host.breathe)
  if ok then return end
  request:cancel()
  error(err, 0)
end

kept["xai.runtime.wait"] = wait
return wait
