--- Moments at which something is to be woken: a binary heap, earliest first.

local core = require "xai.core"

local timers = {}

local heap = {}

local function swap(i, j)
  heap[i], heap[j] = heap[j], heap[i]
end

local function rise(i)
  while i > 1 do
    local up = (i - i % 2) / 2
    if heap[up].at <= heap[i].at then return end
    swap(up, i)
    i = up
  end
end

local function sink(i)
  while true do
    local least = i
    for child = 2 * i, 2 * i + 1 do
      if heap[child] and heap[child].at < heap[least].at then least = child end
    end
    if least == i then return end
    swap(least, i)
    i = least
  end
end

local function pop()
  local first = heap[1]
  heap[1] = heap[#heap]
  heap[#heap] = nil
  if heap[1] then sink(1) end
  return first
end

--- Let the engine's descriptor and timeout tell of the earliest moment.
local function announce()
  core.wake_at(heap[1] and heap[1].at)
end

--- Call `wake()` at the moment `at` (of core.now).
function timers.add(at, wake)
  heap[#heap + 1] = { at = at, wake = wake }
  rise(#heap)
  announce()
end

--- Wake those whose moment has come.
function timers.serve()
  if not heap[1] then return end
  local now = core.now()
  while heap[1] and heap[1].at <= now do pop().wake() end
  announce()
end

function timers.any()
  return heap[1] ~= nil
end

return timers
