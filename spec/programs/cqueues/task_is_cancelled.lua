--- xai.cqueues: that waits so is cancelled, and the loop ends.

local loop = cqueues.new()
loop:wrap(function()
  xai.run(function()
    local task = xai.spawn(cqueues.sleep, 1000)
    xai.sleep(0.01)
    print(task:status(), task:cancel(), task:status())
  end)
end)
print(loop:loop())
