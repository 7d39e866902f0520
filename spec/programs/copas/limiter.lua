--- xai.limiter and xai.budget within copas: calls wait for their turn while its threads go on.

local ticks, done, refused = 0, 0, 0
local opts, state = limited()
local function ask()
  if client:chat(question(), opts) then done = done + 1 else refused = refused + 1 end
end
for _ = 1, 4 do copas.addthread(ask) end
for _ = 1, 3 do xai.spawn(ask) end
copas.addthread(function()
  while done + refused < 7 do
    ticks = ticks + 1
    copas.sleep(0.001)
  end
end)
run()
print(done, refused, ticks > 10, state())
