--- xai.cqueues: runs tasks of xai.run, xai.spawn and xai.sleep within a loop.

local loop, ticks, over = cqueues.new(), 0, false
loop:wrap(function()
  local results = xai.map({ 1, 2, 3 }, function() return read "slow-words,2" end)
  print(#results, results[3] == TEXT and ticks > 3)
  over = true
  xai.spawn(function()
    xai.sleep(0.05)
    print "spawned"
  end)
end)
loop:wrap(function()
  while not over do
    ticks = ticks + 1
    xai.sleep(0.001)
  end
end)
print(loop:loop())
