--- xai.uv under luv: ends a program with calls in flight cleanly.

attach()
for _ = 1, 20 do client:start("chat", question(true), options "endless,3") end
coroutine.wrap(function() client:chat(question(), options "stall-before-head") end)()
after(50, function() uv.stop() end)
uv.run()
print "bye"
