--- xai.on_interrupt: calls it once for what was pressed while the program did other things.

local count = 0
xai.on_interrupt(function() count = count + 1 end)
press()
for _ = 1, 3 do xai.sleep(0.001) end
print(count)
