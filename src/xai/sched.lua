--- The scheduler: tasks are coroutines that wait without blocking others.
--
-- Nothing runs by itself: tasks go on within xai.run, xai.step, xai.update,
-- or an attached event loop.

local core = require "xai.core"
local pump = require "xai.pump"
local timers = require "xai.timers"
local wait = require "xai.wait"
local yieldable = require "xai.yieldable"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local sched = {}

local Task = {}
Task.__index = Task

-- What a task of ours yields; anything else is the user's own yield.
local PARKED = {}

-- Nested runs: LuaJIT has no limit of its own before the C stack ends.
local MAX_NESTED = 20
local nested = 0

local of_thread = setmetatable({}, { __mode = "k" })

-- Tasks that can go on, in order.
local queue, first, last = {}, 1, 0

-- Tasks belong to the group of the xai.run that they were spawned in.
local function new_group()
  return { count = 0, failed = {}, wakers = {} }
end

local outside = new_group()

local function current()
  return of_thread[coroutine.running() or false]
end

local function make_ready(task)
  if task.queued or task.over then return end
  task.queued = true
  last = last + 1
  queue[last] = task
end

local function wake_list(list)
  for i = #list, 1, -1 do
    local wake = list[i]
    list[i] = nil
    wake()
  end
end

--- An error as whoever waits for the task gets it: with the task's traceback.
local function with_traceback(task, err)
  task.traceback = debug.traceback(task.thread, type(err) == "string" and err or tostring(err))
  return type(err) == "string" and task.traceback or err
end

local function finish(task, ok, n, results)
  local group = task.group
  task.over, task.ok = true, ok
  if ok then
    task.n, task.results = n, results
  else
    task.err = with_traceback(task, results[1])
    group.failed[#group.failed + 1] = task
  end
  of_thread[task.thread] = nil
  group.count = group.count - 1
  wake_list(task.wakers)
  if group.count == 0 then wake_list(group.wakers) end
end

local function after_resume(task, ok, ...)
  if coroutine.status(task.thread) == "dead" then return finish(task, ok, select("#", ...), { ... }) end
  if (...) ~= PARKED then make_ready(task) end -- a yield of the user's own: others first
end

local function resume(task)
  if task.over then return end
  if task.started then return after_resume(task, coroutine.resume(task.thread)) end
  task.started = true
  after_resume(task, coroutine.resume(task.thread, unpack(task.args, 1, task.args.n)))
end

--- Errors of tasks that nobody waited for.
local function report(group)
  local failed = group.failed
  group.failed = {}
  for _, task in ipairs(failed) do
    if not task.claimed then pump.reporter(task.err, task.traceback) end
  end
end

--- Resume the tasks that are ready now; those that become ready meanwhile
-- have their turn in the next step.
function pump.run_tasks()
  timers.serve()
  local turns = last - first + 1 -- a task may run this function again within
  while turns > 0 and first <= last and not pump.is_late() do
    local task = queue[first]
    turns = turns - 1
    queue[first] = nil
    first = first + 1
    task.queued = false
    resume(task)
  end
  if first > last then first, last = 1, 0 end
  report(outside)
end

function pump.has_tasks()
  return first <= last
end

--- Suspend the task; raises when it was cancelled meanwhile.
local function park(task, subject)
  task.subject = subject
  coroutine.yield(PARKED)
  task.subject = nil
  if not task.cancelled then return end
  local err = task.cancelled
  task.cancelled = nil
  error(err, 0)
end

--- How the running coroutine is suspended, if it is a task of ours: park and
-- wake, or nil and nil and true where a task cannot yield.
function wait.tasks()
  local task = current()
  if not task then return nil end
  if not yieldable() then return nil, nil, true end
  return task.park, task.wake
end

--- Start a task: `f(...)` runs when its turn comes.
function sched.spawn(f, ...)
  if type(f) ~= "function" then error("xai.spawn: expected a function, got " .. type(f), 2) end
  local parent = current()
  local task = setmetatable({
    thread = coroutine.create(f),
    args = { n = select("#", ...), ... },
    group = parent and parent.group or sched.group or outside,
    wakers = {},
  }, Task)
  task.park = function(subject) park(task, subject) end
  task.wake = function() make_ready(task) end
  of_thread[task.thread] = task
  task.group.count = task.group.count + 1
  make_ready(task)
  if pump.on_active then pump.on_active() end
  return task
end

local function is_over(task) return task.over end

local function register(owner, wake)
  owner.wakers[#owner.wakers + 1] = wake
end

--- Block or park until the task is over.
local function await(task)
  task.claimed = true
  wait.until_ready(task, register, nil, is_over, task)
end

local function outcome(task)
  if not task.ok then error(task.err, 0) end
  return unpack(task.results, 1, task.n)
end

--- Wait for the task and return what its function returned, or raise its error.
function Task:wait()
  if current() == self then error("task:wait: a task cannot wait for itself", 2) end
  await(self)
  return outcome(self)
end

--- "ready", "waiting", "done", "failed" or "cancelled".
function Task:status()
  if not self.over then return self.queued and "ready" or "waiting" end
  if self.ok then return "done" end
  return type(self.err) == "table" and self.err == self.stopped and "cancelled" or "failed"
end

--- End the task: the call that it waits for is cancelled, and an error of
-- kind "cancelled" is raised where it waits.  Whether there was something to do.
function Task:cancel()
  if self.over then return false end
  self.stopped = self.stopped or core.failure("cancelled", "the task was cancelled")
  if current() == self then error(self.stopped, 0) end
  self.claimed = true -- its error is no news
  if not self.started then
    finish(self, false, 1, { self.stopped })
    return true
  end
  self.cancelled = self.stopped
  if type(self.subject) == "userdata" then self.subject:cancel() end -- the request that it waits for
  make_ready(self)
  if pump.on_active then pump.on_active() end
  return true
end

function Task:__tostring()
  return "xai.task (" .. self:status() .. ")"
end

local function group_is_empty(group)
  return group.count == 0
end

--- Nothing moves any more, and yet tasks wait?
local function is_stuck(group)
  return group.count > 0 and first > last and not timers.any() and core.active() == 0 and not wait.host
end

local function drive(group)
  if current() or wait.host then
    wait.until_ready(group, register, nil, group_is_empty, group)
    return
  end
  while group.count > 0 do
    if is_stuck(group) then error("xai.run: the tasks wait for each other", 0) end
    pump.step(0.5)
  end
end

--- Run `f(...)` as a task and return what it returns, or raise its error,
-- once it and all tasks that were spawned within have ended.
function sched.run(f, ...)
  if type(f) ~= "function" then error("xai.run: expected a function, got " .. type(f), 2) end
  if nested >= MAX_NESTED then error("xai.run: nested too deeply", 2) end
  local parent = current()
  local group, before = new_group(), sched.group
  local home = parent and parent.group
  sched.group = group
  if parent then parent.group = group end
  local task = sched.spawn(f, ...)
  sched.group = before
  if parent then parent.group = home end
  task.claimed = true
  nested = nested + 1
  local ok, err = pcall(drive, group)
  nested = nested - 1
  report(group)
  if not ok then error(err, 0) end
  return outcome(task)
end

local function as_task(item)
  return getmetatable(item) == Task and item or sched.spawn(item)
end

local function as_tasks(list, what)
  if type(list) ~= "table" then error(what .. ": expected a list of functions or tasks, got " .. type(list), 3) end
  for i, item in ipairs(list) do
    if type(item) ~= "function" and getmetatable(item) ~= Task then
      error(("%s: item %d must be a function or a task, got %s"):format(what, i, type(item)), 3)
    end
  end
  local tasks = {}
  for i, item in ipairs(list) do
    tasks[i] = as_task(item)
    tasks[i].claimed = true
  end
  return tasks
end

local function cancel_all(tasks)
  for _, task in ipairs(tasks) do task:cancel() end
end

local function any_failed_or_all_over(tasks)
  local all = true
  for _, task in ipairs(tasks) do
    if task.over and not task.ok then return true end
    all = all and task.over
  end
  return all
end

local function register_all(tasks, wake)
  for _, task in ipairs(tasks) do
    if not task.over then register(task, wake) end
  end
end

--- Wait for all of them; a list of their first results.  When one fails the
-- others are cancelled and its error is raised.
function sched.all(list)
  local tasks = as_tasks(list, "xai.all")
  wait.until_ready(tasks, register_all, cancel_all, any_failed_or_all_over, tasks)
  local results = {}
  for i, task in ipairs(tasks) do
    if task.over and not task.ok then
      cancel_all(tasks)
      error(task.err, 0)
    end
    results[i] = task.results and task.results[1]
  end
  return results
end

local function any_over(tasks)
  for _, task in ipairs(tasks) do
    if task.over then return true end
  end
  return #tasks == 0
end

--- Wait for the first of them that ends; what it returned, or its error
-- raised.  The others are cancelled.
function sched.race(list)
  local tasks = as_tasks(list, "xai.race")
  wait.until_ready(tasks, register_all, cancel_all, any_over, tasks)
  local winner
  for _, task in ipairs(tasks) do
    if task.over and not winner then winner = task end
  end
  cancel_all(tasks)
  if winner then return outcome(winner) end
end

--- The list of `f(item, index)` for each item, at most `limit` at once
-- (nothing: all).  An error in one cancels the others and is raised.
function sched.map(list, f, limit)
  if type(list) ~= "table" then error("xai.map: expected a list, got " .. type(list), 2) end
  if type(f) ~= "function" then error("xai.map: expected a function, got " .. type(f), 2) end
  if limit ~= nil and (type(limit) ~= "number" or limit < 1) then error("xai.map: the limit must be 1 or more", 2) end
  local results, next_index, workers = {}, 1, {}
  local function work()
    while next_index <= #list do
      local i = next_index
      next_index = i + 1
      results[i] = f(list[i], i)
    end
  end
  for i = 1, math.min(limit or #list, #list) do workers[i] = work end
  sched.all(workers)
  return results
end

local function has_come(at)
  return core.now() >= at
end

--- Wait `seconds`, letting others go on.
function sched.sleep(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 then
    error("xai.sleep: expected a number of seconds, got " .. tostring(seconds), 2)
  end
  local at = core.now() + seconds
  wait.until_ready(at, timers.add, nil, has_come, at)
end

--- Serve one frame: run what is ready, within `budget_ms` milliseconds.
-- What is left goes on in the next frame.
function sched.update(budget_ms)
  if budget_ms ~= nil and (type(budget_ms) ~= "number" or budget_ms < 0) then
    error("xai.update: expected a number of milliseconds, got " .. tostring(budget_ms), 2)
  end
  local before = pump.deadline
  pump.deadline = core.now() + (budget_ms or 2) / 1000
  local ok, err = pcall(function()
    repeat
      core.step(0)
      local had = core.has_ready() or pump.has_tasks()
      pump.hand_out()
    until pump.is_late() or not (had or core.has_ready() or pump.has_tasks())
  end)
  pump.deadline = before
  if not ok then error(err, 0) end
end

return sched
