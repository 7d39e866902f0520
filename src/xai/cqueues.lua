--- cqueues: in its coroutines, calls wait without blocking the others.
--
-- `require "xai.cqueues"` is all there is to do.  A loop has a coroutine of
-- ours, the driver, while one of its coroutines waits for us, or something
-- that was started in it is under way; so a loop with nothing left may end.
-- What was started outside of all loops belongs to the next that needs us.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.cqueues"] then return kept["xai.cqueues"] end

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local core = require "xai.core"
local pump = require "xai.runtime.loop"
local environment = require "xai.runtime.environment"
local wait = require "xai.runtime.wait"
local yieldable = require "xai.runtime.yieldable"

local error, pairs, select, setmetatable = error, pairs, select, setmetatable
local coroutine_running, coroutine_yield = coroutine.running, coroutine.yield
local math_min = math.min

-- Where there is no descriptor to watch, the driver looks so often (seconds).
local INTERVAL = 0.01

-- With one it looks up so often, should anybody else have moved everything.
local LOOK = 1

local unpack = environment.unpack

-- Per loop: { parked = coroutines that wait for us, keeps = was something
-- started in it?, driver = its coroutine, or false; bell = rouses it }.
local loops = setmetatable({}, { __mode = "k" })

-- Was something started outside of all loops?
local unclaimed = false

local function state_of(loop)
  local state = loops[loop]
  if not state then
    state = { parked = 0, keeps = false, driver = false, bell = condition.new() }
    loops[loop] = state
  end
  return state
end

local function is_needed(state)
  if state.parked > 0 then return true end
  state.keeps = state.keeps and pump.is_needed()
  return state.keeps
end

--- Something has changed outside of a driver: let all of them look again.
local function rouse()
  for _, state in pairs(loops) do
    if state.driver then state.bell:signal() end
  end
end

--- Wait until there is something to do.
local function rest(state, door)
  if pump.has_ready() then return cqueues.sleep(0) end
  if door then return cqueues.poll(door, state.bell, LOOK) end
  cqueues.poll(state.bell, math_min(core.timeout() or INTERVAL, INTERVAL))
end

local function drive(state)
  state.driver = coroutine_running()
  local fd = core.fd()
  local door = fd and { pollfd = fd, events = "r" }
  while is_needed(state) do
    pump.drive()
    if is_needed(state) then rest(state, door) end
  end
  state.driver = false
  rouse() -- what held other loops may have ended with this step
end

local function start_driver(loop, state)
  if state.driver then return state.bell:signal() end
  state.driver = true -- until it runs
  loop:wrap(drive, state)
end

--- What was started must go on in the loop without being waited for.
local function keep(loop)
  local state = state_of(loop)
  state.keeps, unclaimed = true, false
  start_driver(loop, state)
end

-- thread -> { park, wake }
local means = setmetatable({}, { __mode = "k" })

local function new_means()
  local woken, called = condition.new(), false
  local function park()
    local loop = cqueues.running()
    local state = state_of(loop)
    state.parked = state.parked + 1
    state.keeps, unclaimed = state.keeps or unclaimed, false
    start_driver(loop, state)
    while not called do woken:wait() end
    called = false
    state.parked = state.parked - 1
    if state.parked == 0 then state.bell:signal() end
  end
  local function wake()
    called = true
    woken:signal()
  end
  return { park = park, wake = wake }
end

local host = {}

--- How the running coroutine is suspended: nil unless a loop resumed it.
function host.parker()
  local loop, direct = cqueues.running()
  if not loop or not direct or not yieldable() then return nil end
  local thread = coroutine_running()
  if thread == state_of(loop).driver then return nil end -- a callback that waits: who should move it?
  local own = means[thread] or new_means()
  means[thread] = own
  return own.park, own.wake
end

function host.block(ready, ...)
  wait.block(ready, ...)
  rouse()
end

--- The arguments of a poll and one more to wait for; `poll(nil)` waits for
-- nothing, and so it stays.
local function add_object(object, ...)
  local n, objects, waits = select("#", ...), { ... }, false
  for i = 1, n do waits = waits or objects[i] ~= nil end
  if waits then n, objects[n + 1] = n + 1, object end
  return unpack(objects, 1, n)
end

--- A task yielded: where it is a wait of cqueues's, a coroutine of the loop
-- waits in the task's place.
function host.adopt(_, go_on, token, ...)
  if token ~= cqueues._POLL then return nil end
  local loop = cqueues.running()
  if not loop then error("xai: a task can wait for what belongs to cqueues within a loop only", 0) end
  local bell, stopped = condition.new(), false
  loop:wrap(function(...)
    if not stopped then go_on(coroutine_yield(token, add_object(bell, ...))) end
  end, ...)
  return function()
    stopped = true
    bell:signal()
  end
end

--- Something was started.
local function started()
  local loop = cqueues.running()
  if loop then keep(loop) else unclaimed = true end
end

local run_loop
run_loop = cqueues.interpose("loop", function(self, ...)
  if unclaimed then keep(self) end
  return run_loop(self, ...)
end)

wait.host = host
pump.on_active = started

kept["xai.cqueues"] = { attached = true }
return kept["xai.cqueues"]
