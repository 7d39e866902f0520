--- A bulk job in a task, while Neovim goes on.

include "spec/programs/bulk.lua"

attach()
local ticks = 0
local timer = uv.new_timer()
timer:start(0, 2, function() ticks = ticks + 1 end)
xai.spawn(function()
  bulk()
  timer:close()
end)
vim.wait(5000, function() return timer:is_closing() end)
print(ticks > 3)
