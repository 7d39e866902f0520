--- copas: in its coroutines, calls wait without blocking the others.
--
-- `require "xai.copas"` before threads and servers are added: copas does not
-- tell which coroutines are its own, so we listen when they are added.  One
-- thread of ours, the driver, watches the engine's one descriptor as if it
-- were a socket, while somebody waits for something; then the loop may end.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.copas"] then return kept["xai.copas"] end

local copas = require "copas"
local core = require "xai.core"
local pump = require "xai.runtime.loop"
local environment = require "xai.runtime.environment"
local timers = require "xai.runtime.timers"
local wait = require "xai.runtime.wait"
local yieldable = require "xai.runtime.yieldable"

local error, ipairs, pairs, setmetatable, type = error, ipairs, pairs, setmetatable, type
local coroutine_running, coroutine_yield = coroutine.running, coroutine.yield
local math_huge, math_min = math.huge, math.min

-- Where there is no descriptor to watch, the driver looks so often (seconds).
local INTERVAL = 0.01

-- Since 2.1 copas can put a coroutine to sleep and wake it; 1.x cannot.
local can_sleep = copas.sleep ~= nil and copas.wakeup ~= nil

-- ---- Which coroutines are copas's -------------------------------------------

local known = setmetatable({}, { __mode = "k" })

local function mark(f)
  if type(f) == "thread" then known[f] = true end
  if type(f) ~= "function" then return f end
  return function(...)
    known[coroutine_running()] = true
    return f(...)
  end
end

local add_thread = copas.addthread
local add_named = copas.addnamedthread
local add_server = copas.addserver
local remove_thread = copas.removethread
local cancel_all = copas.cancelall
local wake_up = copas.wakeup
local set_timeout = copas.timeout

function copas.addserver(server, handler, ...)
  return add_server(server, mark(handler), ...)
end

if add_named then -- addthread calls it
  function copas.addnamedthread(name, handler, ...)
    if type(name) == "function" then name, handler = handler, name end -- as once was usual
    return add_named(name, mark(handler), ...)
  end
else
  function copas.addthread(handler, ...)
    return add_thread(mark(handler), ...)
  end
end

--- A thread of ours.
local function add_own(f)
  if add_named then return add_named("xai", f) end
  return add_thread(f)
end

-- ---- The driver -------------------------------------------------------------

local parked = 0 -- coroutines that wait for us
local driving = false

-- Coroutines of copas 1.x that are to be resumed.
local woken = {}

local function is_needed()
  return parked > 0 or pump.is_needed()
end

-- What copas takes for a socket: it has nothing to read when it is asked, and
-- something once copas has found its descriptor ready.
local bell = { asked = false }

function bell.getfd() return core.fd() or -1 end

function bell.dirty() return false end

function bell.close() end

function bell.receive(self)
  self.asked = not self.asked
  if self.asked then return nil, "timeout" end
  return true
end

--- Wait until there is something to do.
local function rest(fd)
  if not fd then return copas.sleep(math_min(core.timeout() or INTERVAL, INTERVAL)) end
  bell.asked = false
  copas.receive(bell)
end

--- Let the driver look again.
local function rouse()
  if driving then timers.hurry(true) end
end

local function resume_woken()
  local list = woken
  woken = {}
  for _, thread in ipairs(list) do add_thread(thread) end
end

local function drive()
  local fd = core.fd()
  repeat
    rest(fd)
    pump.drive()
    resume_woken()
    timers.hurry(pump.has_ready() or woken[1] ~= nil)
  until not is_needed()
  driving = false
end

local function start_driver()
  if driving then return end
  driving = true
  add_own(drive)
end

-- ---- Waiting ----------------------------------------------------------------

-- The queue that copas 1.x puts a coroutine into which waits for us: none.
local nowhere = {}

function nowhere.insert() end

function nowhere.push() end

local function sleep_until_woken(own)
  while not own.called do
    own.thread = coroutine_running()
    if can_sleep then copas.sleep(-1) else coroutine_yield(nowhere, nowhere) end
    own.thread = nil
  end
  own.called = false
end

local function call(own)
  local news = not own.called
  own.called = true
  if not news or not own.thread then return end
  if can_sleep then return wake_up(own.thread) end
  woken[#woken + 1] = own.thread
  rouse()
end

-- thread -> { park, wake, called, removed; thread = itself while it is asleep;
-- source, subject, ticket = what it waits for, while it does }
local means = setmetatable({}, { __mode = "k" })

local function enter(own, source, subject, ticket)
  own.waits, own.source, own.subject, own.ticket = true, source, subject, ticket
  parked = parked + 1
  start_driver()
end

local function leave(own)
  own.waits, own.source, own.subject, own.ticket = false, nil, nil, nil
  parked = parked - 1
  if parked == 0 then rouse() end
end

--- The thread is not going to be resumed any more: nobody waits.
local function give_up(own)
  local source, subject, ticket = own.source, own.subject, own.ticket
  own.thread = nil
  leave(own)
  if source then source.remove(subject, ticket) end
  if source and source.abandon then source.abandon(subject) end
end

local function new_means()
  local own = {}
  function own.park(subject, source, ticket)
    enter(own, source, subject, ticket)
    if own.removed then give_up(own) end -- by itself; copas drops it now
    sleep_until_woken(own)
    leave(own)
  end
  function own.wake() call(own) end
  return own
end

local function means_of(thread)
  local own = means[thread] or new_means()
  means[thread] = own
  return own
end

if remove_thread then
  function copas.removethread(thread)
    remove_thread(thread)
    if not known[thread] then return end
    local own = means_of(thread)
    own.removed = true
    if own.waits then give_up(own) end
  end
end

if cancel_all then -- threads are gone, the driver, too
  function copas.cancelall(...)
    cancel_all(...)
    driving = false
    for _, own in pairs(means) do
      if own.waits then give_up(own) end
    end
  end
end

local host = {}

--- How the running coroutine is suspended: nil unless copas runs it.
function host.parker()
  local thread = coroutine_running()
  if not thread or not known[thread] or not yieldable() then return nil end
  if not can_sleep and not core.fd() then return nil end
  local own = means_of(thread)
  return own.park, own.wake
end

function host.block(ready, ...)
  wait.block(ready, ...)
  rouse()
end

-- ---- Tasks that wait by copas's means ----------------------------------------

-- A thread of copas's, the stand-in, waits in the place of the task's coroutine.
-- Task's coroutine -> { thread, asleep, called, stopped } while it sleeps.
local stand_ins = setmetatable({}, { __mode = "k" })

local end_sleep = remove_thread or wake_up

--- All that copas's threads yield is something and the queue that it belongs to.
local function is_queue(value)
  return type(value) == "table" and type(value.insert) == "function" and type(value.push) == "function"
end

--- Older ones close the socket at the end of a thread that was resumed for it:
-- so it does not end there.
local function let_go()
  if can_sleep then copas.sleep(0) else coroutine_yield(nowhere, nowhere) end
end

local function stand_in(own, go_on, what, queue)
  own.thread, own.asleep = coroutine_running(), true
  if not own.called and not own.stopped then coroutine_yield(what, queue) end
  own.asleep = false
  go_on()
  if type(what) ~= "number" then let_go() end
end

--- A task yielded: where it is a wait of copas's, a stand-in takes it over.
function host.adopt(thread, go_on, what, queue)
  if not is_queue(queue) then return nil end
  local own = { asleep = false, called = false, stopped = false }
  if type(what) == "number" then stand_ins[thread] = own end
  local function over()
    if stand_ins[thread] == own then stand_ins[thread] = nil end
    go_on()
  end
  add_own(function() stand_in(own, over, what, queue) end)
  return function()
    own.stopped = true
    if own.asleep and end_sleep then end_sleep(own.thread) end
  end
end

if wake_up then
  function copas.wakeup(thread)
    local own = stand_ins[thread]
    if not own then return wake_up(thread) end
    own.called = true
    if own.asleep then wake_up(own.thread) end
  end
end

--- Does the callback resume the coroutine that set it, whatever that waits for?
-- Those of copas's sockets do; others call copas.wakeup.
local function is_of_socket(callback)
  return callback ~= nil and environment.getinfo ~= nil
    and environment.getinfo(callback, "S").source == environment.getinfo(set_timeout, "S").source
end

if set_timeout then
  function copas.timeout(delay, callback)
    local task = pump.running
    if task and task.thread == coroutine_running() and delay > 0 and delay < math_huge and is_of_socket(callback) then
      error("xai: a task cannot wait for a socket of copas's that has a timeout; a thread of copas's can", 0)
    end
    return set_timeout(delay, callback)
  end
end

wait.host = host
pump.on_active = start_driver

kept["xai.copas"] = { attached = true }
return kept["xai.copas"]
