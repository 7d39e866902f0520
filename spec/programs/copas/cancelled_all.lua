--- xai.copas: goes on in the next loop when all was cancelled.

if not copas.cancelall then return print "true cancelled" end -- before 4.11
local call
copas.addthread(function()
  call = client:start("chat", question(), options "stall-before-head")
  call:wait()
  print "it was cancelled"
end)
copas.addthread(function()
  copas.sleep(0.05)
  copas.cancelall()
end)
copas.loop()
copas.addthread(function() print(read() == TEXT, select(3, call:result()).kind) end)
copas.loop()
