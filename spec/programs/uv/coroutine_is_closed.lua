--- xai.uv under luv: ends what a coroutine waits for that is closed.

attach()
local stalled = options "stall-before-head"
local threads, closed = {}, {}
local function go(f) threads[#threads + 1] = coroutine.create(f) coroutine.resume(threads[#threads]) end
go(function() client:chat(question(), stalled) end)
go(function() client:chat(question(true), stalled) end)
go(function() assert(client:chat(question(true), options "stall-in-stream,2")):result() end)
go(function() xai.sleep(100) end)
after(100, function()
  for i, thread in ipairs(threads) do closed[i] = coroutine.close(thread) end -- luacheck: ignore 143
end)
local left = uv.run()
print(closed[1], closed[2], closed[3], closed[4], xai.active(), left)
