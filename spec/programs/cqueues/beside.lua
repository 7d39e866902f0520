--- In a task or a coroutine of the loop, while others go on: what a program of the folder above does.

local loop = cqueues.new()
local ticks, is_over, work = 0, false, work_of(...)
loop:wrap(function()
  work()
  is_over = true
end)
loop:wrap(function()
  while not is_over do
    ticks = ticks + 1
    cqueues.sleep(0.002)
  end
end)
assert(loop:loop())
print(ticks > 3)
