--- xai.await(start): wait for something that calls back.

local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local error, select, type = error, select, type

local unpack = environment.unpack

-- What is waited for is a table: over, n (values were given) and the values, waiters.

local source = {
  add = function(call, waiter) return call.waiters:add(waiter) end,
  remove = function(call, ticket) call.waiters:remove(ticket) end,
  abandon = function(call) call.over = true end,
}

local function is_over(call) return call.over end

--- Note what was called back with, and wake whoever waits.  A host's own callbacks run
-- beside an attached event loop, which would sleep on: it is told.
local function finish(call, ...)
  if call.over then return end
  call.over, call.n = true, select("#", ...)
  for i = 1, call.n do call[i] = (select(i, ...)) end
  call.waiters:wake()
  loop.adapter.arm()
end

--- Call `start(done)`, which begins something, and wait until `done(...)` is called.
-- Returns what that was given.  Within a task or a coroutine of an attached event loop
-- the others go on; elsewhere the wait blocks and drives everything, as a call does.
-- `done` may be called at once, later from any callback, and more than once: only the
-- first counts.  It does nothing after the task has gone.
-- @param start a function; an error that it raises is raised here
return function(start)
  if type(start) ~= "function" then error("xai.await: expected a function, got " .. type(start), 2) end
  local call = { over = false, n = 0, waiters = loop.new_waiters() }
  start(function(...) finish(call, ...) end)
  wait.until_ready(source, call, is_over, call)
  return unpack(call, 1, call.n)
end
