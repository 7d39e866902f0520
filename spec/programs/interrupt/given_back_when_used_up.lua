--- xai.on_interrupt: gives it back to the interpreter also where that has just used it up.

show(not pcall(function() press() for _ = 1, 1e9 do local _ = {} end end))
xai.on_interrupt(function() print "heard" end)
press()
xai.sleep(0.01)
xai.on_interrupt(nil)
press_soon()
show(pcall(xai.sleep, 60))
