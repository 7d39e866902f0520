--- In a task or a coroutine of the loop, while others go on: what a program of the folder above does.

local ticks, is_over, work = 0, false, work_of(...)
copas.addthread(function()
  work()
  is_over = true
end)
copas.addthread(function()
  while not is_over do
    ticks = ticks + 1
    copas.sleep(0.002)
  end
end)
run()
print(ticks > 3)
