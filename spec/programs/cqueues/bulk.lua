--- A bulk job in a task, while other coroutines of the loop go on.

include "spec/programs/bulk.lua"

local loop = cqueues.new()
local ticks, is_over = 0, false
loop:wrap(function()
  xai.spawn(function()
    bulk()
    is_over = true
  end)
  while not is_over do
    ticks = ticks + 1
    cqueues.sleep(0.002)
  end
end)
assert(loop:loop())
print(ticks > 3)
