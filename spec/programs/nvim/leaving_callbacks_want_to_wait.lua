--- Neovim: ends also when callbacks that hear of it want to wait.

attach()
local asleep = xai.spawn(function() xai.sleep(1000) end)
local function ask(on_done) client:start("chat", question(), options("stall-before-head", { on_done = on_done })) end
ask(function()
  print(pcall(xai.sleep, 1000))
  print(pcall(asleep.wait, asleep))
  print(pcall(xai.run, function() xai.sleep(1000) end))
  ask(function() print "asked twice" end)
end)
pass(30)
