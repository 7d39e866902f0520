--- xai.on_interrupt: its function may cancel a task; the others go on.

xai.run(function()
  local long = xai.spawn(function() client:chat(question(), silent) end)
  local short = xai.spawn(function() while long:status() ~= "cancelled" do xai.sleep(0.01) end end)
  xai.on_interrupt(function() long:cancel() end)
  press_soon()
  short:wait()
  show(long:status(), short:status())
end)
