--- xai.on_interrupt: in cqueues' loop: it is called, and its error is reported.

local loop = require("cqueues").new()
require "xai.cqueues"
xai.on_error = function() print "reported" end
loop:wrap(function()
  local call = client:start("chat", question(), silent)
  xai.on_interrupt(function() print "heard" call:cancel() error "mine" end)
  press_soon()
  print(select(3, call:wait()).kind)
end)
print(loop:loop())
