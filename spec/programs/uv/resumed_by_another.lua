--- xai.uv under luv: waits on when somebody else resumes the coroutine.

attach()
local thread = coroutine.create(function()
  local id = client:get_model("grok-3").id
  print(id)
  coroutine.yield() -- its own: nobody else may resume it
  print "never"
end)
coroutine.resume(thread)
coroutine.resume(thread)
print "resumed"
uv.run()
