--- Moves everything, and hands out what came: callbacks first, then tasks.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.loop"] then return kept["xai.runtime.loop"] end

local chain = require "xai.runtime.chain"
local core = require "xai.core"
local environment = require "xai.runtime.environment"
local timers = require "xai.runtime.timers"
local wakers = require "xai.runtime.wakers"

local error, next, pairs, pcall, rawequal, rawget, select, tostring, type, xpcall =
  error, next, pairs, pcall, rawequal, rawget, select, tostring, type, xpcall
local coroutine_running = coroutine.running
local string_find, string_format = string.find, string.format

local unpack = environment.unpack

local pump = {
  deadline = nil, -- while a frame is served: when it must end (core.now)
  running = nil, -- the task whose code runs
  run_tasks = nil, -- set by the scheduler: resume what is ready
  has_tasks = nil, -- set by the scheduler: is a task ready?
  run_parked = nil, -- set by xai.runtime.parking: resume the coroutines that were woken
  has_parked = nil, -- set by xai.runtime.parking: is there one?
  leaving = nil, -- is the program about to end? (pump.leave)
  on_active = nil, -- set by an adapter: something was started that nobody may wait for
  handed_out = nil, -- set by an adapter: called after each handing out
  tell = nil, -- set by an adapter: (words, are they no error?), where they go, if not to stderr
  serve_interrupt = nil, -- set by xai.runtime.interrupt: call the user's function if Ctrl-C was pressed
  interrupt_error = nil, -- { what that function raised last }
  driven = false, -- did somebody's event loop call us, and not code that waits?
  begin_frame = nil, -- set by the scheduler: tasks that yielded by themselves are ready again
}

-- request -> what to call when it has news: for good, and once.
local handlers = {}
local waiters = {}

-- Requests with news that could not be handed out where they were found.
local postponed = chain()

local function postpone(request)
  postponed:append { request = request, next = false }
end

local function take_postponed()
  local first = postponed:take()
  return first and first.request
end

--- The task whose code is asking; none in the main program, whose callbacks an
-- event loop may run while the task runs that loop.
function pump.current()
  local task = pump.running
  if not task then return nil end
  local thread, is_main = coroutine_running()
  if not thread or is_main then return nil end
  return task
end

--- Call `handler()` whenever something came for `request`.
function pump.watch(request, handler)
  handlers[request] = handler
  if request:watch() then postpone(request) end
  if pump.on_active then pump.on_active() end
end

--- What came for the request is handed out later, where user's code may run.
function pump.postpone(request)
  postpone(request)
  if pump.on_active then pump.on_active() end
end

--- The program is about to end, and no callback that is under way returns: also
-- its request's outcome is to be handed out.
function pump.leave()
  pump.leaving = true
  for request in pairs(handlers) do postpone(request) end
end

function pump.forget(request)
  handlers[request] = nil
  if not waiters[request] then request:unwatch() end
end

--- Call `wake()` once, when something has come for `request`.
function pump.wake_for(request, wake)
  local list = waiters[request]
  if not list then
    list = {}
    waiters[request] = list
  end
  wake = wakers.add(list, wake)
  if request:watch() then postpone(request) end
  return wake
end

--- Do not call `wake()` any more.
function pump.let_sleep(request, wake)
  local list = waiters[request]
  if not list then return end
  wakers.remove(list, wake)
  if wakers.is_empty(list) then waiters[request] = nil end
end

-- The request whose news are being handed out: should there be no memory for
-- that, it is done the next time.
local current

local function wake_all(request)
  local list = waiters[request]
  if list then wakers.wake(list) end
  waiters[request] = nil
end

--- Is there anybody to whom something will be handed out?
function pump.expects()
  return next(handlers) ~= nil or next(waiters) ~= nil or timers.any() or pump.has_ready()
end

--- Must somebody move things, although nobody may wait for them?
function pump.is_needed()
  return pump.expects() or core.resting() > 0
end

--- A stream was read to its end: its connection comes to rest by itself.
function pump.settle()
  if pump.on_active and core.resting() > 0 then pump.on_active() end
end

--- Is there something that could be handed out now, but for what the core has?
function pump.has_ready()
  return current ~= nil or postponed.first ~= false or pump.has_tasks ~= nil and pump.has_tasks()
    or pump.has_parked ~= nil and pump.has_parked() or pump.serve_interrupt ~= nil and core.interrupted()
end

-- After so many events or tasks of a frame the allocator's housekeeping is done:
-- left to itself, it takes several milliseconds at once.
local PIECEMEAL = 16
local served = 0

--- Is the frame's time used up?  Asked after each event and each task.
function pump.is_late()
  if not pump.deadline then return false end
  served = served + 1
  if served % PIECEMEAL == 0 then core.tidy() end
  return core.now() >= pump.deadline
end

local function tell(request)
  local handler = handlers[request]
  if handler then handler() end
  wake_all(request)
end

-- What is told may hand out others within.
local function hand_out_one()
  local request = current or take_postponed() or core.ready()
  if not request then return false end
  current = request
  local ok, err = pcall(tell, request)
  if current == request then current = nil end
  if ok then return true end
  if current then postpone(request) else current = request end
  error(err, 0)
end

local function hand_out_all()
  if pump.serve_interrupt then pump.serve_interrupt() end
  repeat until not hand_out_one() or pump.is_late()
  if pump.run_tasks then pump.run_tasks() end
  if pump.run_parked then pump.run_parked() end
end

--- Hand out what the last step brought.  A frame that is late serves one
-- request and one task all the same, so that nobody is kept waiting for ever.
function pump.hand_out()
  local running = pump.running
  pump.running = nil -- callbacks are no part of a task that blocks meanwhile
  local ok, err = pcall(hand_out_all)
  pump.running = running
  if not ok then error(err, 0) end -- there was no memory
  if pump.handed_out then pump.handed_out() end
end

local function step(seconds)
  if pump.has_ready() then seconds = 0 end
  core.step(seconds)
  pump.hand_out()
end

--- Move what can be moved, waiting at most `seconds` (nothing: not at all)
-- for something to happen; then run the callbacks and tasks that are due.
function pump.step(seconds)
  if seconds ~= nil and not (type(seconds) == "number" and seconds >= 0) then
    error("xai.step: expected a number of seconds, got " .. pump.shown(seconds), 2)
  end
  local driven = pump.driven
  pump.driven = false
  local ok, err = pcall(step, seconds)
  pump.driven = driven
  if not ok then error(pump.interruption(err), 0) end
end

--- The same for an event loop, which could do nothing with an error.
function pump.drive()
  local driven = pump.driven
  pump.driven = true
  local ok, err = pcall(step, 0)
  pump.driven = driven
  if not ok then error(err, 0) end -- there was no memory
end

--- The same, but nobody's code runs: callbacks and tasks have their turn later.
function pump.step_alone(seconds)
  core.step(seconds)
  for request in core.ready do postpone(request) end
  timers.serve()
end

--- Tell of an error that a callback raised, or a task that nobody waits for:
-- `xai.on_error(err, traceback)`, or words on stderr.
function pump.report(err, traceback, where)
  local xai = environment.loaded.xai -- to require it from here would be a circle
  if type(xai) ~= "table" then xai = kept.xai end
  local on_error = type(xai) == "table" and xai.on_error
  local told, problem = false, nil
  if on_error then told, problem = pcall(on_error, err, traceback) end
  if told then return end
  local words = string_format("xai: error in a %s: %s", where or "callback", traceback)
  if problem then words = words .. "\n(and xai.on_error raised: " .. pump.describe(problem) .. ")" end
  if pump.tell then return pump.tell(words) end
  environment.complain(words)
end

--- What was given in place of a number: a number that is none of use, or its type.
function pump.shown(value)
  return type(value) == "number" and tostring(value) or type(value)
end

--- An error as text, whatever it is.
function pump.describe(err)
  if type(err) == "string" then return err end
  local ok, text = pcall(tostring, err)
  return ok and type(text) == "string" and text or "an error that has no text"
end

local function traceback(err)
  return { err = err, text = environment.traceback(pump.describe(err), 2) }
end

local passes_arguments = select(2, xpcall(function(given) return given end, traceback, true))

local function protected(f, ...)
  if passes_arguments then return xpcall(f, traceback, ...) end
  local n, args = select("#", ...), { ... } -- Lua 5.1
  return xpcall(function() return f(unpack(args, 1, n)) end, traceback)
end

--- Is the error, which goes no further, that of the running task's being
-- cancelled?  Then its next wait raises it again.
local function is_cancelling(err)
  local task = pump.running
  if not task or not task.stopped or not rawequal(err, task.stopped) then return false end
  task.cancelled = err
  return true
end

-- Functions that give keys are called by the core, and fail there. The call's
-- failure does not hold their words, which may hold a key.
core.on_key_error(function(err)
  if is_cancelling(err) then return true end
  pump.report(err, pump.describe(err), "function for a key")
  return false
end)

--- Is it what the interpreter lua raises where Ctrl-C was pressed?
local function is_raised_by_lua(err)
  return type(err) == "string" and string_find(err, "interrupted!", -12, true) ~= nil
end

--- Is it that, or what we or the function for interrupts have made of it?
function pump.is_interrupt(err)
  if is_raised_by_lua(err) then return true end
  if pump.interrupt_error and rawequal(pump.interrupt_error[1], err) then return true end
  return type(err) == "table" and rawget(err, "kind") == "cancelled" and rawget(err, "message") == "interrupted"
end

local is_interrupt = pump.is_interrupt

--- The error with which a wait ends: Ctrl-C is of kind "cancelled" in every host.
-- The interpreter's handler works once; whoever catches this hears of the next, too.
function pump.interruption(err)
  if not is_raised_by_lua(err) then return err end
  core.rearm()
  return core.failure("cancelled", "interrupted")
end

--- Is it an error after which the same may succeed: for lack of memory, or since
-- Ctrl-C was pressed?
function pump.is_passing(err)
  return is_interrupt(err) or type(err) == "string" and string_find(err, "not enough memory", 1, true) ~= nil
end

--- Run a user's callback; an error in it is reported and disturbs nobody.  Ctrl-C
-- is meant for the program, so it goes on to whoever waits.
function pump.callback(f, ...)
  local ok, problem = protected(f, ...)
  if ok then return end
  -- Without memory `traceback` is not called: the problem is the error itself.
  if type(problem) ~= "table" then return pump.report(problem, problem, "callback") end
  if is_cancelling(problem.err) then return end
  if is_interrupt(problem.err) then error(problem.err, 0) end
  pump.report(problem.err, problem.text, "callback")
end

kept["xai.runtime.loop"] = pump
return pump
