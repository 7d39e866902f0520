--- xai.await: another coroutine of the loop calls back, while nothing else goes on.

local loop = cqueues.new()
local function later(done, ...)
  local values = { ... }
  loop:wrap(function()
    cqueues.sleep(0.02)
    done((table.unpack or unpack)(values)) -- luacheck: ignore 113
    done "ignored"
  end)
end
loop:wrap(function()
  xai.spawn(function()
    print("task", xai.await(function(done) later(done, "called back") end))
    loop:wrap(function()
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
print(loop:loop())
