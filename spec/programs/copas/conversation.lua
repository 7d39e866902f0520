--- client:conversation within copas: two threads, one after the other.

local talk = client:conversation { model = "grok-4.20-0309-non-reasoning" }
copas.addthread(function() print((talk:ask "My name is Ada.")) end)
copas.addthread(function()
  while #talk.items < 2 do copas.sleep(0.001) end
  print((talk:ask "What is my name?"))
end)
run()
