--- xai.cqueues: reads streams side by side while the others go on, and lets the loop end.

local loop, left, good, ticks, first = cqueues.new(), 20, 0, 0, nil
for _ = 1, 20 do
  loop:wrap(function()
    if read "slow-words,5" == TEXT then good = good + 1 end
    first, left = first or ticks, left - 1
  end)
end
loop:wrap(function()
  while left > 0 do
    ticks = ticks + 1
    cqueues.sleep(0.001)
  end
end)
local ended = loop:loop()
print(good .. " streams, ticks in between: " .. tostring(first > 10) .. ", ended: "
  .. tostring(ended and loop:empty()))
