--- Tasks: coroutines that wait without blocking each other, and whose turn it is.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.task"] then return kept["xai.runtime.task"] end

local adoption = require "xai.runtime.adoption"
local chain = require "xai.runtime.chain"
local core = require "xai.core"
local lazy_require = require("xai.runtime.environment").lazy_require
local pump = require "xai.runtime.loop"
local environment = require "xai.runtime.environment"
local timers = require "xai.runtime.timers"
local unheard = require "xai.runtime.unheard"
local wait = require "xai.runtime.wait"
local wakers = require "xai.runtime.wakers"
local yieldable = require "xai.runtime.yieldable"

local error, getmetatable, pcall, rawequal, rawget, select, setmetatable, type =
  error, getmetatable, pcall, rawequal, rawget, select, setmetatable, type
local coroutine_create, coroutine_resume, coroutine_running, coroutine_status, coroutine_yield =
  coroutine.create, coroutine.resume, coroutine.running, coroutine.status, coroutine.yield
local string_find = string.find

local unpack = environment.unpack
local close = rawget(coroutine, "close") or function() end
local traceback = environment.traceback

local tasks = {}

local Task = {}
Task.__index = Task

setmetatable(Task, {
  __index = function(_, name)
    local nothing = lazy_require "xai.runtime.unknown_name"("task", name, Task)
    return nothing
  end,
})

-- What a task of ours yields; anything else is the user's own yield.
local PARKED = {}

-- Tasks that can go on, in order.
local queue = chain()

-- Tasks that yielded by themselves: they go on in the next step or frame.
local later = chain()

-- Whose turn it is.  Should there be no memory for it, it is the next time.
local turn

-- Tasks belong to the group of the xai.run that they were spawned in.
function tasks.new_group()
  return { count = 0, wakers = {}, members = setmetatable({}, { __mode = "k" }) }
end

local outside = tasks.new_group()

function tasks.is_task(value)
  return getmetatable(value) == Task
end

local function make_ready(task)
  if task.queued or task.over then return end
  task.queued = true
  queue:append(task)
  timers.hurry(true)
end

local function wake_list(owner)
  wakers.wake(owner.wakers)
end

-- How to wait for what keeps its wakers in a list.
local function add_waker(owner, wake)
  return wakers.add(owner.wakers, wake)
end

local function remove_waker(owner, wake)
  wakers.remove(owner.wakers, wake)
end

--- A source (see runtime/wait.lua) of things that have `wakers` and come to be `over`.
local function owners(abandon)
  return { add = add_waker, remove = remove_waker, abandon = abandon }
end

local function is_over(owner) return owner.over end

--- The function that waits for such things.
function tasks.waits_for(abandon)
  local source = owners(abandon)
  return function(owner) return wait.until_ready(source, owner, is_over, owner) end
end

tasks.wake_list = wake_list

-- Ends ---------------------------------------------------------------------

local function keep_error(task, err)
  task.err = err
  if task.passed_trace and rawequal(err, task.passed) then
    task.trace = task.passed_trace -- it came from a task that this one waited for
    return
  end
  local text = pump.describe(err)
  local is_traced = string_find(text, "\nstack traceback:\n", 1, true) -- by whoever raised it
  task.trace = is_traced and text or traceback(task.thread, text)
end

--- Close what was to be closed in the task, such as the stream of a `for`,
-- which Lua leaves open.  As in plain Lua an error in that takes the place of
-- the one before.
local function close_task(task)
  local closed, err = close(task.thread)
  if closed == false and not rawequal(err, task.err) then keep_error(task, err) end
end

local function fail(task, err)
  keep_error(task, err)
  close_task(task)
  if not task:was_cancelled() and task.waits == 0 then unheard.note(task) end
end

--- The task is not going to wait any more for what it waits for.
local function abandon(task)
  local source, subject = task.source, task.subject
  task.source, task.subject = false, false
  if source and source.abandon then source.abandon(subject) end
end

local function leave_group(task)
  local group = task.group
  if group.members[task] then
    group.members[task] = nil
    group.count = group.count - 1
  end
  if group.count > 0 then return end
  group.over = group ~= outside
  wake_list(group)
end

--- Wake those who wait for the task's end, unless they were woken.
local function tell_end(task)
  leave_group(task)
  wake_list(task)
end

local function keep_outcome(task, ok, ...)
  if not ok then return fail(task, (...)) end
  task.n, task.results = select("#", ...), { ... }
end

-- Whoever waits is woken also where there is no memory for what it waits for.
local function finish(task, ok, ...)
  task.over, task.ok = true, ok
  if not pcall(keep_outcome, task, ok, ...) then
    task.ok = false
    local err = not ok and type(...) == "string" and (...) or "not enough memory"
    task.err, task.trace = task.err or err, task.trace or err
  end
  if task.has_failures then unheard.hurry() end
  if task.source then pcall(abandon, task) end -- it died where it waits: of a lack of memory
  task.thread, task.args, task.spawner = false, false, false
  tell_end(task)
end

-- Turns --------------------------------------------------------------------

--- Does the attached loop wait for what the task yielded?
local function is_adopted(task, ...)
  local taken, err = adoption.take(task, ...)
  if err then finish(task, false, err) end
  return taken
end

local function after_resume(task, before, ok, ...)
  pump.running = before
  if coroutine_status(task.thread) == "dead" then return finish(task, ok, ...) end
  if not ok then return make_ready(task) end -- there was no room on the C stack: again, from further up
  task.args = false
  if (...) == PARKED then return end
  task.yielded = true
  if is_adopted(task, ...) then return end
  if task.queued then return end -- woken meanwhile: it stands in the queue
  task.queued = true
  later:append(task)
end

local function resume(task)
  if task.over then return tell_end(task) end -- cancelled, or its waiters were not woken
  local status = coroutine_status(task.thread)
  if status == "dead" then return finish(task, false, "not enough memory") end -- in its last turn
  -- One that blocks below us on the stack is not resumed: it looks by itself.
  -- Nor is one that the loop waits for: it will be, with what comes of that.
  if status ~= "suspended" or task.source == adoption.source then return end
  local before, args = pump.running, task.args
  pump.running, task.yielded = task, false
  if not args then return after_resume(task, before, coroutine_resume(task.thread)) end
  task.started = true
  after_resume(task, before, coroutine_resume(task.thread, unpack(args, 1, args.n)))
end

--- Tasks that yielded by themselves are ready again.
function tasks.begin_frame()
  queue:append_all(later)
end

pump.begin_frame = tasks.begin_frame

--- There was no memory for the task's turn: it has another.
local function give_back(task)
  if task.queued then return end
  task.queued = true
  queue:append(task)
end

--- Resume the task whose turn it is.  It may run this function again within,
-- where others have theirs.
local function take_turn()
  local task = turn
  if not task then
    task = queue:take()
    task.queued = false
    turn = task
  end
  local ok, err = pcall(resume, task)
  if turn == task then turn = nil end
  if ok then return end
  give_back(task)
  error(err, 0)
end

--- Resume the tasks that are ready now; those that become ready meanwhile
-- have their turn in the next step.
function pump.run_tasks()
  timers.serve()
  if not pump.deadline then tasks.begin_frame() end
  local turns = queue.count + (turn and 1 or 0)
  while turns > 0 and (turn or queue.first) do
    turns = turns - 1
    take_turn()
    if pump.is_late() then break end
  end
  timers.hurry(queue.first or later.first)
  unheard.review()
end

--- Can a task go on, in this frame if one is served?
function pump.has_tasks()
  return turn ~= nil or queue.first or later.first and not pump.deadline
end

function wait.is_idle()
  return not (later.first or timers.any() or core.active() > 0 or core.has_ready() or pump.has_ready())
end

local function park()
  coroutine_yield(PARKED)
end

--- How the running code is suspended: park and wake, where it is a task of
-- ours that can yield; the task, if any, comes third.
function wait.tasks()
  local task = pump.current()
  if not task then return nil end
  -- In a coroutine of the user's own within the task the yield would be theirs.
  if coroutine_running() ~= task.thread or not yieldable() then return nil, nil, task end
  return park, task.wake, task
end

--- A wait of the task has ended: raise when it was cancelled meanwhile.
function Task:resumed()
  local err = self.cancelled
  if not err then
    self.source, self.subject = false, false
    return
  end
  self.cancelled = false
  abandon(self)
  error(err, 0)
end

-- Life ---------------------------------------------------------------------

local function new_thread(f)
  local ok, thread = pcall(coroutine_create, f)
  if ok then return thread end
  return coroutine_create(function(...) return f(...) end) -- Lua 5.1 and a C function
end

--- A task that runs `f(...)` when its turn comes; in the group of the running
-- task unless another is given.
function tasks.new(group, f, ...)
  local spawner = pump.current()
  local task = setmetatable({
    thread = new_thread(f),
    args = { n = select("#", ...), ... },
    group = group or spawner and spawner.group or outside,
    spawner = spawner or false,
    waits = 0, -- how many wait for it, or have heard of its end
    wakers = {},
    -- Filled in later, when there may be no memory for a new field.
    next = false, peer = false, queued = false, started = false, yielded = false,
    source = false, subject = false, stopped = false, cancelled = false,
    over = false, ok = false, n = 0, results = false, err = false, trace = false, failure = false,
    passed = false, passed_trace = false,
    has_failures = false,
  }, Task)
  task.wake = function() make_ready(task) end
  task.group.members[task] = true -- may find no memory: nothing has changed then
  task.group.count = task.group.count + 1
  make_ready(task)
  if pump.on_active then pump.on_active() end
  return task
end

--- Somebody is going to hear of the task's end.
function tasks.claim(task)
  task.waits = task.waits + 1
  if task.failure then task.failure.heard = true end
end

local await = tasks.waits_for(function(task) task.waits = task.waits - 1 end)

--- What the task's function returned; its error is raised as it was raised
-- there, and whoever fails of it has the traceback of where it came from.
function tasks.outcome(task)
  if task.ok then return unpack(task.results, 1, task.n) end
  local waiter = pump.current()
  if waiter then waiter.passed, waiter.passed_trace = task.err, task.trace end
  error(task.err, 0)
end

--- Is it blocked below us on the stack, where Lua cannot yield?
function Task:waits_below()
  return self.thread and coroutine_status(self.thread) == "normal"
end

--- Wait for the task and return what its function returned, or raise its error.
function Task:wait()
  if not tasks.is_task(self) then error("task:wait: call it with a colon", 2) end
  if pump.current() == self then error("task:wait: a task cannot wait for itself", 2) end
  if self:waits_below() and not wait.can_park() then
    error("task:wait: that task is blocked until this one returns", 2)
  end
  tasks.claim(self)
  await(self)
  return tasks.outcome(self)
end

--- "ready", "running", "waiting", "done", "failed" or "cancelled".
function Task:status()
  if self.over then
    return self.ok and "done" or self:was_cancelled() and "cancelled" or "failed"
  end
  if self.queued then return "ready" end
  return coroutine_status(self.thread) == "suspended" and "waiting" or "running"
end

--- Where the error of a task that failed came from.
function Task:traceback()
  return self.trace or nil
end

-- What tells of it where there is no memory to say so.
local SPARE = core.failure("cancelled", "the task was cancelled")

local function cancellation()
  local ok, failure = pcall(core.failure, "cancelled", "the task was cancelled")
  return ok and failure or SPARE
end

--- Is the error that ended it that of its being cancelled?
function Task:was_cancelled()
  return self.stopped and rawequal(self.err, self.stopped)
end

--- End the task: what it waits for is cancelled, and an error of kind
-- "cancelled" is raised where it waits.  Whether there was something to do.
function Task:cancel()
  if not tasks.is_task(self) then error("task:cancel: call it with a colon", 2) end
  if self.over then return false end
  self.stopped = self.stopped or cancellation()
  if pump.current() == self then error(self.stopped, 0) end
  if not self.started or self.yielded then
    local closed, err = close(self.thread) -- nothing is raised where it waits for nothing
    finish(self, false, closed == false and err or self.stopped)
    return true
  end
  self.cancelled = self.stopped
  make_ready(self)
  abandon(self)
  if pump.on_active then pump.on_active() end
  return true
end

--- Cancel the task unless it is the running one: 1 if there was something to
-- do, else 0; and what stood in the way.
function tasks.try_to_cancel(task)
  if not task or task == pump.current() then return 0 end
  local ok, did = pcall(task.cancel, task)
  if not ok then return 0, did end
  return did and 1 or 0
end

function Task:__tostring()
  return "xai.task (" .. self:status() .. ")"
end

kept["xai.runtime.task"] = tasks
return tasks
