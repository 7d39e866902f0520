--- xai.on_interrupt: its function may wait and call; pressed meanwhile, it is called again after that.

local first = true
xai.on_interrupt(function()
  print "begin"
  if first then press() end
  first = false
  print(assert(client:list_models()).object)
  print "end"
end)
press()
xai.sleep(0.05)
