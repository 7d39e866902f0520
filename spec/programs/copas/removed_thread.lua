--- xai.copas: lets the loop end when a thread that waits is removed, and ends what it waited for.

local call
local thread = copas.addthread(function()
  call = client:start("chat", question(), options "stall-before-head")
  call:wait()
  print "it was removed"
end)
copas.addthread(function()
  copas.sleep(0.05)
  copas.removethread(thread)
end)
copas.loop()
print(select(3, call:result()).kind, xai.active())
