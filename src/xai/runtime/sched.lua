--- The scheduler: running tasks, and waiting for several of them.
--
-- Nothing runs by itself: tasks go on within xai.run, xai.step, xai.update,
-- or an attached event loop.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.sched"] then return kept["xai.runtime.sched"] end

local core = require "xai.core"
local pump = require "xai.runtime.loop"
local tasks = require "xai.runtime.task"
local timers = require "xai.runtime.timers"
local unheard = require "xai.runtime.unheard"
local wait = require "xai.runtime.wait"
local wakers = require "xai.runtime.wakers"

local collectgarbage, error, getmetatable, ipairs, pairs, pcall, rawget, tostring, type =
  collectgarbage, error, getmetatable, ipairs, pairs, pcall, rawget, tostring, type
local math_max, math_min = math.max, math.min
local string_format = string.format

local sched = {}

local function check_function(f, what)
  if type(f) ~= "function" then error(what .. ": expected a function, got " .. type(f), 3) end
end

--- Start a task: `f(...)` runs when its turn comes.
function sched.spawn(f, ...)
  check_function(f, "xai.spawn")
  return tasks.new(nil, f, ...)
end

--- Cancel those of the list but the running one.  What stands in the way of
-- one does not save the others.
local function cancel_all(list)
  local problem
  for i = 1, #list do
    local _, err = tasks.try_to_cancel(list[i])
    problem = problem or err
  end
  if problem then error(problem, 0) end
end

-- The members change while they are cancelled: so they are linked first, by
-- their field `peer`, as a list might find no memory.
local function cancel_group(group)
  local peer, problem = false, nil
  for task in pairs(group.members) do
    task.peer, peer = peer, task
  end
  while peer do
    local task = peer
    peer, task.peer = task.peer, false
    local _, err = tasks.try_to_cancel(task)
    problem = problem or err
  end
  if problem then error(problem, 0) end
end

local await_group = tasks.waits_for(cancel_group)

--- Run `f(...)` as a task and return what it returns, or raise its error,
-- once it and all tasks that were spawned within have ended.
function sched.run(f, ...)
  check_function(f, "xai.run")
  local group = tasks.new_group()
  local task = tasks.new(group, f, ...)
  tasks.claim(task)
  await_group(group)
  unheard.report()
  return tasks.outcome(task)
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
    if type(item) ~= "function" and not tasks.is_task(item) then
      error(string_format("%s: item %d must be a function or a task, got %s", what, i, type(item)), 3)
    end
    if item == pump.current() then error(what .. ": a task cannot wait for itself", 3) end
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
  tasks.claim(task)
  if task.over then return note_end(join, task) end
  local noted = false
  wakers.add(task.wakers, function()
    if not noted then note_end(join, task) end
    noted = true
    if join.over then tasks.wake_list(join) end
  end)
end

local await_join = tasks.waits_for(function(join) cancel_all(join.tasks) end)

local function begin_join(join, list)
  for i, item in ipairs(list) do
    join.tasks[i] = false -- there is room for it before it runs
    join.tasks[i] = type(item) == "function" and sched.spawn(item) or item
  end
  for _, task in ipairs(join.tasks) do watch(join, task) end
end

--- One more function to wait for, while not all have ended.
local function add_to_join(join, f)
  local i = #join.tasks + 1
  join.tasks[i] = false
  join.tasks[i] = sched.spawn(f)
  join.left = join.left + 1
  watch(join, join.tasks[i])
end

local function new_join(first_only)
  return { tasks = {}, wakers = {}, left = 0, over = false, first_only = first_only }
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
  tasks.outcome(join.failed)
end

--- Wait for all of them; a list of their first results.  When one fails the
-- others are cancelled and its error is raised.
function sched.all(list)
  check_list(list, "xai.all")
  local join, results = new_join(), {}
  wait_for_all(join, list)
  for i, task in ipairs(join.tasks) do results[i] = task.results[1] end
  return results
end

--- Wait for the first of them that ends; what it returned, or its error
-- raised.  The others are cancelled.
function sched.race(list)
  check_list(list, "xai.race")
  local join = wait_for_several(new_join(true), list)
  cancel_all(join.tasks)
  if not join.first then return nil end -- an empty list
  return tasks.outcome(join.first)
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

local await_turn = tasks.waits_for()

--- The same of an iterator, which may wait: one task at a time asks it.
local function items_of_iterator(iterator)
  local last, asked, ended = 0, nil, false
  return function()
    while asked do await_turn(asked) end
    if ended then return nil end
    local turn = { wakers = {}, over = false }
    asked = turn
    local item = iterator()
    asked, turn.over = nil, true
    last, ended = last + 1, item == nil
    tasks.wake_list(turn)
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
function sched.map(list, f, limit)
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
    local worker, grows = pump.current(), iterates
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

-- Time ---------------------------------------------------------------------

local bells = {
  add = function(bell, wake)
    return timers.add(bell.at, function()
      bell.rung = true
      wake()
    end)
  end,
  remove = function(_, timer) timers.remove(timer) end,
  rings = true, -- also where the wait blocks
  alone = true,
}

local function has_rung(bell) return bell.rung end

--- Wait `seconds`, letting others go on; with 0 all that are ready have a turn.
function sched.sleep(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 then
    error("xai.sleep: expected a number of seconds, got " .. pump.shown(seconds), 2)
  end
  local bell = { at = core.now() + seconds }
  wait.until_ready(bells, bell, has_rung, bell)
end

-- How many sockets are served before the clock is looked at: each may cost a
-- connection, or bring a large piece of an answer.
local PORTION = 8

local function serve_frame()
  tasks.begin_frame()
  repeat
    local moved = core.step(0, PORTION)
    local had = core.has_ready() or pump.has_ready()
    pump.hand_out()
  until pump.is_late() or not (moved or had or core.has_ready() or pump.has_ready() or timers.are_due())
end

-- By default one step of 5.4's collector looks at 100,000 things, which takes
-- up to 14 ms: within a frame its steps are 25 times shorter, which still goes
-- through memory four times faster than it is taken. (Its generational mode has
-- no steps; there the number means nothing.  Steps of 5.5 are short by default.)
local SHORT_STEPS = 4
local collector = _VERSION == "Lua 5.4" and collectgarbage

local function shorten_steps()
  if not collector then return end
  local usual = collector("setstepmul", SHORT_STEPS)
  if usual < SHORT_STEPS then collector("setstepmul", usual) end
  return usual
end

--- Steps as they were, unless somebody set them meanwhile.
local function restore_steps(usual)
  if not collector then return end
  local now = collector("setstepmul", usual)
  if now ~= SHORT_STEPS then collector("setstepmul", now) end
end

-- The last event or task begins within this share of the budget: it takes its
-- time, too, and the collector may have its longest step within it.
local SHARE = 0.75

--- Serve one frame: run what is ready, within `budget_ms` milliseconds.
-- What is left goes on in the next frame.
function sched.update(budget_ms)
  if budget_ms ~= nil and not (type(budget_ms) == "number" and budget_ms >= 0) then
    error("xai.update: expected a number of milliseconds, got " .. pump.shown(budget_ms), 2)
  end
  local before = pump.deadline
  pump.deadline = core.now() + SHARE * (budget_ms or 2) / 1000
  local usual = shorten_steps()
  local ok, err = pcall(serve_frame)
  restore_steps(usual)
  pump.deadline = before
  if not ok then error(pump.interruption(err), 0) end
end

kept["xai.runtime.sched"] = sched
return sched
