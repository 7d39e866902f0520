--- xai.uv under luv: reports errors of callbacks, coroutines and tasks, and goes on.

attach()
xai.on_error = function(err, traceback) print(err, traceback:find "stack traceback" ~= nil) end
client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
uv.run()
coroutine.wrap(function()
  client:get_model("grok-3")
  error("coroutine", 0)
end)()
uv.run()
xai.spawn(function() client:get_model("grok-3") error({}, 0) end)
uv.run()
xai.on_error = function() error "reporter" end
client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
uv.run()
print(client:get_model("grok-3").id)
