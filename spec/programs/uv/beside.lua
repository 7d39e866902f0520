--- In a task or blocking, while luv turns the loop: what a program of the folder above does.

attach()
local ticks, work = 0, work_of(...)
local timer = uv.new_timer()
timer:start(0, 2, function() ticks = ticks + 1 end)
local function run()
  work()
  timer:close()
end
if select(2, ...) == "here" then run() else xai.spawn(run) end
uv.run()
print(ticks > 3)
