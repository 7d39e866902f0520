--- xai.cqueues: goes on in the first that runs, beside another that ends before.

local said = start_two()
local first, second = cqueues.new(), cqueues.new()
first:wrap(function() print("first " .. tostring(second:loop())) end)
second:wrap(function() cqueues.sleep(0.01) end)
print("second " .. tostring(first:loop()), said[1], said[2])
