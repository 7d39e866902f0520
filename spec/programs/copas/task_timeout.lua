--- xai.copas: lets a task's timeout wake it.

copas.addthread(function()
  xai.run(function()
    copas.timeout(0.02, function(thread) copas.wakeup(thread) end)
    copas.pauseforever()
    print "timed out"
  end)
end)
copas.loop()
