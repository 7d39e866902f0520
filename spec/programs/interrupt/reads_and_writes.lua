--- xai.on_interrupt: breaks off nothing that the program reads or writes meanwhile.

xai.on_interrupt(function() print "heard" end)
local slow = io.popen "sleep 0.3; echo line"
press_soon()
show(slow:read "*l")
slow:close()
xai.sleep(0.001)
local reader = io.popen("sleep 0.3; wc -c", "w")
press_soon()
reader:write(("x"):rep(200000))
reader:close()
xai.sleep(0.01)
