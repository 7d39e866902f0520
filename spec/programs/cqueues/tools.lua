--- client:run_tools within a loop of cqueues, beside another coroutine; and cancelled.

local loop, ticks, over = cqueues.new(), 0, false
local function slow(args)
  xai.sleep(0.01)
  return args.city .. " in a loop"
end
loop:wrap(function()
  print(xai.text((run_weather(slow))), ticks > 3)
  local task = xai.spawn(run_weather, function() return xai.await(function() end) end)
  xai.sleep(0.1)
  task:cancel()
  over = true
  xai.sleep(0)
  print(task:status(), xai.active())
end)
loop:wrap(function()
  while not over do
    ticks = ticks + 1
    cqueues.sleep(0.001)
  end
end)
print(loop:loop())
