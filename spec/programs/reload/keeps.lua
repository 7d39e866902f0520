--- A reload keeps the clients, tasks, calls, streams and errors of before.

local call = client:start("chat", question(), options "stall-before-head")
local task = xai.spawn(function() xai.sleep(1000) end)
local stream = client:chat(question(true), options "slow-words,5")
xai.step(0)
drop "^xai"
local again = require "xai"
call:cancel()
print(again.null == xai.null, select(3, call:result()).kind, task:cancel())
print(stream:result().choices[1].message.content == TEXT, again.run(function()
  return again.all { again.spawn(function() return 1 end), xai.spawn(function() return 2 end) }[2] == 2
end))
again.on_error = function(err) print(err) end
client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end }):wait()
