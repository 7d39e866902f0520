--- In a task, while another goes on: what a program of the folder above does.

local ticks, is_over, work = 0, false, work_of(...)
xai.run(function()
  xai.spawn(function()
    work()
    is_over = true
  end)
  while not is_over do
    ticks = ticks + 1
    xai.sleep(0.002)
  end
end)
print(ticks > 3)
