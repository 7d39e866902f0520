--- xai.uv under luv: gives a task that yields by itself its turns.

attach()
local turns = 0
xai.spawn(function()
  for _ = 1, 5 do
    coroutine.yield()
    turns = turns + 1
  end
end)
uv.run()
print(turns, xai.run(function()
  coroutine.yield()
  return 2
end))
