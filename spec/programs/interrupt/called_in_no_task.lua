--- xai.on_interrupt: is called in no task, also where one blocks.

local loop = require "xai.runtime.loop"
xai.on_interrupt(function() print(loop.current() and "task" or "main") end)
xai.run(function() press() xai.sleep(0.01) end)
xai.run(function() table.sort({ 1, 2 }, function() press() xai.sleep(0.01) return false end) end)
