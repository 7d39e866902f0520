--- xai.on_interrupt: in luv's loop, coroutines and waits that block.

local uv = require "luv"
require("xai.uv").attach()
local call
coroutine.wrap(function()
  call = client:start("chat", question(), silent)
  print(select(3, call:wait()).kind)
end)()
xai.on_interrupt(function() print "heard" call:cancel() end)
press_soon()
uv.run()
xai.on_interrupt(error)
press_soon()
show(pcall(client.chat, client, question(), silent))
xai.on_interrupt(nil)
uv.run()
