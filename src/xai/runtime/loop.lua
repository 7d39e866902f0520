--- The loop: moves calls, runs callbacks, and resumes the coroutines that are ready.
--
-- Nothing runs by itself.  A blocking wait, xai.step, xai.update or an event loop
-- with an adapter drives the loop.
--
-- Adapters
-- --------
-- An adapter lets an event loop drive this one.  `loop.attach(adapter)` makes it the
-- adapter of the Lua state, in place of the one before; `loop.detach(adapter)` ends
-- that.  An adapter is a table with these functions; only the first is required.
--
--   arm()                     Called when a call was started or a coroutine became
--                             ready, in any code, also in callbacks of `drive`.  It
--                             must see to it that the event loop calls `loop.drive`
--                             soon.  It must not yield, and calls no function that
--                             runs code of the user.
--   after_run()               Called after each turn of callbacks and coroutines.
--                             Here the adapter can stop watching.
--   suspension()              Called where the running coroutine is about to wait.
--                             Returns a suspension, or nil where the coroutine must
--                             not be suspended: then the wait blocks.  Without this
--                             function any coroutine that can yield is suspended,
--                             and resumed within `drive`.
--   block(is_ready, ...)      Called where a wait cannot be suspended.  Returns when
--                             is_ready(...) is true; it should run the event loop
--                             meanwhile, with what `arm` watches.  is_ready may raise
--                             an error, which must go through.  Without this function
--                             the wait blocks on calls alone and the event loop stands
--                             still (`loop.block`).
--   delegate(thread, resume, ...)
--                             Called when a task has yielded `...` by itself.  If the
--                             event loop knows these values, the adapter waits in the
--                             task's place, calls resume(...) once with the results,
--                             and returns a function that ends the wait.  Returns nil
--                             for other values.  An error makes the task fail.
--   check_wait()              Called before a wait for a call blocks.  Raises an error
--                             where no wait is allowed.
--   is_restricted()           Returns true where no code of the user may run.
--   needs_turn()              Called between results that are here without a wait.
--                             Returns true if the event loop should have a turn.
--   yield_to_host()           Gives the event loop that turn.
--   report(text, is_note)     Shows a line about an error (or, with `is_note`, of
--                             `debug`).  Without this function it goes to stderr.
--   is_leaving                True where `block` only refuses, as the program ends.
--
-- A suspension has two methods.  `suspend(source, subject, ticket)` yields and returns
-- after `wake()`, which any code may call, more than once.  If the coroutine is never
-- to be resumed, the suspension calls source.remove(subject, ticket) and, where there
-- is one, source.abandon(subject).
--
-- What an adapter uses of the loop:
--
--   loop.drive(budget)        Moves calls, then runs callbacks and coroutines, for
--                             `budget` seconds at most (nil: all that are ready).
--                             Raises interrupts alone.
--   loop.collect(sockets)     Moves calls, serving so many sockets at most (nil: all).
--                             Runs no code of the user.
--   loop.run(budget, is_same_frame)
--                             Runs callbacks and coroutines, without moving calls.
--                             With `is_same_frame`, tasks that yielded by themselves
--                             since the last call have no turn.
--   loop.has_ready()          Can something run at once, without moving calls?
--   loop.is_busy()            Is a call in flight, a timer set, or something ready?
--   loop.is_needed()          Is there anybody to hand something to?
--   core.fd()                 The one descriptor to watch for reading, or nil: then
--                             `drive` should be called every 10 ms.  It is readable
--                             while there is something to do, timers included.
--   core.timeout()            Seconds until something is to be done, or nil.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.loop"] then return kept["xai.runtime.loop"] end

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local timers = require "xai.runtime.timers"

local error, getmetatable, next, pairs, pcall, rawequal, rawget, select, setmetatable, tostring, type, xpcall =
  error, getmetatable, next, pairs, pcall, rawequal, rawget, select, setmetatable, tostring, type, xpcall
local coroutine_running = coroutine.running
local core_ready = core.ready
local string_find, string_format = string.find, string.format

local unpack = environment.unpack

local loop = {
  adapter = nil, -- the attached one, or `loop.blocking`
  running = nil, -- the task whose code runs
  deadline = nil, -- while a frame is served: the moment of core.now at which it ends
  update_deadline = nil, -- the same, of the frame that xai.update serves
  checks_turns = false, -- has wait.check_turn something to look at?
  is_driven = false, -- did an event loop call us, and not code that waits?
  is_leaving = false, -- is the program about to end? (loop.leave)
  waits_blocked = 0, -- waits that block, one within the other
  serve_interrupt = nil, -- calls the function for interrupts if Ctrl-C was pressed
  settle = nil, -- takes over what has happened to guarded calls, see xai.client.gate
}

-- Queues and lists of waiters ----------------------------------------------------

local function new_queue() return { first = 1, last = 0 } end

local function append(queue, value)
  local last = queue.last + 1
  queue[last] = value
  queue.last = last
end

local function take(queue)
  local first = queue.first
  local value = queue[first]
  if value == nil then return nil end
  queue[first] = nil
  if first == queue.last then queue.first, queue.last = 1, 0 else queue.first = first + 1 end
  return value
end

-- Objects with a method `wake`, in the order in which they came.
local Waiters = {}
Waiters.__index = Waiters

--- Add a waiter and return what `remove` takes.
function Waiters:add(waiter)
  local place = self.last + 1
  self[place] = waiter
  self.last = place
  return place
end

function Waiters:remove(place)
  self[place] = nil
end

--- Wake all of them; then the list is empty.
function Waiters:wake()
  local first, last = self.first, self.last
  self.first = last + 1
  for place = first, last do
    local waiter = self[place]
    self[place] = nil
    if waiter then waiter:wake() end
  end
end

--- An empty list of waiters.
function loop.new_waiters()
  return setmetatable({ first = 1, last = 0 }, Waiters)
end

-- Requests -----------------------------------------------------------------------

-- request -> the function to call whenever the request is ready.
local handlers = {}

-- request -> what to wake once the request is ready: a suspension or a list of them.
local waiting = {}

-- Requests that are ready and could not be handed out where they were found.
local postponed = new_queue()

local is_running = false -- is code of a run on the stack?

local function postpone(request)
  append(postponed, request)
  if not is_running then timers.hurry(true) end -- `run` does it at its end
end

--- Call `handler()` whenever `request` is ready.
function loop.watch(request, handler)
  handlers[request] = handler
  if request:watch() then postpone(request) end
  loop.adapter.arm()
end

--- Hand out the request later, where code of the user may run.
function loop.postpone(request)
  postpone(request)
  loop.adapter.arm()
end

--- Call its handler no more.
function loop.forget(request)
  handlers[request] = nil
  if not waiting[request] then request:unwatch() end
end

--- Wake the suspension once, when `request` is ready.
function loop.add_waiter(request, suspension)
  local present = waiting[request]
  if not present then
    waiting[request] = suspension
  else
    if getmetatable(present) ~= Waiters then
      local list = loop.new_waiters()
      list:add(present)
      waiting[request], present = list, list
    end
    present:add(suspension)
  end
  if request:watch() then postpone(request) end
  return suspension
end

--- Wake it no more.
function loop.remove_waiter(request, suspension)
  local present = waiting[request]
  if not present then return end -- it was woken
  if present == suspension then
    waiting[request] = nil
    return
  end
  if getmetatable(present) ~= Waiters then return end
  local left = 0
  for place = present.first, present.last do
    if present[place] == suspension then present[place] = nil end
    if present[place] then left = left + 1 end
  end
  if left == 0 then waiting[request] = nil end
end

-- Coroutines ---------------------------------------------------------------------

-- What can go on, in order: objects with a field `queued` and a method `take_turn`.
local ready = new_queue()

-- What yielded by itself: it goes on in the next step or frame.
local later = new_queue()

-- The request and the object whose turn it is.
local current_request, current_object

--- Give the object a turn, if it waits for none yet.
function loop.make_ready(object)
  if object.queued then return end
  object.queued = true
  append(ready, object)
  if not is_running then timers.hurry(true) end -- `run` does it at its end
end

--- The same in the next step or frame.
function loop.make_ready_later(object)
  if object.queued then return end
  object.queued = true
  append(later, object)
end

--- The task whose code is asking.  None in the main program, whose callbacks an
-- event loop may run while a task runs that loop.
function loop.current()
  local task = loop.running
  if not task then return nil end
  local thread, is_main = coroutine_running()
  if not thread or is_main then return nil end
  return task
end

-- State --------------------------------------------------------------------------

--- Is there something in the queues?  `with_later`: also what yielded by itself.
local function is_anything_queued(with_later)
  return ready.first <= ready.last or postponed.first <= postponed.last
    or with_later and later.first <= later.last
end

--- Can something run at once, without moving calls?
function loop.has_ready()
  return is_anything_queued(not loop.deadline) or loop.serve_interrupt ~= nil and core.interrupted()
end

--- Does anybody wait, or want to be called?
function loop.expects()
  return next(waiting) ~= nil or next(handlers) ~= nil or timers.any() or loop.has_ready()
end

--- Must calls be moved, as somebody expects something or connections come to rest?
function loop.is_needed()
  return loop.expects() or core.resting() > 0
end

--- Is a call in flight, a timer set, or something ready?
function loop.is_busy()
  return core.active() > 0 or core.timeout() ~= nil or loop.has_ready()
end

--- Is nothing left that could end a wait?
function loop.is_idle()
  return core.active() == 0 and not (is_anything_queued(true) or loop.has_ready() or timers.any() or core.has_ready())
end

--- Is the frame's time used up?  Asked after each event and each turn.
local function is_late()
  local deadline = loop.deadline
  return deadline ~= nil and core.now() >= deadline
end
loop.is_late = is_late

local function look_at_checks()
  loop.checks_turns = loop.deadline ~= nil or loop.serve_interrupt ~= nil or loop.adapter.needs_turn ~= nil
end

--- Set the moment (of core.now) at which the frame ends, or nil: no frame.
function loop.set_deadline(moment)
  loop.deadline = moment
  look_at_checks()
end

-- Turns --------------------------------------------------------------------------

local after_run = {}

--- Call `f()` after each turn.
function loop.call_after_run(f)
  after_run[#after_run + 1] = f
end

local runs = 0 -- how often was `run_all` called?

--- Wake who waits for the request.  A task goes on at once, unless others are in line
-- for a turn, the request has a handler, which comes first, or the task has had its turn
-- in this run: with half an event here, it would have turns for ever.
local function hand_out(request)
  local waiter, handler = waiting[request], handlers[request]
  if waiter then
    waiting[request] = nil
    local last_run = waiter.last_run
    if last_run and last_run ~= runs and not handler and ready.last == 0 and not waiter.queued then
      waiter.last_run = runs
      current_object = waiter
      waiter:take_turn()
      current_object = nil
    else
      waiter:wake()
    end
  end
  if handler then handler() end
end

--- What is postponed meanwhile has its turn in the next run.
local function hand_out_requests()
  local left = postponed.last - postponed.first + 1
  repeat
    local request
    if left > 0 then
      left, request = left - 1, take(postponed)
    else
      request = core_ready()
    end
    if not request then return end
    current_request = request
    hand_out(request)
    current_request = nil
  until loop.deadline and is_late()
end

--- What yielded by itself is ready again.
local function begin_frame()
  while true do
    local object = take(later)
    if not object then return end
    append(ready, object)
  end
end

--- Resume what is ready now.  What becomes ready meanwhile has its turn in the next
-- run.  A turn may run this function again within.
local function resume_ready()
  timers.serve()
  if not loop.deadline then begin_frame() end
  for _ = ready.first, ready.last do
    local object = take(ready)
    if not object then return end
    object.queued = false
    current_object = object
    object:take_turn()
    current_object = nil
    if is_late() then return end
  end
end

--- A frame that is late serves one request and one coroutine all the same, so that
-- nobody waits for ever.
local function run_all()
  runs = runs + 1
  if loop.settle then loop.settle() end
  if loop.serve_interrupt then loop.serve_interrupt() end
  hand_out_requests()
  resume_ready()
  for i = 1, #after_run do after_run[i]() end
end

--- Run what is ready.  Callbacks do not belong to a task that blocks meanwhile.
-- After an interrupt, or without memory, who had a turn has another.
local function run()
  local running, was_running, request, object = loop.running, is_running, current_request, current_object
  loop.running, is_running, current_request, current_object = nil, true, nil, nil
  local ok, err = pcall(run_all)
  if current_request then append(postponed, current_request) end
  if current_object and not current_object.queued then loop.make_ready(current_object) end
  loop.running, is_running, current_request, current_object = running, was_running, request, object
  timers.hurry(is_anything_queued(true))
  if not ok then error(err, 0) end
  local adapter = loop.adapter
  if adapter.after_run then adapter.after_run() end
end

local function step(seconds)
  if loop.has_ready() then seconds = 0 end
  core.step(seconds)
  run()
end

--- xai.step: move what can be moved, waiting at most `seconds` (nil: 0) for
-- something to happen; then run the callbacks and tasks that are ready.
function loop.step(seconds)
  if seconds ~= nil and not (type(seconds) == "number" and seconds >= 0) then
    error("xai.step: expected a number of seconds, got " .. loop.shown(seconds), 2)
  end
  local driven = loop.is_driven
  loop.is_driven = false
  local ok, err = pcall(step, seconds)
  loop.is_driven = driven
  if not ok then error(loop.interruption(err), 0) end
end

--- The same without code of the user: callbacks and tasks have their turn later.
function loop.step_alone(seconds)
  core.step(seconds)
  if loop.settle then loop.settle(true) end
  for request in core.ready do append(postponed, request) end
  timers.serve()
end

-- An interrupt within `drive` that whoever blocks is to raise.
local pending_interrupt

--- Raise what an interrupt has left for whoever blocks.
function loop.raise_pending()
  if not pending_interrupt then return end
  local err = pending_interrupt[1]
  pending_interrupt = nil
  error(err, 0)
end

local function traceback(err)
  return { err = err, text = environment.traceback(loop.describe(err), 2) }
end

--- See the top of this file.
function loop.collect(sockets)
  core.step(0, sockets)
end

--- See the top of this file.
function loop.run(budget, is_same_frame)
  local deadline, driven = loop.deadline, loop.is_driven
  if not is_same_frame then begin_frame() end
  loop.set_deadline(budget and core.now() + budget)
  loop.is_driven = true
  local ok, problem = xpcall(run, traceback)
  loop.set_deadline(deadline)
  loop.is_driven = driven
  if ok then return end
  if type(problem) ~= "table" then problem = { err = problem, text = problem } end -- no memory for `traceback`
  if not loop.is_interrupt(problem.err) then return loop.report(problem.err, problem.text) end
  if loop.waits_blocked == 0 then error(problem.err, 0) end
  pending_interrupt = { problem.err }
end

--- See the top of this file.
function loop.drive(budget)
  loop.collect()
  loop.run(budget)
end

-- Frames -------------------------------------------------------------------------

-- So many sockets are served between looks at the clock.  Each may cost a
-- connection, or bring a large piece of an answer.
local PORTION = 8

-- The last event or task begins within this share of the budget, as it takes its
-- time, too.
local SHARE = 0.75

local function serve_frame()
  begin_frame()
  repeat
    local moved = core.step(0, PORTION)
    local had = core.has_ready() or loop.has_ready()
    run()
  until loop.is_late() or not (moved or had or core.has_ready() or loop.has_ready() or timers.are_due())
end

--- xai.update: serve one frame, which runs what is ready for `budget_ms`
-- milliseconds (nil: 2).  What is left goes on in the next frame.
function loop.update(budget_ms)
  if budget_ms ~= nil and not (type(budget_ms) == "number" and budget_ms >= 0) then
    error("xai.update: expected a number of milliseconds, got " .. loop.shown(budget_ms), 2)
  end
  local deadline, update_deadline = loop.deadline, loop.update_deadline
  loop.set_deadline(core.now() + SHARE * (budget_ms or 2) / 1000)
  loop.update_deadline = loop.deadline
  local ok, err = pcall(serve_frame)
  loop.set_deadline(deadline)
  loop.update_deadline = update_deadline
  if not ok then error(loop.interruption(err), 0) end
end

-- Adapters -----------------------------------------------------------------------

-- A blocking wait ends now and then by itself, so that the interpreter's hook for
-- Ctrl-C can run: another thread of the process may have caught the signal.
local SLICE = 0.5

--- Block until is_ready(...) is true.  Nothing but this loop moves meanwhile, so a
-- wait for nothing in flight is an error.
function loop.block(is_ready, ...)
  while not is_ready(...) do
    if loop.is_idle() then error("xai: this wait cannot end, nothing is under way", 0) end
    step(SLICE)
  end
end

local function nothing() end

--- The adapter where no event loop is attached: every wait blocks, except in tasks.
loop.blocking = { arm = nothing, suspension = nothing, block = loop.block }
loop.adapter = loop.blocking

--- Make `adapter` the one that is used; see the top of this file.
function loop.attach(adapter)
  loop.adapter = adapter
  look_at_checks()
  if loop.is_busy() then adapter.arm() end
end

--- Use it no more.  Nothing happens if another one was attached meanwhile.
function loop.detach(adapter)
  if loop.adapter ~= adapter then return end
  loop.adapter = loop.blocking
  look_at_checks()
end

--- Has an event loop been attached?
function loop.is_attached()
  return loop.adapter ~= loop.blocking
end

--- A stream was read to its end.  Its connection comes to rest by itself, which the
-- event loop has to watch.  What it cost is told.
function loop.watch_resting()
  if loop.settle then loop.settle() end
  if loop.is_attached() and core.resting() > 0 then loop.adapter.arm() end
end

--- The program is about to end, and callbacks that run now never return.  The
-- outcomes of their requests are handed out, too.
function loop.leave()
  loop.is_leaving = true
  for request in pairs(handlers) do append(postponed, request) end
end

-- Interrupts ---------------------------------------------------------------------

local on_interrupt -- the user's function
local is_serving_interrupt = false
local raised_by_function -- { what it has raised }

--- Call the function if Ctrl-C was pressed.  Its error goes to whoever waits, or is
-- reported where an event loop drives.  Pressed again while the function runs, it is
-- served when that has returned.
local function serve_interrupt()
  if is_serving_interrupt or not core.interrupted(true) then return end
  is_serving_interrupt = true
  raised_by_function = nil
  local ok, err = pcall(on_interrupt, core.failure("cancelled", "interrupted"))
  is_serving_interrupt = false
  if ok then return end
  if loop.is_driven and loop.waits_blocked == 0 then
    return loop.report(err, loop.describe(err), "function for interrupts")
  end
  raised_by_function = { err }
  error(err, 0)
end

--- xai.on_interrupt: call `f(err)` when Ctrl-C is pressed, in place of what the host
-- does then; nil restores that.  Returns the function that was set before.  The
-- signal's handler, in C, only notes it and wakes whoever waits.
function loop.on_interrupt(f)
  if f ~= nil and type(f) ~= "function" then
    error("xai.on_interrupt: expected a function or nil, got " .. type(f), 2)
  end
  local before = on_interrupt
  core.listen(f ~= nil)
  on_interrupt = f
  loop.serve_interrupt = f and serve_interrupt or nil
  look_at_checks()
  loop.adapter.arm()
  return before
end

--- Is it the error that the interpreter lua raises for Ctrl-C?
local function is_raised_by_lua(err)
  return type(err) == "string" and string_find(err, "interrupted!", -12, true) ~= nil
end

--- Is it that error, or one that the library or the function for interrupts has made
-- of it?
function loop.is_interrupt(err)
  if is_raised_by_lua(err) then return true end
  if raised_by_function and rawequal(raised_by_function[1], err) then return true end
  return type(err) == "table" and rawget(err, "kind") == "cancelled" and rawget(err, "message") == "interrupted"
end

--- The error with which a wait ends: Ctrl-C is of kind "cancelled" in every host.
-- The interpreter's handler works once; after this the next Ctrl-C is heard, too.
function loop.interruption(err)
  if not is_raised_by_lua(err) then return err end
  core.rearm()
  return core.failure("cancelled", "interrupted")
end

-- Errors in code of the user -------------------------------------------------------

--- Show a line about an error or, with `is_note`, of `debug`.
function loop.say(text, is_note)
  local report = loop.adapter.report
  if report then return report(text, is_note) end
  environment.complain(text)
end

--- Tell of an error that a callback raised, or a task that nobody waits for:
-- `xai.on_error(err, traceback)`, or a line on stderr.  `origin` says what raised it.
function loop.report(err, text, origin)
  local xai = environment.loaded.xai -- requiring it from here would be a circle
  if type(xai) ~= "table" then xai = kept.xai end
  local on_error = type(xai) == "table" and xai.on_error
  local told, problem = false, nil
  if on_error then told, problem = pcall(on_error, err, text) end
  if told then return end
  local words = string_format("xai: error in a %s: %s", origin or "callback", text)
  if problem then words = words .. "\n(and xai.on_error raised: " .. loop.describe(problem) .. ")" end
  loop.say(words)
end

--- What was given in place of a usable number: that number, or its type.
function loop.shown(value)
  return type(value) == "number" and tostring(value) or type(value)
end

--- An error as text, whatever it is.
function loop.describe(err)
  if type(err) == "string" then return err end
  local ok, text = pcall(tostring, err)
  return ok and type(text) == "string" and text or "an error that has no text"
end

local passes_arguments = select(2, xpcall(function(given) return given end, traceback, true))

--- xpcall for Lua 5.1.
local function xpcall_with_arguments(f, handler, ...)
  local n, args = select("#", ...), { ... }
  return xpcall(function() return f(unpack(args, 1, n)) end, handler)
end

local protected = passes_arguments and xpcall or xpcall_with_arguments

--- Is the error, which goes no further, the one that cancels the running task?  Then
-- the task's next wait raises it again.
local function is_cancelling(err)
  local task = loop.running
  if not task or not task.stopped or not rawequal(err, task.stopped) then return false end
  task.cancelled = err
  return true
end

-- The core calls functions that give keys.  The failure of the call does not quote
-- their errors, which may hold a key.
core.on_key_error(function(err)
  if is_cancelling(err) then return true end
  loop.report(err, loop.describe(err), "function for a key")
  return false
end)

--- Run a callback of the user.  An error in it is reported and disturbs nobody.  An
-- interrupt is meant for the program, so it goes on to whoever waits.
function loop.callback(f, ...)
  local ok, problem = protected(f, traceback, ...)
  if ok then return end
  -- Without memory `traceback` is not called: the problem is the error itself.
  if type(problem) ~= "table" then return loop.report(problem, problem, "callback") end
  if is_cancelling(problem.err) then return end
  if loop.is_interrupt(problem.err) then error(problem.err, 0) end
  loop.report(problem.err, problem.text, "callback")
end

kept["xai.runtime.loop"] = loop
return loop
