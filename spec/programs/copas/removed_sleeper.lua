--- xai.copas: lets the loop end when a thread that sleeps or waits for tasks is removed, also by itself.

local task
local threads = {
  copas.addthread(function() xai.sleep(1000) end),
  copas.addthread(function()
    xai.run(function()
      task = xai.spawn(xai.sleep, 1000)
      task:wait()
    end)
  end),
}
copas.addthread(function()
  copas.sleep(0.05)
  for _, thread in ipairs(threads) do copas.removethread(thread) end
  xai.sleep(0.01)
  print(task:status())
  copas.removethread(coroutine.running())
  xai.sleep(1000)
  print "it removed itself"
end)
copas.loop()
print(xai.timeout() == nil, xai.active())
