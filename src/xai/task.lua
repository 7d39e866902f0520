--- Tasks: coroutines that wait without blocking each other, and whose turn it is.

local core = require "xai.core"
local pump = require "xai.pump"
local timers = require "xai.timers"
local wait = require "xai.wait"
local yieldable = require "xai.yieldable"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")
local close = rawget(coroutine, "close") or function() end

local tasks = {}

local Task = {}
Task.__index = Task

-- What a task of ours yields; anything else is the user's own yield.
local PARKED = {}

-- Tasks that can go on, in order.
local queue, first, last = {}, 1, 0

-- Tasks that yielded by themselves: they go on in the next step or frame.
local later = {}

-- Failures that nobody has heard of.
local unheard = {}

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
  queue[last + 1] = task -- may find no memory: nothing has changed then
  last = last + 1
  task.queued = true
  timers.hurry(true)
end

-- Who was woken takes itself out of the list.
local function wake_list(owner)
  local list = owner.wakers
  for i = 1, #list do
    local wake = list[i]
    if wake then wake() end
  end
end

-- How to wait for what keeps its wakers in a list.
local function add_waker(owner, wake)
  owner.wakers[#owner.wakers + 1] = wake
  return wake
end

local function remove_waker(owner, wake)
  local list = owner.wakers
  for i = #list, 1, -1 do
    if list[i] == wake then table.remove(list, i) end
  end
end

--- A source (see wait.lua) of things that have `wakers` and come to be `over`.
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

--- Remember a failure that nobody waits for, without keeping the task.
local function note_failure(task)
  task.failure = {
    err = task.err, trace = task.trace, spawner = task.spawner,
    handle = setmetatable({ task }, { __mode = "v" }),
  }
  unheard[#unheard + 1] = task.failure
end

--- Can somebody still wait for it?  The task that spawned it can.
local function can_be_heard(failure)
  return failure.spawner and not failure.spawner.over and failure.handle[1]
end

--- Report the failures that nobody waited for and nobody will.
local function report_unheard()
  if not unheard[1] then return end
  local list = unheard
  unheard = {}
  for _, failure in ipairs(list) do
    if failure.heard then -- luacheck: ignore 542
    elseif can_be_heard(failure) then
      unheard[#unheard + 1] = failure
    else
      pump.report(failure.err, failure.trace, "task")
    end
  end
end

tasks.report_unheard = report_unheard

local function fail(task, err)
  local text = pump.describe(err)
  local is_traced = text:find("\nstack traceback:\n", 1, true) -- by the task that it came from
  task.err, task.trace = err, is_traced and text or debug.traceback(task.thread, text)
  close(task.thread) -- Lua leaves what was to be closed there open, such as the stream of a `for`
  if err ~= task.stopped and task.waits == 0 then note_failure(task) end
end

local function leave_group(task)
  local group = task.group
  group.members[task] = nil
  group.count = group.count - 1
  if group.count > 0 then return end
  group.over = group ~= outside
  wake_list(group)
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
    task.err, task.trace = task.err or "not enough memory", task.trace or "not enough memory"
  end
  task.thread, task.args, task.spawner = nil, nil, nil
  leave_group(task)
  wake_list(task)
end

-- Turns --------------------------------------------------------------------

local function after_resume(task, before, ok, ...)
  pump.running = before
  if coroutine.status(task.thread) == "dead" then return finish(task, ok, ...) end
  if (...) == PARKED then return end
  task.queued, task.yielded = true, true
  later[#later + 1] = task
end

local function resume(task)
  -- One that blocks below us on the stack is not resumed: it looks by itself.
  if task.over or coroutine.status(task.thread) ~= "suspended" then return end
  local before, args = pump.running, task.args
  pump.running, task.args, task.yielded = task, nil, nil
  if not args then return after_resume(task, before, coroutine.resume(task.thread)) end
  task.started = true
  after_resume(task, before, coroutine.resume(task.thread, unpack(args, 1, args.n)))
end

--- Tasks that yielded by themselves are ready again.
function tasks.begin_frame()
  if not later[1] then return end
  local list = later
  later = {}
  for _, task in ipairs(list) do
    task.queued = false
    make_ready(task)
  end
end

--- Resume the tasks that are ready now; those that become ready meanwhile
-- have their turn in the next step.
function pump.run_tasks()
  timers.serve()
  if not pump.deadline then tasks.begin_frame() end
  local turns = last - first + 1 -- a task may run this function again within
  while turns > 0 and first <= last do
    local task = queue[first]
    turns = turns - 1
    queue[first] = nil
    first = first + 1
    task.queued = false
    resume(task)
    if pump.is_late() then break end
  end
  if first > last then first, last = 1, 0 end
  timers.hurry(first <= last or later[1] ~= nil)
  report_unheard()
end

--- Can a task go on, in this frame if one is served?
function pump.has_tasks()
  return first <= last or later[1] ~= nil and not pump.deadline
end

function wait.is_idle()
  return not (later[1] or timers.any() or core.active() > 0 or core.has_ready() or pump.has_ready())
end

local function park()
  coroutine.yield(PARKED)
end

--- How the running code is suspended: park and wake, where it is a task of
-- ours that can yield; the task, if any, comes third.
function wait.tasks()
  local task = pump.running
  if not task then return nil end
  -- In a coroutine of the user's own within the task the yield would be theirs.
  if coroutine.running() ~= task.thread or not yieldable() then return nil, nil, task end
  return park, task.wake, task
end

--- A wait of the task has ended: raise when it was cancelled meanwhile.
function Task:resumed()
  local source, subject, err = self.source, self.subject, self.cancelled
  self.source, self.subject, self.cancelled = nil, nil, nil
  if not err then return end
  if source and source.abandon then source.abandon(subject) end
  error(err, 0)
end

-- Life ---------------------------------------------------------------------

local function new_thread(f)
  local ok, thread = pcall(coroutine.create, f)
  if ok then return thread end
  return coroutine.create(function(...) return f(...) end) -- Lua 5.1 and a C function
end

--- A task that runs `f(...)` when its turn comes; in the group of the running
-- task unless another is given.
function tasks.new(group, f, ...)
  local spawner = pump.running
  local task = setmetatable({
    thread = new_thread(f),
    args = { n = select("#", ...), ... },
    group = group or spawner and spawner.group or outside,
    spawner = spawner,
    waits = 0, -- how many wait for it, or have heard of its end
    wakers = {},
  }, Task)
  task.wake = function() make_ready(task) end
  task.group.count = task.group.count + 1
  task.group.members[task] = true
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

--- What the task's function returned; its error is raised, text with the
-- task's traceback and objects as they are.
function tasks.outcome(task, note)
  if task.ok then return unpack(task.results, 1, task.n) end
  error(type(task.err) == "string" and task.trace .. (note or "") or task.err, 0)
end

--- Wait for the task and return what its function returned, or raise its error.
function Task:wait()
  if pump.running == self then error("task:wait: a task cannot wait for itself", 2) end
  tasks.claim(self)
  await(self)
  return tasks.outcome(self)
end

--- "ready", "running", "waiting", "done", "failed" or "cancelled".
function Task:status()
  if self.over then
    return self.ok and "done" or self.err == self.stopped and "cancelled" or "failed"
  end
  if self.queued then return "ready" end
  return coroutine.status(self.thread) == "suspended" and "waiting" or "running"
end

--- Where the error of a task that failed came from.
function Task:traceback()
  return self.trace
end

--- End the task: what it waits for is cancelled, and an error of kind
-- "cancelled" is raised where it waits.  Whether there was something to do.
function Task:cancel()
  if self.over then return false end
  self.stopped = self.stopped or core.failure("cancelled", "the task was cancelled")
  if pump.running == self then error(self.stopped, 0) end
  if not self.started or self.yielded then
    close(self.thread) -- nothing is raised where it waits for nothing
    finish(self, false, self.stopped)
    return true
  end
  self.cancelled = self.stopped
  local source, subject = self.source, self.subject
  self.source = nil
  if source and source.abandon then source.abandon(subject) end
  make_ready(self)
  if pump.on_active then pump.on_active() end
  return true
end

function Task:__tostring()
  return "xai.task (" .. self:status() .. ")"
end

return tasks
