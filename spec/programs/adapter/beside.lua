--- In a coroutine of a loop that is not the library's, while another goes on: what a program of the
-- folder above does.

local ticks, is_over, work = 0, false, work_of(...)
toy.start(function()
  work()
  is_over = true
end)
toy.start(function()
  while not is_over do
    ticks = ticks + 1
    toy.sleep(0.002)
  end
end)
toy.run()
print(ticks > 3)
