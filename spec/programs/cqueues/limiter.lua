--- xai.limiter and xai.budget within a loop of cqueues: calls wait for their turn while it goes on.

local loop, ticks, done, refused = cqueues.new(), 0, 0, 0
local opts, state = limited()
local function ask()
  if client:chat(question(), opts) then done = done + 1 else refused = refused + 1 end
end
for _ = 1, 4 do loop:wrap(ask) end
for _ = 1, 3 do xai.spawn(ask) end
loop:wrap(function()
  while done + refused < 7 do
    ticks = ticks + 1
    cqueues.sleep(0.001)
  end
end)
assert(loop:loop())
print(done, refused, ticks > 10, state())
