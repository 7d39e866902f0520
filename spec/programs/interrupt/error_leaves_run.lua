--- xai.on_interrupt: an error that leaves xai.run cancels the tasks of that run and no others.

xai.on_interrupt(error)
local outside = xai.spawn(function() xai.sleep(0.3) end)
local inside, call
press_soon()
local ok, err = pcall(xai.run, function()
  inside = { xai.spawn(xai.sleep, 60), xai.spawn(function() client:chat(question(), silent) end) }
  call = client:start("chat", question(), silent)
  xai.sleep(60)
end)
xai.step(0)
show(ok, err, inside[1]:status(), inside[2]:status(), outside:status(), xai.active())
call:cancel()
outside:wait()
show(outside:status())
