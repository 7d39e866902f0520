--- Moves everything, and hands out what came: callbacks first, then tasks.

local core = require "xai.core"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local pump = {
  deadline = nil, -- while a frame is served: when it must end (core.now)
  run_tasks = nil, -- set by the scheduler: resume what is ready
  has_tasks = nil, -- set by the scheduler: is a task ready?
}

-- request -> what to call when it has news: for good, and once.
local handlers = {}
local waiters = {}

--- Call `handler()` whenever something came for `request`.
function pump.watch(request, handler)
  handlers[request] = handler
  request:watch()
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
end

--- Move what can be moved, waiting at most `seconds` (nothing: not at all)
-- for something to happen; then run the callbacks and tasks that are due.
function pump.step(seconds)
  if pump.has_tasks and pump.has_tasks() then seconds = 0 end
  core.step(seconds)
  pump.hand_out()
end

local function traceback(err)
  return { err = err, text = debug.traceback(tostring(err), 2) }
end

--- Run a user's callback; an error in it is reported and disturbs nobody.
function pump.callback(f, ...)
  local n, args = select("#", ...), { ... }
  local ok, problem = xpcall(function() return f(unpack(args, 1, n)) end, traceback)
  if ok or pcall(pump.reporter, problem.err, problem.text) then return end
  io.stderr:write("xai: error in a callback: ", problem.text, "\n") -- the reporter failed, too
end

return pump
