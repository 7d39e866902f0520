--- client:run_tools within copas, beside another thread; and cancelled.

local ticks, over = 0, false
local function slow(args)
  xai.sleep(0.01)
  return args.city .. " in a loop"
end
copas.addthread(function()
  print(xai.text((run_weather(slow))), ticks > 3)
  local task = xai.spawn(run_weather, function() return xai.await(function() end) end)
  xai.sleep(0.1)
  task:cancel()
  over = true
  xai.sleep(0)
  print(task:status(), xai.active())
end)
copas.addthread(function()
  while not over do
    ticks = ticks + 1
    copas.sleep(0.001)
  end
end)
run()
