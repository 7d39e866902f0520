--- xai.on_interrupt: gives one back that was there before.

local uv = require "luv"
local signal = uv.new_signal()
signal:start("sigint", function() print "luv" end)
xai.on_interrupt(function() print "ours" end)
press()
xai.sleep(0.01)
xai.on_interrupt(nil)
press()
uv.run "nowait"
signal:close()
uv.run()
