--- An adapter of one's own: tasks read streams, wait for each other and by the loop's own means.

toy.start(function()
  local texts = xai.map({ 1, 2, 3 }, function() return read "slow-words,2" end)
  print(#texts, texts[3] == TEXT)
  print(xai.run(function() return toy.sleep(0.01) end))
  local sleeper = xai.spawn(toy.sleep, 1000)
  xai.sleep(0.01)
  print(sleeper:status(), sleeper:cancel(), sleeper:status())
end)
toy.run()
print(xai.active())
