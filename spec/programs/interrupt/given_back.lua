--- xai.on_interrupt: nil gives it back to the interpreter, whose handler works each time, too.

local f, g = function() error "never" end, function() error "never" end
local a, b = xai.on_interrupt(f), xai.on_interrupt(g) == f
show(a, b, xai.on_interrupt(nil) == g, xai.on_interrupt(nil))
for _ = 1, 2 do
  press_soon()
  show(pcall(xai.sleep, 60))
end
show(not pcall(function() press() for _ = 1, 1e9 do local _ = {} end end))
