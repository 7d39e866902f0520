--- xai.on_interrupt: leaves a handler alone that another one has set meanwhile.

local uv = require "luv"
xai.on_interrupt(function() print "never" end)
local signal = uv.new_signal()
signal:start("sigint", function() print "luv" end)
press()
uv.run "nowait"
xai.sleep(0.01)
xai.on_interrupt(nil)
press()
uv.run "nowait"
signal:close()
uv.run()
