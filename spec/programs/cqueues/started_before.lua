--- xai.cqueues: goes on in it, to its end.

local said = start_two()
local loop = cqueues.new()
loop:wrap(function() cqueues.sleep(0.01) end)
print(loop:loop(), said[1], said[2])
