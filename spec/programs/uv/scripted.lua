--- Scripted clients and tapes in tasks, while the others go on.

include "spec/programs/scripted.lua"

attach()
local ticks = 0
local timer = uv.new_timer()
timer:start(0, 2, function() ticks = ticks + 1 end)
xai.spawn(function()
  scripted()
  timer:close()
end)
uv.run()
print(ticks > 3)
