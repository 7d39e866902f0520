--- Scripted clients and tapes in tasks, while the others go on.

include "spec/programs/scripted.lua"

local ticks, is_over = 0, false
copas.addthread(function()
  xai.spawn(function()
    scripted()
    is_over = true
  end)
  while not is_over do
    ticks = ticks + 1
    copas.sleep(0.002)
  end
end)
run()
print(ticks > 3)
