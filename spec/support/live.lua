--- live.lua - nothing may be left over: how many clients and calls are alive.

local core = require("xai.core")

--- Collect what is dropped, then count.  A spec ends with `assert.equal(0, live())`.
return function()
  collectgarbage()
  collectgarbage()
  return core.live()
end
