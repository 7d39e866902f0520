--- Moves everything, and hands out what came: callbacks first, then tasks.

local core = require "xai.core"
local timers = require "xai.timers"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local pump = {
  deadline = nil, -- while a frame is served: when it must end (core.now)
  run_tasks = nil, -- set by the scheduler: resume what is ready
  has_tasks = nil, -- set by the scheduler: is a task ready?
  run_parked = nil, -- set by xai.parking: resume the coroutines that were woken
  has_parked = nil, -- set by xai.parking: is there one?
  on_active = nil, -- set by an adapter: something was started that nobody may wait for
  handed_out = nil, -- set by an adapter: called after each handing out
}

-- request -> what to call when it has news: for good, and once.
local handlers = {}
local waiters = {}

--- Call `handler()` whenever something came for `request`.
function pump.watch(request, handler)
  handlers[request] = handler
  request:watch()
  if pump.on_active then pump.on_active() end
end

function pump.forget(request)
  handlers[request] = nil
end

--- Call `wake()` once, when something has come for `request`.
function pump.wake_for(request, wake)
  local list = waiters[request]
  if list then
    list[#list + 1] = wake
    return
  end
  waiters[request] = { wake }
  request:watch()
end

local function wake_all(request)
  local list = waiters[request]
  waiters[request] = nil
  for i = 1, list and #list or 0 do list[i]() end
end

--- Is there anybody to whom something will be handed out?
function pump.expects()
  if next(handlers) or next(waiters) or timers.any() then return true end
  return pump.has_tasks ~= nil and pump.has_tasks()
end

--- Is there a task or a coroutine that could go on now?
function pump.has_ready()
  return pump.has_tasks ~= nil and pump.has_tasks() or pump.has_parked ~= nil and pump.has_parked()
end

--- Is the frame's time used up?
function pump.is_late()
  return pump.deadline ~= nil and core.now() >= pump.deadline
end

--- Hand out what the last step brought.  A handler that is late leaves its
-- request in the queue again.
function pump.hand_out()
  while not pump.is_late() do
    local request = core.ready()
    if not request then break end
    local handler = handlers[request]
    if handler then handler() end
    wake_all(request)
  end
  if pump.run_tasks then pump.run_tasks() end
  if pump.run_parked then pump.run_parked() end
  if pump.handed_out then pump.handed_out() end
end

--- Move what can be moved, waiting at most `seconds` (nothing: not at all)
-- for something to happen; then run the callbacks and tasks that are due.
function pump.step(seconds)
  if pump.has_ready() then seconds = 0 end
  core.step(seconds)
  pump.hand_out()
end

local function traceback(err)
  return { err = err, text = debug.traceback(tostring(err), 2) }
end

--- Tell the user of an error that nobody waits for.
function pump.report(err, text)
  if pcall(pump.reporter, err, text) then return end
  io.stderr:write("xai: error in a callback: ", text, "\n") -- the reporter failed, too
end

--- Run a user's callback; an error in it is reported and disturbs nobody.
function pump.callback(f, ...)
  local n, args = select("#", ...), { ... }
  local ok, problem = xpcall(function() return f(unpack(args, 1, n)) end, traceback)
  if not ok then pump.report(problem.err, problem.text) end
end

return pump
