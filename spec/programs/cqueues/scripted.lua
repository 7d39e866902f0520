--- Scripted clients and tapes in tasks, while the others go on.

include "spec/programs/scripted.lua"

local loop = cqueues.new()
local ticks, is_over = 0, false
loop:wrap(function()
  xai.spawn(function()
    scripted()
    is_over = true
  end)
  while not is_over do
    ticks = ticks + 1
    cqueues.sleep(0.002)
  end
end)
assert(loop:loop())
print(ticks > 3)
