--- cqueues: in its coroutines, calls wait without blocking the others.
--
-- `require "xai.cqueues"` is all there is to do.  A cqueues loop gets a coroutine of
-- ours, the driver, while one of its coroutines waits for a call, or something that
-- was started in it is in flight.  So a loop with nothing left may end.  What was
-- started outside of all loops belongs to the next loop that runs.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.cqueues"] then return kept["xai.cqueues"] end

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local core = require "xai.core"
local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local error, pairs, select, setmetatable = error, pairs, select, setmetatable
local coroutine_running, coroutine_yield = coroutine.running, coroutine.yield
local math_min = math.min

local unpack = environment.unpack

-- Without a descriptor to watch the driver polls so often (seconds).
local INTERVAL = 0.01

-- With one it looks up so often, should anybody else have moved everything.
local LOOK = 1

-- cqueues loop -> its state: suspended, how many coroutines wait for us; keeps, was
-- something started in it?; driver, its coroutine, or false; changed, which wakes that.
local states = setmetatable({}, { __mode = "k" })

-- Was something started outside of all loops?
local is_unclaimed = false

local function state_of(controller)
  local state = states[controller]
  if not state then
    state = { suspended = 0, keeps = false, driver = false, changed = condition.new() }
    states[controller] = state
  end
  return state
end

local function is_needed(state)
  if state.suspended > 0 then return true end
  state.keeps = state.keeps and loop.is_needed()
  return state.keeps
end

--- Let all drivers look again, as something has changed outside of them.
local function wake_drivers()
  for _, state in pairs(states) do
    if state.driver then state.changed:signal() end
  end
end

--- Wait until there is something to do.
local function rest(state, descriptor)
  if loop.has_ready() then return cqueues.sleep(0) end
  if descriptor then return cqueues.poll(descriptor, state.changed, LOOK) end
  cqueues.poll(state.changed, math_min(core.timeout() or INTERVAL, INTERVAL))
end

local function drive(state)
  state.driver = coroutine_running()
  local fd = core.fd()
  local descriptor = fd and { pollfd = fd, events = "r" }
  while is_needed(state) do
    loop.drive()
    if is_needed(state) then rest(state, descriptor) end
  end
  state.driver = false
  wake_drivers() -- what kept other loops may have ended with this step
end

local function start_driver(controller, state)
  if state.driver then return state.changed:signal() end
  state.driver = true -- until it runs
  controller:wrap(drive, state)
end

--- What was started goes on in this loop without being waited for.
local function keep(controller)
  local state = state_of(controller)
  state.keeps, is_unclaimed = true, false
  start_driver(controller, state)
end

-- The suspension of a coroutine: woken, a condition; called, was it woken?
local Suspension = {}
Suspension.__index = Suspension

function Suspension:suspend()
  local controller = cqueues.running()
  local state = state_of(controller)
  state.suspended = state.suspended + 1
  state.keeps, is_unclaimed = state.keeps or is_unclaimed, false
  start_driver(controller, state)
  while not self.called do self.woken:wait() end
  self.called = false
  state.suspended = state.suspended - 1
  if state.suspended == 0 then state.changed:signal() end
end

function Suspension:wake()
  self.called = true
  self.woken:signal()
end

-- coroutine -> its suspension
local suspensions = setmetatable({}, { __mode = "k" })

local adapter = {}

function adapter.arm()
  local controller = cqueues.running()
  if controller then keep(controller) else is_unclaimed = true end
end

--- Only a coroutine that a loop has resumed is suspended; not so the driver, whose
-- callbacks nobody else could move.
function adapter.suspension()
  local controller, direct = cqueues.running()
  if not controller or not direct or not wait.is_yieldable() then return nil end
  local thread = coroutine_running()
  if thread == state_of(controller).driver then return nil end
  local own = suspensions[thread]
  if not own then
    own = setmetatable({ woken = condition.new(), called = false }, Suspension)
    suspensions[thread] = own
  end
  return own
end

function adapter.block(is_ready, ...)
  loop.block(is_ready, ...)
  wake_drivers()
end

--- The arguments of a poll and one more to wait for.  `poll(nil)` waits for nothing,
-- and so it stays.
local function add_object(object, ...)
  local n, objects, waits = select("#", ...), { ... }, false
  for i = 1, n do waits = waits or objects[i] ~= nil end
  if waits then n, objects[n + 1] = n + 1, object end
  return unpack(objects, 1, n)
end

--- A wait of cqueues: a coroutine of the loop waits in the task's place.
function adapter.delegate(_, resume, token, ...)
  if token ~= cqueues._POLL then return nil end
  local controller = cqueues.running()
  if not controller then error("xai: a task can wait for what belongs to cqueues within a loop only", 0) end
  local stop, is_stopped = condition.new(), false
  controller:wrap(function(...)
    if not is_stopped then resume(coroutine_yield(token, add_object(stop, ...))) end
  end, ...)
  return function()
    is_stopped = true
    stop:signal()
  end
end

local run_loop
run_loop = cqueues.interpose("loop", function(self, ...)
  if is_unclaimed then keep(self) end
  return run_loop(self, ...)
end)

loop.attach(adapter)

kept["xai.cqueues"] = { attached = true }
return kept["xai.cqueues"]
