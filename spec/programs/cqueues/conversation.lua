--- client:conversation within a loop of cqueues: two coroutines, one turn after the other.

local loop = cqueues.new()
local talk = client:conversation { model = "grok-4.20-0309-non-reasoning" }
loop:wrap(function() print((talk:ask "My name is Ada.")) end)
loop:wrap(function()
  while #talk.items < 2 do cqueues.sleep(0.001) end
  print((talk:ask "What is my name?"))
end)
print(loop:loop())
