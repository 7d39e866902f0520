--- A bulk job in a task, while luv turns the loop.

include "spec/programs/bulk.lua"

attach()
local ticks = 0
local timer = uv.new_timer()
timer:start(0, 2, function() ticks = ticks + 1 end)
xai.spawn(function()
  bulk()
  timer:close()
end)
uv.run()
print(ticks > 3)
