--- xai.limiter and xai.budget in Neovim: calls wait for their turn while it goes on.

attach()
local opts, state = limited()
local done, refused, ticks = 0, 0, 0
local timer = uv.new_timer()
timer:start(1, 1, function() ticks = ticks + 1 end)
local function ask()
  if client:chat(question(), opts) then done = done + 1 else refused = refused + 1 end
end
for _ = 1, 4 do coroutine.wrap(ask)() end
for _ = 1, 2 do xai.spawn(ask) end
ask() -- blocks
vim.wait(5000, function() return done + refused == 7 end, 1)
timer:close()
print(done, refused, ticks > 10, state())
