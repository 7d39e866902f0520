--- xai.copas: runs tasks of xai.map, xai.spawn and xai.sleep within the loop.

copas.addthread(function()
  local results = xai.map({ 1, 2, 3 }, function() return read "slow-words,2" end)
  print(#results, results[3] == TEXT)
  xai.spawn(function()
    xai.sleep(0.05)
    print "spawned"
  end)
end)
run()
