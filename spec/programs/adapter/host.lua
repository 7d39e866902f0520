--- host.lua - a small event loop, and its adapter as the top of src/xai/runtime/loop.lua describes it.

-- luacheck: globals toy

include "spec/programs/common.lua"

local core = require "xai.core"
local loop = require "xai.runtime.loop"

local SLEEP = {} -- what the loop's coroutines yield

-- The loop: `sleepers` are { at, resume }; `watched` is called when the descriptor is readable.
toy = { sleepers = {}, watched = nil, ticks = 0 }

function toy.sleep(seconds)
  return coroutine.yield(SLEEP, seconds)
end

local function go_on(thread, ...)
  local ok, mark, seconds = coroutine.resume(thread, ...)
  if not ok then error(mark, 0) end
  if mark ~= SLEEP then return end -- it waits for something else, or has ended
  toy.sleepers[#toy.sleepers + 1] = { at = core.now() + seconds, resume = function(...) go_on(thread, ...) end }
end

--- Run `f(...)` as a coroutine of the loop.
function toy.start(f, ...)
  go_on(coroutine.create(f), ...)
end

local function wake_sleepers()
  local due, now = {}, core.now()
  for i = #toy.sleepers, 1, -1 do
    if toy.sleepers[i].at <= now then table.insert(due, 1, table.remove(toy.sleepers, i)) end
  end
  for _, sleeper in ipairs(due) do sleeper.resume "slept" end
end

local function time_left()
  local left = 0.05
  for _, sleeper in ipairs(toy.sleepers) do left = math.min(left, sleeper.at - core.now()) end
  return math.max(left, 0)
end

--- One turn: poll the descriptor, then call what is due.
function toy.turn()
  toy.ticks = toy.ticks + 1
  local fd = core.fd()
  if fd then
    if core.await(fd, time_left()) and toy.watched then toy.watched() end
  else
    core.step(0.01)
    if toy.watched then toy.watched() end
  end
  wake_sleepers()
end

--- Run until nothing is watched and nobody sleeps.
function toy.run()
  while toy.watched or toy.sleepers[1] do toy.turn() end
end

local is_turning = false

local function on_readable()
  is_turning = true
  loop.drive(0.01)
  is_turning = false
end

local adapter = {}

function adapter.arm()
  toy.watched = on_readable
end

function adapter.after_run()
  if not loop.is_busy() then toy.watched = nil end
end

function adapter.block(is_ready, ...)
  if is_turning then return loop.block(is_ready, ...) end
  adapter.arm()
  while not is_ready(...) do toy.turn() end
end

function adapter.delegate(_, resume, mark, seconds)
  if mark ~= SLEEP then return nil end
  local sleeper = { at = core.now() + seconds, resume = resume }
  toy.sleepers[#toy.sleepers + 1] = sleeper
  return function() sleeper.at, sleeper.resume = 0, function() end end
end

loop.attach(adapter)
