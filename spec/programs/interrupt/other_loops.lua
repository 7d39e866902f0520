--- xai.on_interrupt: another loop is told by xai.fd and xai.timeout.

xai.on_interrupt(function() print "heard" end)
if xai.fd() then xai.timeout() end
press()
print(("%d"):format(xai.timeout()))
xai.step(0)
print(xai.timeout())
