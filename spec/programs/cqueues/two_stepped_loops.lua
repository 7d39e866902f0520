--- xai.cqueues: serves two loops that are stepped in turn.

local loops, left = { cqueues.new(), cqueues.new() }, 6
for i = 1, 6 do
  loops[i % 2 + 1]:wrap(function()
    assert(read "slow-words,1" == TEXT)
    left = left - 1
  end)
end
while not (loops[1]:empty() and loops[2]:empty()) do
  for _, loop in ipairs(loops) do assert(loop:step(0.001)) end
end
print(left == 0)
