--- A bulk job in a task, while other threads of the loop go on.

include "spec/programs/bulk.lua"

local ticks, is_over = 0, false
copas.addthread(function()
  xai.spawn(function()
    bulk()
    is_over = true
  end)
  while not is_over do
    ticks = ticks + 1
    copas.sleep(0.002)
  end
end)
run()
print(ticks > 3)
