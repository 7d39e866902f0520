--- Moves everything, and hands out what came for calls that have callbacks.

local core = require "xai.core"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local pump = {}

-- request -> the function to call when it has news; keeps both alive.
local handlers = {}

--- Call `handler()` whenever something came for `request`.
function pump.watch(request, handler)
  handlers[request] = handler
  request:watch()
end

function pump.forget(request)
  handlers[request] = nil
end

local function hand_out()
  local request = core.ready()
  while request do
    local handler = handlers[request]
    if handler then handler() end
    request = core.ready()
  end
end

--- Move what can be moved, waiting at most `seconds` (nothing: not at all)
-- for something to happen; then run the callbacks that are due.
function pump.step(seconds)
  core.step(seconds)
  hand_out()
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
