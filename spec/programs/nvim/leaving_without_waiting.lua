--- Neovim: serves what needs no waiting when Neovim leaves, and ends beside who never rests.

attach()
xai.spawn(function() while true do coroutine.yield() end end)
local function again() client:start("chat", question(), { on_done = again }) end
local waits = xai.spawn(function() return (select(3, client:chat(question(), options "stall-before-head"))) end)
client:start("chat", question(), options("stall-before-head", { on_done = function()
  print(xai.run(function() return 1 end), waits:wait().kind, #xai.map({ 1, 2 }, function(n) return n end))
  again()
end }))
pass(30)
