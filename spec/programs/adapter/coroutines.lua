--- An adapter of one's own: calls and streams in the loop's coroutines, side by side while others go on.

local good = 0
for _ = 1, 5 do
  toy.start(function()
    if read "slow-words,5" == TEXT then good = good + 1 end
  end)
end
toy.start(function()
  local answer = client:chat(question(), options "late-head,50")
  print(answer.choices[1].message.content == TEXT)
end)
local ticks = 0
toy.start(function()
  for _ = 1, 10 do
    toy.sleep(0.005)
    ticks = ticks + 1
  end
end)
toy.run()
print(good, ticks, xai.active())
