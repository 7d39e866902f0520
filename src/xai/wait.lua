--- Who waits for a request, and how.

local pump = require "xai.pump"

-- A signal may be caught by another thread of the process, so the wait ends
-- now and then by itself: the interpreter's Ctrl-C hook runs in between.
local SLICE = 0.5

local function block(request, ready)
  while not ready(request) do pump.step(SLICE) end
end

--- Wait until `ready(request)` is true.  Whatever interrupts the wait ends
-- the request: nobody is left to read its answer.
return function(request, ready)
  local ok, err = pcall(block, request, ready)
  if ok then return end
  request:cancel()
  error(err, 0)
end
