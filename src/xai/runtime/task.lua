--- Tasks: coroutines that wait without blocking each other, and waiting for several.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.task"] then return kept["xai.runtime.task"] end

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"
local timers = require "xai.runtime.timers"
local wait = require "xai.runtime.wait"

local error, getmetatable, ipairs, pairs, pcall, rawequal, rawget, select, setmetatable, tostring, type =
  error, getmetatable, ipairs, pairs, pcall, rawequal, rawget, select, setmetatable, tostring, type
local coroutine_create, coroutine_resume, coroutine_status, coroutine_yield =
  coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local math_max, math_min = math.max, math.min
local string_find, string_format = string.find, string.format

local close = rawget(coroutine, "close") or function() end
local lazy_require, traceback, unpack = environment.lazy_require, environment.traceback, environment.unpack

local Task = {
  -- Fields that a task may not have yet.  Few tasks have more than eight while they
  -- run, so that the table of fields stays small.
  args = false, -- what its coroutine is resumed with
  queued = false, yielded = false, over = false,
  source = false, subject = false, -- what it waits for, see wait.lua
  stopped = false, -- the error that cancels it
  cancelled = false, -- the same, until it is raised
  waiters = false,
  waits = 0, -- how many wait for it, or have heard of its end
  scope = false, -- of its calls, see xai.client.gate
  spawner = false, has_failures = false, failure = false,
  ok = false, n = 0, results = false, trace = false, -- and `err`, which may be nil
  passed = false, passed_trace = false, -- the last error of a task that it waited for
}
Task.__index = Task

local SUSPENDED = wait.SUSPENDED

--- Tasks belong to the group of the xai.run that they were spawned in.
local function new_group()
  return { count = 0, waiters = false, over = false, members = setmetatable({}, { __mode = "k" }) }
end

local outside = new_group()

local function is_task(value)
  return getmetatable(value) == Task
end

-- Waiting for ends -----------------------------------------------------------------

local function add_waiter(owner, waiter)
  owner.waiters = owner.waiters or loop.new_waiters()
  return owner.waiters:add(waiter)
end

local function remove_waiter(owner, ticket)
  owner.waiters:remove(ticket)
end

local function wake_waiters(owner)
  if owner.waiters then owner.waiters:wake() end
end

local function is_over(owner) return owner.over end

--- The function that waits for things that have `waiters` and come to be `over`.
local function waits_for(abandon)
  local source = { add = add_waiter, remove = remove_waiter, abandon = abandon }
  return function(owner) return wait.until_ready(source, owner, is_over, owner) end
end

-- Unhandled failures ---------------------------------------------------------------

local failures = {}

-- Turns until `report_unhandled` looks at the failures again.  With many failures it
-- looks less often, as it looks at all of them.
local turns_left = 0

--- Remember the failure of a task that nobody waits for, without keeping the task.
local function note_unhandled(task)
  task.failure = {
    err = rawget(task, "err"), trace = task.trace, spawner = task.spawner,
    handle = setmetatable({ task }, { __mode = "v" }),
  }
  failures[#failures + 1] = task.failure
  local spawner = task.spawner
  if spawner and not spawner.over then spawner.has_failures = true else turns_left = 0 end
end

--- Can somebody still wait for the task?  The task that spawned it can.
local function can_be_handled(failure)
  return failure.spawner and not failure.spawner.over and failure.handle[1]
end

--- Report the failures of tasks that nobody waited for and nobody will.
local function report_unhandled()
  local list = failures
  if not list[1] then return end
  failures = {}
  for _, failure in ipairs(list) do
    if failure.handled then -- luacheck: ignore 542
    elseif can_be_handled(failure) then
      failures[#failures + 1] = failure
    else
      loop.report(failure.err, failure.trace, "task")
    end
  end
  turns_left = #failures / 8
end

loop.call_after_run(function()
  turns_left = turns_left - 1
  if turns_left <= 0 then report_unhandled() end
end)

-- Ends -------------------------------------------------------------------------------

local function keep_error(task, err)
  task.err = err
  if task.passed_trace and rawequal(err, task.passed) then
    task.trace = task.passed_trace -- it came from a task that this one waited for
    return
  end
  local text = loop.describe(err)
  local is_traced = string_find(text, "\nstack traceback:\n", 1, true) -- by whoever raised it
  task.trace = is_traced and text or traceback(task.thread, text)
end

--- Close what was to be closed in the task, such as the stream of a `for`, which Lua
-- leaves open.  As in plain Lua an error in that replaces the one before.
local function close_task(task)
  local closed, err = close(task.thread)
  if closed == false and not rawequal(err, rawget(task, "err")) then keep_error(task, err) end
end

local function fail(task, err)
  keep_error(task, err)
  close_task(task)
  if not task:was_cancelled() and task.waits == 0 then note_unhandled(task) end
end

--- The task does not wait any more for what it waits for, as `err` (or nil) ends it.
local function abandon(task, err)
  local source, subject = task.source, task.subject
  task.source, task.subject = false, false
  if source and source.abandon then source.abandon(subject, err) end
end

local function leave_group(task)
  local group = task.group
  if group.members[task] then
    group.members[task] = nil
    group.count = group.count - 1
  end
  if group.count > 0 then return end
  group.over = group ~= outside
  wake_waiters(group)
end

--- Wake those who wait for the task's end, unless they were woken.
local function tell_end(task)
  leave_group(task)
  wake_waiters(task)
end

local function finish(task, ok, ...)
  task.over = true
  if ok then
    task.n, task.results = select("#", ...), { ... }
    task.ok = true
  else
    fail(task, (...))
  end
  if task.has_failures then turns_left = 0 end -- nobody can handle them any more
  if task.source then abandon(task) end -- it died where it waits
  task.thread, task.args, task.spawner = false, false, false
  tell_end(task)
end

-- Waits by the event loop's own means --------------------------------------------------

-- The source of a task that waits so; its subject is the function that ends the wait.
local delegated_wait = { abandon = function(stop) stop() end }

local function make_ready(task)
  if not task.over then loop.make_ready(task) end
end

--- The task yielded `...`.  Does the adapter wait in its place?
local function is_delegated(task, ...)
  local delegate = loop.adapter.delegate
  if not delegate or select("#", ...) == 0 then return false end
  local function resume(...)
    if task.over then return end
    task.args = { n = select("#", ...), ... }
    task.source, task.subject = false, false
    make_ready(task)
    loop.adapter.arm()
  end
  local ok, stop = pcall(delegate, task.thread, resume, ...)
  if not ok then
    finish(task, false, stop)
  elseif stop then
    task.source, task.subject = delegated_wait, stop
  end
  return not ok or stop ~= nil
end

-- Turns --------------------------------------------------------------------------------

local function after_resume(task, before, args, ok, ...)
  loop.running = before
  if ok and (...) == SUSPENDED then return end
  if coroutine_status(task.thread) == "dead" then return finish(task, ok, ...) end
  if not ok then -- there was no room on the C stack: again, from further up
    task.args = args
    return make_ready(task)
  end
  task.yielded = true
  if not is_delegated(task, ...) then loop.make_ready_later(task) end
end

--- Resume the task's coroutine, if it can go on.  One that blocks below us on the
-- stack looks by itself.  One that the event loop waits for goes on when that is over.
function Task:take_turn()
  if self.over then return tell_end(self) end
  local thread = self.thread
  local status = coroutine_status(thread)
  if status ~= "suspended" then
    if status == "dead" then finish(self, false, "not enough memory") end -- in its last turn
    return
  end
  if self.source == delegated_wait then return end
  local before, args = loop.running, self.args
  loop.running = self
  if self.yielded then self.yielded = false end
  if not args then return after_resume(self, before, false, coroutine_resume(thread)) end
  self.args = false
  return after_resume(self, before, args, coroutine_resume(thread, unpack(args, 1, args.n)))
end

-- A task is the suspension of its own coroutine.
Task.wake = loop.make_ready

function Task.suspend()
  coroutine_yield(SUSPENDED)
end

--- A wait of the task has ended: raise if it was cancelled meanwhile.
function Task:resumed()
  local err = self.cancelled
  if not err then
    self.source, self.subject = false, false
    return
  end
  self.cancelled = false
  abandon(self, err)
  error(err, 0)
end

-- Life -----------------------------------------------------------------------------------

local function new_thread(f)
  local ok, thread = pcall(coroutine_create, f)
  if ok then return thread end
  return coroutine_create(function(...) return f(...) end) -- Lua 5.1 and a C function
end

--- A task that runs `f(...)` when its turn comes; in the group of the running task
-- unless another is given.
local function new_task(group, f, ...)
  local spawner = loop.current()
  group = group or spawner and spawner.group or outside
  local task = setmetatable({
    thread = new_thread(f),
    args = { n = select("#", ...), ... },
    group = group,
    spawner = spawner,
    -- Asked for in each turn:
    queued = false, source = false, subject = false,
    last_run = 0, -- see `hand_out` in loop.lua
  }, Task)
  if spawner and spawner.scope then task.scope = spawner.scope end
  group.members[task] = true
  group.count = group.count + 1
  loop.make_ready(task)
  loop.adapter.arm()
  return task
end

--- Somebody is going to hear of the task's end.
local function claim(task)
  task.waits = task.waits + 1
  if task.failure then task.failure.handled = true end
end

local await = waits_for(function(task) task.waits = task.waits - 1 end)

--- What the task's function returned.  Its error is raised as it was raised there, and
-- a task that fails of it has the traceback of where it came from.
local function outcome(task)
  if task.ok then return unpack(task.results, 1, task.n) end
  local waiter = loop.current()
  if waiter then waiter.passed, waiter.passed_trace = rawget(task, "err"), task.trace end
  error(rawget(task, "err"), 0)
end

--- Is it blocked below us on the stack, where Lua cannot yield?
function Task:waits_below()
  return self.thread and coroutine_status(self.thread) == "normal"
end

--- Wait for the task and return what its function returned, or raise its error.
function Task:wait()
  if not is_task(self) then error("task:wait: call it with a colon", 2) end
  if loop.current() == self then error("task:wait: a task cannot wait for itself", 2) end
  if self:waits_below() and not wait.can_suspend() then
    error("task:wait: that task is blocked until this one returns", 2)
  end
  claim(self)
  await(self)
  return outcome(self)
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

--- Is the error that ended it the one that cancelled it?
function Task:was_cancelled()
  return self.stopped and rawequal(rawget(self, "err"), self.stopped)
end

--- End the task: what it waits for is cancelled, and an error of kind "cancelled" is
-- raised where it waits.  Returns whether there was something to do.
function Task:cancel()
  if not is_task(self) then error("task:cancel: call it with a colon", 2) end
  if self.over then return false end
  self.stopped = self.stopped or core.failure("cancelled", "the task was cancelled")
  if loop.current() == self then error(self.stopped, 0) end
  if self.args or self.yielded then -- not started, or it yielded by itself
    local closed, err = close(self.thread) -- nothing is raised where it waits for nothing
    finish(self, false, closed == false and err or self.stopped)
    return true
  end
  self.cancelled = self.stopped
  make_ready(self)
  abandon(self, self.stopped)
  loop.adapter.arm()
  return true
end

function Task:__tostring()
  return "xai.task (" .. self:status() .. ")"
end

-- What users know of a task.
local KNOWN = { wait = true, status = true, traceback = true, cancel = true }

setmetatable(Task, {
  __index = function(_, name)
    local nothing = lazy_require "xai.runtime.unknown_name"("task", name, KNOWN)
    return nothing
  end,
})

-- Running --------------------------------------------------------------------------------

local tasks = {}

local function check_function(f, what)
  if type(f) ~= "function" then error(what .. ": expected a function, got " .. type(f), 3) end
end

--- Start a task: `f(...)` runs when its turn comes.
function tasks.spawn(f, ...)
  check_function(f, "xai.spawn")
  return new_task(nil, f, ...)
end

--- The same for a helper's task that no xai.run waits for.
function tasks.spawn_apart(f, ...)
  return new_task(outside, f, ...)
end

--- Call `f(task)` when the task has ended, with `ok`, `results` or `err` in it.  Its error
-- counts as told.  `f` must neither wait nor raise.
function tasks.on_end(task, f)
  claim(task)
  if task.over then return f(task) end
  add_waiter(task, { wake = function() f(task) end })
end

--- Cancel those of the list but the running one.  An error in one does not save the
-- others; the first error is raised in the end.
local function cancel_all(list)
  local running, problem = loop.current(), nil
  for i = 1, #list do
    if list[i] ~= running then
      local ok, err = pcall(Task.cancel, list[i])
      if not ok then problem = problem or { err } end
    end
  end
  if problem then error(problem[1], 0) end
end

local await_group = waits_for(function(group)
  local list = {}
  for task in pairs(group.members) do list[#list + 1] = task end
  cancel_all(list)
end)

--- Run `f(...)` as a task and return what it returns, or raise its error, once it and
-- all tasks that were spawned within have ended.
function tasks.run(f, ...)
  check_function(f, "xai.run")
  local group = new_group()
  local task = new_task(group, f, ...)
  claim(task)
  await_group(group)
  report_unhandled()
  return outcome(task)
end

-- Several ------------------------------------------------------------------

-- What `#` says of a list with holes differs from Lua to Lua, so that items
-- behind a hole would be left out silently.
local function find_hole(list)
  local count, last = 0, 0
  for key in pairs(list) do
    if type(key) == "number" then
      if key < 1 or key % 1 ~= 0 then return nil, key end
      count, last = count + 1, math_max(last, key)
    end
  end
  if count == last then return nil end
  local hole = 1
  while rawget(list, hole) ~= nil do hole = hole + 1 end
  return hole
end

local function check_holes(list, what, expected)
  if getmetatable(list) ~= nil then return end -- its items may be elsewhere
  local hole, odd = find_hole(list)
  if hole then error(string_format("%s: item %d must be %s, got nil", what, hole, expected), 4) end
  if odd then error(string_format("%s: a list begins at 1, got an item at %s", what, tostring(odd)), 4) end
end

local function check_names(list, what)
  for key in pairs(list) do
    if type(key) ~= "number" and key ~= "n" then -- table.pack has an `n`
      error(string_format("%s: expected a list, got a table with the key '%s'", what, tostring(key)), 4)
    end
  end
end

local function check_list(list, what)
  if type(list) ~= "table" then error(what .. ": expected a list of functions or tasks, got " .. type(list), 3) end
  check_names(list, what)
  check_holes(list, what, "a function or a task")
  for i = 1, #list do
    local item = list[i]
    if type(item) ~= "function" and not is_task(item) then
      error(string_format("%s: item %d must be a function or a task, got %s", what, i, type(item)), 3)
    end
    if item == loop.current() then error(what .. ": a task cannot wait for itself", 3) end
  end
end

--- One of them has ended: is that enough?
local function note_end(join, task)
  join.left = join.left - 1
  join.first = join.first or task
  if not task.ok then join.failed = join.failed or task end
  join.over = join.over or join.left == 0 or join.first_only or join.failed ~= nil
end

local function watch(join, task)
  claim(task)
  if task.over then return note_end(join, task) end
  add_waiter(task, {
    wake = function()
      note_end(join, task)
      if join.over then wake_waiters(join) end
    end,
  })
end

local await_join = waits_for(function(join) cancel_all(join.tasks) end)

local function begin_join(join, list)
  for i, item in ipairs(list) do
    join.tasks[i] = type(item) == "function" and tasks.spawn(item) or item
  end
  for _, task in ipairs(join.tasks) do watch(join, task) end
end

--- One more function to wait for, while not all have ended.
local function add_to_join(join, f)
  local i = #join.tasks + 1
  join.tasks[i] = tasks.spawn(f)
  join.left = join.left + 1
  watch(join, join.tasks[i])
end

local function new_join(first_only)
  return { tasks = {}, waiters = false, left = 0, over = false, first_only = first_only }
end

--- Wait until all of the list have ended, or one has failed, or, with
-- `first_only`, one has ended.
local function wait_for_several(join, list)
  join.left, join.over = #list, #list == 0
  local ok, err = pcall(begin_join, join, list)
  if not ok then
    cancel_all(join.tasks)
    error(err, 0)
  end
  await_join(join)
  return join
end

--- Wait for all of the list; an error cancels the others.
local function wait_for_all(join, list)
  wait_for_several(join, list)
  if not join.failed then return end
  cancel_all(join.tasks)
  outcome(join.failed)
end

--- Wait for all of them; a list of their first results.  When one fails the
-- others are cancelled and its error is raised.
function tasks.all(list)
  check_list(list, "xai.all")
  local join, results = new_join(), {}
  wait_for_all(join, list)
  for i, task in ipairs(join.tasks) do results[i] = task.results[1] end
  return results
end

--- Wait for the first of them that ends; what it returned, or its error
-- raised.  The others are cancelled.
function tasks.race(list)
  check_list(list, "xai.race")
  local join = wait_for_several(new_join(true), list)
  cancel_all(join.tasks)
  if not join.first then return nil end -- an empty list
  return outcome(join.first)
end

-- Items ---------------------------------------------------------------------

--- A function that gives the next item of a list and its index.
local function items_of_list(list)
  local last, count = 0, #list
  return function()
    if last >= count then return nil end
    last = last + 1
    return list[last], last
  end
end

local await_turn = waits_for()

--- The same of an iterator, which may wait: one task at a time asks it.
local function items_of_iterator(iterator)
  local last, asked, ended = 0, nil, false
  return function()
    while asked do await_turn(asked) end
    if ended then return nil end
    local turn = { waiters = false, over = false }
    asked = turn
    local item = iterator()
    asked, turn.over = nil, true
    last, ended = last + 1, item == nil
    wake_waiters(turn)
    return item, last
  end
end

local function is_callable(value)
  local meta = type(value) ~= "function" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and rawget(meta, "__call") ~= nil
end

local function check_limit(limit, needed)
  if limit == nil and needed then error("xai.map: an iterator needs a limit: how many items at once", 3) end
  if limit ~= nil and not (type(limit) == "number" and limit >= 1) then
    error("xai.map: the limit must be 1 or more", 3)
  end
end

--- The list of `f(item, index)` for each item of a list, or of an iterator, at
-- most `limit` at once (nothing: all of the list).  An error in one cancels the
-- others and is raised.
function tasks.map(list, f, limit)
  local iterates = is_callable(list)
  if not iterates and type(list) ~= "table" then
    error("xai.map: expected a list or an iterator, got " .. type(list), 2)
  end
  check_function(f, "xai.map")
  check_limit(limit, iterates)
  if not iterates then check_holes(list, "xai.map", "there") end
  local next_item = iterates and items_of_iterator(list) or items_of_list(list)
  local join, results, workers = new_join(), {}, {}
  local function work()
    local worker, grows = loop.current(), iterates
    while not worker.stopped do -- it may have survived its being cancelled
      local item, i = next_item()
      if item == nil then break end
      if grows and #join.tasks + 1 <= limit then add_to_join(join, work) end
      grows = false
      results[i] = f(item, i)
    end
  end
  -- Of an iterator nobody knows how many there will be: each brings the next.
  for i = 1, iterates and 1 or math_min(limit or #list, #list) do workers[i] = work end
  wait_for_all(join, workers)
  return results
end

-- Time -----------------------------------------------------------------------------------

local sleeping = {
  add = function(timer, waiter)
    timers.start(timer, waiter)
    return timer
  end,
  remove = timers.stop,
  needs_adding = true,
  alone = true,
}

local function has_fired(timer) return timer.fired end

--- Wait `seconds`, letting others go on; with 0 all that are ready have a turn.
function tasks.sleep(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 then
    error("xai.sleep: expected a number of seconds, got " .. loop.shown(seconds), 2)
  end
  local timer = { at = core.now() + seconds, fired = false }
  wait.until_ready(sleeping, timer, has_fired, timer)
end

kept["xai.runtime.task"] = tasks
return tasks
