--- xai.limiter and xai.budget in luv's loop: calls wait for their turn while it goes on.

attach()
local opts, state = limited()
local done, refused, ticks = 0, 0, 0
local timer = uv.new_timer()
timer:start(1, 1, function() ticks = ticks + 1 end)
local function count(result)
  if result then done = done + 1 else refused = refused + 1 end
  if done + refused == 7 then timer:close() end
end
for _ = 1, 3 do coroutine.wrap(function() count(client:chat(question(), opts)) end)() end
for _ = 1, 3 do xai.spawn(function() count(client:chat(question(), opts)) end) end
client:start("chat", question(), { limiter = opts.limiter, budget = opts.budget, on_usage = opts.on_usage,
  on_done = count })
uv.run()
print(done, refused, ticks > 10, state())
