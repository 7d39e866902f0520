--- Timers: a binary heap, the earliest first.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.timers"] then return kept["xai.runtime.timers"] end

local core = require "xai.core"

local timers = {}

local heap = {}
local added = 0 -- timers of one moment fire in the order in which they were started
local hurried = false

local function put(i, timer)
  heap[i] = timer
  timer.place = i
end

local function is_before(a, b)
  return a.at < b.at or a.at == b.at and a.order < b.order
end

local function rise(timer, i)
  while i > 1 do
    local up = (i - i % 2) / 2
    if is_before(heap[up], timer) then break end
    put(i, heap[up])
    i = up
  end
  put(i, timer)
end

local function sink(timer, i)
  while true do
    local child = 2 * i
    if heap[child + 1] and is_before(heap[child + 1], heap[child]) then child = child + 1 end
    if not heap[child] or is_before(timer, heap[child]) then break end
    put(i, heap[child])
    i = child
  end
  put(i, timer)
end

local function take_out(timer)
  local i, last = timer.place, heap[#heap]
  timer.place = nil
  heap[#heap] = nil
  if last == timer then return end
  rise(last, i)
  sink(last, last.place)
end

-- Later than this is never: the clock of the core counts in integers.
local NEVER = 1e12

--- Let the engine's descriptor and timeout tell of the earliest moment.
local function announce()
  local at = hurried and 0 or heap[1] and heap[1].at
  core.wake_at(at and at < NEVER and at or nil)
end

--- Wake `waiter` (by its method `wake`) at the moment timer.at (of core.now).
function timers.start(timer, waiter)
  added = added + 1
  timer.waiter, timer.order, timer.fired = waiter, added, false
  rise(timer, #heap + 1)
  if heap[1] == timer then announce() end
end

--- Stop the timer; nothing happens when it has fired.
function timers.stop(timer)
  if not timer.place then return end
  local was_first = heap[1] == timer
  take_out(timer)
  if was_first then announce() end
end

--- Fire those whose moment has come.
function timers.serve()
  if not heap[1] then return end
  local now, some = core.now(), false
  while heap[1] and heap[1].at <= now do
    local timer = heap[1]
    take_out(timer)
    timer.fired, some = true, true
    timer.waiter:wake()
  end
  if some then announce() end
end

--- Is something to be done at once, whatever the timers say?
function timers.hurry(now)
  if hurried == now then return end
  hurried = now
  announce()
end

--- Has the moment of one come?
function timers.are_due()
  return heap[1] ~= nil and heap[1].at <= core.now()
end

--- Is there a timer?
function timers.any()
  return heap[1] ~= nil
end

kept["xai.runtime.timers"] = timers
return timers
