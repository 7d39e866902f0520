--- copas: in its coroutines, calls wait without blocking the others.
--
-- Copas does not tell which coroutines are its own, so this module marks them when they
-- are added: require it before.  One thread of ours, the driver, watches the library's
-- descriptor as if it were a socket, while something is expected.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.copas"] then return kept["xai.copas"] end

local copas = require "copas"
local core = require "xai.core"
local loop = require "xai.runtime.loop"
local timers = require "xai.runtime.timers"
local wait = require "xai.runtime.wait"

local error, pairs, setmetatable, tostring, type = error, pairs, setmetatable, tostring, type
local coroutine_running, coroutine_yield = coroutine.running, coroutine.yield
local math_huge, math_max, math_min = math.huge, math.max, math.min

if not copas.addnamedthread then
  error("xai.copas: copas 4 or newer is needed, this is " .. tostring(copas._VERSION), 0)
end

local INTERVAL = 0.01 -- seconds after which the driver polls where there is no descriptor

local is_marked = setmetatable({}, { __mode = "k" })
local function mark(f)
  if type(f) == "thread" then is_marked[f] = true end
  if type(f) ~= "function" then return f end
  return function(...)
    is_marked[coroutine_running()] = true
    return f(...)
  end
end

local add_named, add_server, remove_thread, cancel_all, wake_up, set_timeout =
  copas.addnamedthread, copas.addserver, copas.removethread, copas.cancelall, copas.wakeup, copas.timeout

function copas.addserver(server, handler, ...)
  return add_server(server, mark(handler), ...)
end

function copas.addnamedthread(name, handler, ...) -- addthread calls it
  if type(name) == "function" then name, handler = handler, name end -- as older versions allow
  return add_named(name, mark(handler), ...)
end

local suspended, is_driving = 0, false -- how many coroutines wait for us; is there a driver?

-- What copas takes for a socket: it has nothing to read when it is asked first, and
-- something once copas has found its descriptor readable.
local door = { asked = false, dirty = function() return false end, close = function() end }

function door.getfd() return core.fd() or -1 end

function door.receive(self)
  self.asked = not self.asked
  if self.asked then return nil, "timeout" end
  return true
end

local function drive()
  local fd = core.fd()
  repeat
    door.asked = false
    if fd then copas.receive(door) else copas.sleep(math_min(core.timeout() or INTERVAL, INTERVAL)) end
    loop.drive()
  until not (suspended > 0 or loop.is_needed())
  is_driving = false
end

local function start_driver()
  if is_driving then return end
  is_driving = true
  add_named("xai", drive)
end

--- Let the driver look again.
local function wake_driver()
  if is_driving then timers.hurry(true) end
end

-- The suspension of a thread: called, was it woken?; removed, by copas.removethread;
-- thread, itself while it sleeps; and while it waits source, subject and ticket.
local Suspension = {}
Suspension.__index = Suspension

local suspensions = setmetatable({}, { __mode = "k" }) -- by thread

local function suspension_of(thread)
  local own = suspensions[thread] or setmetatable({ waits = false, called = false }, Suspension)
  suspensions[thread] = own
  return own
end

local function leave(own)
  own.waits, own.source, own.subject, own.ticket = false, nil, nil, nil
  suspended = suspended - 1
  if suspended == 0 then wake_driver() end
end

--- The thread is not going to be resumed any more: nobody waits.
local function give_up(own)
  local source, subject, ticket = own.source, own.subject, own.ticket
  own.thread = nil
  leave(own)
  if source then source.remove(subject, ticket) end
  if source and source.abandon then source.abandon(subject) end
end

function Suspension:suspend(source, subject, ticket)
  self.waits, self.source, self.subject, self.ticket = true, source, subject, ticket
  suspended = suspended + 1
  start_driver()
  if self.removed then give_up(self) end -- by itself; copas drops it now
  while not self.called do
    self.thread = coroutine_running()
    copas.sleep(-1)
    self.thread = nil
  end
  self.called = false
  leave(self)
end

function Suspension:wake()
  local was_called = self.called
  self.called = true
  if self.thread and not was_called then wake_up(self.thread) end
end

function copas.removethread(thread)
  remove_thread(thread)
  if not is_marked[thread] then return end
  local own = suspension_of(thread)
  own.removed = true
  if own.waits then give_up(own) end
end

copas.cancelall = cancel_all and function(...) -- all threads are gone, the driver, too
  cancel_all(...)
  is_driving = false
  for _, own in pairs(suspensions) do
    if own.waits then give_up(own) end
  end
end

-- A thread of copas, the stand-in, waits in the place of a task that yielded to copas.
-- Coroutine of a task -> its stand-in while that sleeps: thread, asleep, called, stopped.
local stand_ins = setmetatable({}, { __mode = "k" })
-- The same -> the timeout that it has set: at (of core.now), callback.
local timeouts = setmetatable({}, { __mode = "k" })

--- Wait in the place of the task with the coroutine `task_thread`, whose timeout is set
-- for the stand-in.
local function stand_in(own, task_thread, resume, what, queue)
  own.thread, own.asleep = coroutine_running(), true
  local timeout = timeouts[task_thread]
  if timeout then
    set_timeout(math_max(timeout.at - core.now(), 0.001), function() timeout.callback(task_thread) end)
  end
  if not own.called and not own.stopped then coroutine_yield(what, queue) end
  if timeout then set_timeout(0) end
  own.asleep = false
  resume()
  if type(what) ~= "number" then copas.sleep(0) end -- its end would close the socket
end

local adapter = { arm = start_driver }
--- Only coroutines of copas are suspended.
function adapter.suspension()
  local thread = coroutine_running()
  if not thread or not is_marked[thread] or not wait.is_yieldable() then return nil end
  return suspension_of(thread)
end

function adapter.block(is_ready, ...)
  loop.block(is_ready, ...)
  wake_driver()
end

--- Threads of copas yield what they wait for, a number of seconds or a socket, and the
-- queue of copas that it belongs to.
function adapter.delegate(thread, resume, what, queue)
  if type(queue) ~= "table" or type(queue.push) ~= "function" then return nil end
  local own = { asleep = false, called = false, stopped = false }
  if type(what) == "number" then
    stand_ins[thread] = own
  elseif timeouts[thread] then -- copas would resume the task's coroutine by itself
    error("xai: a task cannot wait for a socket of copas's that has a timeout; a thread of copas's can", 0)
  end
  local function go_on()
    if stand_ins[thread] == own then stand_ins[thread] = nil end
    resume()
  end
  add_named("xai", function() stand_in(own, thread, go_on, what, queue) end)
  return function()
    own.stopped = true
    if own.asleep then remove_thread(own.thread) end
  end
end

function copas.wakeup(thread)
  local own = stand_ins[thread]
  if not own then return wake_up(thread) end
  own.called = true
  if own.asleep then wake_up(own.thread) end
end

function copas.timeout(delay, callback)
  local task, thread = loop.running, coroutine_running()
  if not task or task.thread ~= thread then return set_timeout(delay, callback) end
  local is_set = callback and delay > 0 and delay < math_huge
  timeouts[thread] = is_set and { at = core.now() + delay, callback = callback } or nil
end

loop.attach(adapter)

kept["xai.copas"] = { attached = true }
return kept["xai.copas"]
