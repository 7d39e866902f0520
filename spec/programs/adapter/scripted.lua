--- Scripted clients and tapes in a coroutine of a loop that is not the library's.

include "spec/programs/scripted.lua"

local ticks, is_over = 0, false
toy.start(function()
  scripted()
  is_over = true
end)
toy.start(function()
  while not is_over do
    ticks = ticks + 1
    toy.sleep(0.002)
  end
end)
toy.run()
print(ticks > 3)
