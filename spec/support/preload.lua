--- preload.lua - what all spec files share: one luv, and an end without leftovers.
--
-- busted gives each file its own copies of the modules it requires.  Loaded a
-- second time, the luv of Debian 12 crashes now and then on Lua 5.1 and 5.2.

require "luv"

local live = require "spec.support.live"

-- When all specs have run, their clients and calls are gone.
require("busted").subscribe({ "exit" }, function()
  local left = live()
  if left == 0 then return end
  print(left .. " clients and calls are still alive at the end")
  os.exit(1)
end)
