--- xai.cqueues: serves two loops, also nested, each to its own end.

local outer, inner, left = cqueues.new(), cqueues.new(), 4
for _, loop in ipairs { outer, outer, inner, inner } do
  loop:wrap(function()
    assert(read "slow-words,2" == TEXT)
    left = left - 1
  end)
end
outer:wrap(function()
  print("inner " .. tostring(inner:loop()))
end)
assert(outer:loop())
print("outer " .. tostring(left == 0 and outer:empty() and inner:empty()))
