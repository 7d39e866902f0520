--- xai.copas: ends a task's wait that is cancelled, and then the loop.

copas.addthread(function()
  xai.run(function()
    local task = xai.spawn(copas.sleep, 1000)
    xai.sleep(0.02)
    print(task:status(), task:cancel(), task:status())
  end)
end)
copas.loop()
