--- xai.cqueues: goes on in a loop that is stepped, when a coroutine of it calls.

local said = start_two()
local loop = cqueues.new()
loop:wrap(function() xai.sleep(0.001) end)
while not loop:empty() do assert(loop:step(0.01)) end
print(said[1], said[2])
