--- xai.await: another coroutine of the loop calls back, while nothing else goes on.

local function later(done, ...)
  local values = { ... }
  copas.addthread(function()
    copas.sleep(0.02)
    done((table.unpack or unpack)(values)) -- luacheck: ignore 113
    done "ignored"
  end)
end
copas.addthread(function()
  xai.spawn(function()
    print("task", xai.await(function(done) later(done, "called back") end))
    copas.addthread(function()
      print("coroutine", xai.await(function(done) later(done, "called back") end))
      local kept
      local task = xai.spawn(function() xai.await(function(done) kept = done end) end)
      xai.sleep(0.01)
      task:cancel()
      kept "late"
      xai.sleep(0)
      print(task:status(), xai.active() == 0)
    end)
  end)
end)
run()
print(true)
