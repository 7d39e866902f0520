--- Who waits for something, and how.
--
-- The code that waits is suspended where that is possible: in a task, or in a
-- coroutine of an attached event loop.  Elsewhere the wait blocks, driving the loop.
--
-- A source knows what is waited for, its subject.  `add(subject, suspension)`
-- arranges for suspension:wake() when the subject may be ready, and returns a ticket.
-- `remove(subject, ticket)` takes that back.  `abandon(subject)`, where there is one,
-- is called when the wait is interrupted; `abandon(subject, err)` where `err` is about
-- to be raised there, to which it may add fields.  With `needs_adding` the source is asked to
-- add something also where the wait blocks.  With `alone` the subject can become ready
-- without code of the user.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.wait"] then return kept["xai.runtime.wait"] end

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"

local dofile, error, pcall, rawget, setmetatable, type, xpcall =
  dofile, error, pcall, rawget, setmetatable, type, xpcall
local coroutine_resume, coroutine_running, coroutine_status, coroutine_yield =
  coroutine.resume, coroutine.running, coroutine.status, coroutine.yield

local close = rawget(coroutine, "close")
local add_waiter, remove_waiter = loop.add_waiter, loop.remove_waiter

local wait = {}

--- What a task yields where it waits; anything else is the user's own yield.
wait.SUSPENDED = {}
local SUSPENDED = wait.SUSPENDED

-- May the running coroutine yield? -------------------------------------------------

-- Lua 5.1 and 5.2 cannot be asked, and a refused yield is an error that must not be
-- tried.  So the callers are looked at.  A C function in between cannot be yielded
-- across (table.sort, string.gsub, and on 5.1 pcall); nor can, on 5.1, the iterator
-- of a `for` or a metamethod.

local is_51 = _VERSION == "Lua 5.1"

-- C functions that 5.2 can yield across.
local crossable = {}
if not is_51 then
  crossable[pcall] = true
  crossable[xpcall] = true
  if dofile then crossable[dofile] = true end
end

local function blocks_yield(info, above)
  if info.what == "C" then return not crossable[info.func] end
  if not is_51 or info.what ~= "Lua" then return false end
  if info.name == "(for generator)" then return true end
  return info.name == nil and above.what ~= "tail" -- a metamethod
end

local getinfo = environment.getinfo

local function looks_yieldable()
  local co, main = coroutine_running()
  if not getinfo or co == nil or main then return false end
  local level = 2
  local info = getinfo(level, "Snf")
  while info do
    local above = getinfo(level + 1, "S")
    -- The coroutine's own function has no name either.
    if above and blocks_yield(info, above) then return false end
    level, info = level + 1, above and getinfo(level + 1, "Snf")
  end
  return true
end

--- May the running coroutine yield here?
local is_yieldable = rawget(coroutine, "isyieldable") or looks_yieldable
wait.is_yieldable = is_yieldable

-- Coroutines that are no tasks ------------------------------------------------------

-- The suspension of a coroutine of the user, which the loop resumes.  The user may
-- resume it, too: then its wait looks again.
local Foreign = {}
Foreign.__index = Foreign

--- A coroutine that is closed (from Lua 5.4 on) while it waits ends what it waits for.
function Foreign.__close(self)
  if not self.source then return end
  self.source.remove(self.subject, self.ticket)
  if self.source.abandon then self.source.abandon(self.subject) end
end

local function yield_once(self)
  coroutine_yield()
  self.source = nil
end

function Foreign:suspend(source, subject, ticket)
  self.source, self.subject, self.ticket, self.waits = source, subject, ticket, true
  loop.adapter.arm()
  if close then
    for _ in yield_once, self, nil, self do end -- luacheck: ignore 512
  else
    yield_once(self)
  end
  self.waits = false
end

function Foreign:wake()
  if self.woken then return end
  self.woken = true
  loop.make_ready(self)
  loop.adapter.arm()
end

--- Resume the coroutine.
function Foreign:take_turn()
  local thread = self.thread
  if not self.waits or coroutine_status(thread) ~= "suspended" then return end
  local ok, err = coroutine_resume(thread)
  if ok then return end
  if coroutine_status(thread) == "suspended" then return loop.make_ready(self) end -- no room on the C stack
  local text = environment.traceback(thread, loop.describe(err))
  if close then close(thread) end -- as coroutine.wrap would
  loop.report(err, text)
end

local function foreign_suspension()
  if not is_yieldable() then return nil end
  return setmetatable({ thread = coroutine_running(), waits = false, woken = false, queued = false }, Foreign)
end

--- The suspension of the running code, or nil where it must not be suspended; and
-- the task that the code belongs to, if any.
local function suspension_here()
  local task = loop.running
  if task then
    local thread, is_main = coroutine_running()
    if thread and not is_main then
      -- In a coroutine of the user within the task the yield would be theirs.
      return thread == task.thread and is_yieldable() and task or nil, task
    end
  end
  local suspension = loop.adapter.suspension or foreign_suspension
  return suspension()
end

--- Can the running code be suspended?
function wait.can_suspend()
  return suspension_here() ~= nil
end

-- Waits that block --------------------------------------------------------------------

-- A blocking wait ends now and then by itself, see loop.lua.
local SLICE = 0.5

-- A wait that blocks runs others, who may block in their turn, on the same C stack:
-- LuaJIT does not notice its end.
local MAX_NESTED = 20

local function block(source, ready, ...)
  local adapter = loop.adapter
  if loop.waits_blocked <= MAX_NESTED or adapter.is_leaving then
    return (adapter.block or loop.block)(ready, ...)
  end
  if not source.alone then error("xai: too many waits that cannot yield are nested", 0) end
  while not ready(...) do loop.step_alone(SLICE) end
end

--- Run `f(...)` for no task, without regard to a frame that is served.
local function apart(f, ...)
  local deadline, running, blocked, driven = loop.deadline, loop.running, loop.waits_blocked, loop.is_driven
  loop.set_deadline(nil)
  loop.running, loop.waits_blocked, loop.is_driven = nil, blocked + 1, false
  local ok, err = pcall(f, ...)
  loop.set_deadline(deadline)
  loop.running, loop.waits_blocked, loop.is_driven = running, blocked, driven
  return ok, err
end

-- Stands in for a suspension where the wait blocks.
local nobody = { wake = function() end }

-- request -> f(err), which adds what is known to the error that ends a wait for it.
local on_abandon = setmetatable({}, { __mode = "k" })

--- Call `f(err)` when a wait for the request is interrupted, before the error is raised.
function wait.on_abandon(request, f) on_abandon[request] = f end

--- An interrupted wait ends the request: nobody is left to read its answer.
local function abandon(request, err)
  local f = on_abandon[request]
  if f and type(err) == "table" then f(err) end
  request:cancel()
end

local requests = { add = add_waiter, remove = remove_waiter, abandon = abandon, alone = true }

--- Block until the subject is ready or the task is cancelled.
local function wait_blocking(task, source, subject, ready, ...)
  if source == requests and loop.adapter.check_wait then loop.adapter.check_wait() end
  local ticket = source.needs_adding and source.add(subject, nobody)
  local is_ready, value, message, info
  local ok, err = apart(block, source, function(...)
    loop.raise_pending()
    if task and task.cancelled then return true end
    is_ready, value, message, info = ready(...)
    if is_ready then return true end
    if task then task.source, task.subject = source, subject end -- a hook may have waited for something else
  end, ...)
  if ticket then source.remove(subject, ticket) end
  if ok then return value, message, info end
  err = loop.interruption(err)
  if source.abandon then source.abandon(subject, err) end
  error(err, 0)
end

-- Waits --------------------------------------------------------------------------------

--- The task is about to wait: if it is cancelled, the subject is abandoned.
local function enter(task, source, subject)
  task.source, task.subject = source, subject
  if task.cancelled then task:resumed() end -- raises
end

--- Wait until the first result of `ready(...)`, which was false, is true.  Returns the
-- three results that follow.
local function wait_for(source, subject, ready, ...)
  local is_ready, value, message, info
  repeat
    local suspension, task = suspension_here()
    if task then -- as `enter`, without the call: every event of a task comes by here
      task.source, task.subject = source, subject
      if task.cancelled then task:resumed() end -- raises
    end
    if suspension then
      local ticket = source.add(subject, suspension)
      suspension:suspend(source, subject, ticket)
      source.remove(subject, ticket)
    else -- not asked again afterwards: the answer may be taken once
      is_ready, value, message, info = true, wait_blocking(task, source, subject, ready, ...)
    end
    if task then task:resumed() end
    if not is_ready then is_ready, value, message, info = ready(...) end
  until is_ready
  return value, message, info
end

--- Wait until `ready(...)` is true.
function wait.until_ready(source, subject, ready, ...)
  if not ready(...) then return wait_for(source, subject, ready, ...) end
end

--- Is there nobody who could go on while we wait?
local function is_alone()
  return not (loop.running or loop.serve_interrupt or loop.settle or loop.is_attached() or loop.expects()
    or core.has_ready())
end

--- Move calls until the request is ready, as long as there is nobody else.
local function block_for_request(ready, ...)
  while true do
    local is_ready, value, message, info = ready(...)
    if is_ready then return true, value, message, info end
    if not is_alone() then return false end
    core.step(SLICE)
  end
end

--- Wait for a request until the first result of `ready(...)`, which was false, is true.
-- Returns the three results that follow.  In a plain program with one stream this is
-- most of the work for an event, so that case comes first.
function wait.for_result(request, ready, ...)
  if is_alone() then
    local ok, result, value, message, info = pcall(block_for_request, ready, ...)
    if not ok then
      local err = loop.interruption(result)
      abandon(request, err)
      error(err, 0)
    end
    if result then return value, message, info end
  end
  return wait_for(requests, request, ready, ...)
end

--- Wait for a request until `ready(...)` is true.
function wait.for_request(request, ready, ...)
  if not ready(...) then return wait.for_result(request, ready, ...) end
end

--- In a task that can be suspended: wait once until the request may be ready, and
-- return true.  Elsewhere return false at once.  This is `wait_for` for the common case:
-- a task that waits for the next event of a stream.
function wait.in_task(request)
  local task = loop.running
  if not task or coroutine_running() ~= task.thread or not is_yieldable() then return false end
  task.source, task.subject = requests, request
  if task.cancelled then task:resumed() end -- raises
  add_waiter(request, task)
  coroutine_yield(SUSPENDED)
  if task.cancelled then
    remove_waiter(request, task)
    task:resumed() -- raises
  end
  task.source, task.subject = false, false
  return true
end

-- Between two reads without a wait --------------------------------------------------------

--- In a frame whose time is used up: let others go on in the next frame.  A task
-- that is cancelled meanwhile does not want the request any more.
local function yield_if_late(request)
  if not loop.is_late() then return end
  local suspension, task = suspension_here()
  if not suspension then return end
  if task then enter(task, requests, request) end
  suspension:wake()
  suspension:suspend()
  if task then task:resumed() end
end

local function cancel_unless(request, ok, err)
  if ok then return end
  request:cancel() -- nobody is left to read its answer
  error(err, 0)
end

--- Code that reads what is here already never waits.  Between its reads other tasks
-- have their turn when a frame ends, Ctrl-C is served, and so is a host that would
-- stand still.  (Ctrl-C is not served within a task.)
function wait.check_turn(request)
  if loop.deadline then yield_if_late(request) end
  if loop.serve_interrupt and not loop.running then cancel_unless(request, pcall(loop.serve_interrupt)) end
  local adapter = loop.adapter
  if not adapter.needs_turn or not adapter.needs_turn() then return end
  if loop.waits_blocked > MAX_NESTED or wait.can_suspend() then return end
  cancel_unless(request, apart(adapter.yield_to_host))
end

kept["xai.runtime.wait"] = wait
return wait
