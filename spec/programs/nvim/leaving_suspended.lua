--- Neovim: leaves those behind that can be suspended, and who cannot be is refused, when Neovim leaves.

attach()
local function sleepy(...)
  print("sleeps", select(3, ...).kind)
  xai.sleep(1000)
  print "never"
end
coroutine.wrap(function() sleepy(client:chat(question(), options "stall-before-head")) end)()
xai.spawn(function() sleepy(client:chat(question(), options "stall-before-head")) end)
coroutine.wrap(function()
  client:chat(question(), options "stall-before-head")
  table.sort({ 1, 2 }, function()
    print(pcall(xai.sleep, 1000))
    return false
  end)
end)()
pass(30)
