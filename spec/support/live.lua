--- live.lua - nothing may be left over: how many clients and calls are alive.

local core = require("xai.core")

local jit = rawget(_G, "jit")

--- Collect what is dropped, then count.  A spec ends with `assert.equal(0, live())`.
return function()
  if jit then jit.flush() end -- compiled code keeps the objects that it saw
  collectgarbage()
  collectgarbage()
  return core.live()
end
