--- xai.on_interrupt: raises any error as it is, through callbacks and the waits in them.

xai.on_interrupt(function() error("mine", 0) end)
press()
show(pcall(xai.sleep, 60))
client:start("list_models", { on_done = function() press() xai.sleep(60) end })
show(pcall(function() while true do xai.step(1) end end))
xai.on_interrupt(function() error(42, 0) end)
press()
show(pcall(client.chat, client, question(), silent))
