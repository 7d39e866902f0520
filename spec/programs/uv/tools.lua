--- client:run_tools: tools wait for timers of luv, in a coroutine, blocking, and cancelled.

attach()
local function by_timer(args)
  return xai.await(function(done) after(5, function() done(args.city .. " by a timer") end) end)
end
coroutine.wrap(function() print(xai.text((run_weather(by_timer)))) end)()
uv.run()
print(xai.text((run_weather(by_timer))))
local text = {}
coroutine.wrap(function()
  local run = run_weather(by_timer, nil, true)
  local kind, value = run:next_part()
  while kind do
    if kind == "text" then text[#text + 1] = value end
    kind, value = run:next_part()
  end
end)()
uv.run()
print(table.concat(text))
local task = xai.spawn(run_weather, function() return xai.await(function() end) end)
after(100, function() task:cancel() end)
uv.run()
local _, err = pcall(task.wait, task)
print(err.kind, #err.run.calls, err.run.body.previous_response_id ~= nil, xai.active())
print(not uv.loop_alive())
