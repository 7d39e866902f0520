--- xai.copas: sleeps and wakes a task, whose others go on.

local core, ticks, sleeper = require "xai.core", 0, nil
copas.addthread(function()
  xai.run(function()
    local ticker = xai.spawn(function()
      while true do
        ticks = ticks + 1
        xai.sleep(0.001)
      end
    end)
    local since, woken, again = core.now(), false, false
    copas.sleep(0.1)
    local slept = core.now() - since >= 0.09
    xai.spawn(function()
      sleeper = coroutine.running()
      copas.pauseforever()
      woken = true
      copas.pauseforever()
      again = true
    end)
    xai.sleep(0.02)
    copas.wakeup(sleeper)
    xai.sleep(0.02)
    copas.wakeup(sleeper)
    while not again do xai.sleep(0.001) end
    print("slept", slept, "woken", woken, "again", again, "others", ticks > 5)
    ticker:cancel()
  end)
end)
copas.loop()
