--- xai.cqueues: survives a loop that is dropped with coroutines waiting.

local loop = cqueues.new()
for _ = 1, 5 do loop:wrap(read, "stall-in-stream,2") end
for _ = 1, 20 do loop:step(0.01) end
loop = nil -- luacheck: ignore 311
collectgarbage()
collectgarbage()
print(read() == TEXT)
