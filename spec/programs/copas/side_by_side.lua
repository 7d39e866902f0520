--- xai.copas: reads streams side by side while the others go on.

local left, good, ticks, first = 20, 0, 0, nil
for _ = 1, 20 do
  copas.addthread(function()
    if read "slow-words,5" == TEXT then good = good + 1 end
    first, left = first or ticks, left - 1
  end)
end
copas.addthread(function()
  while left > 0 do
    ticks = ticks + 1
    pause()
  end
end)
run()
print(good .. " streams, others in between: " .. tostring(first > 10))
