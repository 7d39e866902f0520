--- xai.await: a timer of luv calls back in a loop that has nothing else to do.

attach()
local function later(done, ...)
  local timer, values = uv.new_timer(), { ... }
  timer:start(20, 0, function()
    timer:close()
    done((table.unpack or unpack)(values)) -- luacheck: ignore 113
    done "ignored"
  end)
end
xai.spawn(function()
  print("task", xai.await(function(done) later(done, "called back") end))
end)
uv.run()
coroutine.wrap(function()
  print("coroutine", xai.await(function(done) later(done, "called back") end))
end)()
uv.run()
local kept
local task = xai.spawn(function() xai.await(function(done) kept = done end) end)
after(10, function()
  task:cancel()
  kept "late"
end)
uv.run()
print(task:status(), xai.active() == 0)
print(not uv.loop_alive())
