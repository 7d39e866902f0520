--- xai.on_interrupt: lets the program go on where its function returns, and calls it each time.

local count = 0
xai.on_interrupt(function(err)
  count = count + 1
  print("heard " .. err.kind)
end)
for _ = 1, 3 do press() xai.sleep(0.01) end
show(count, type(client:chat(question())))
