--- xai.on_interrupt: pressed twice while the program computes, it does what it did before.

xai.on_interrupt(function() print "heard" end)
for _ = 1, 2 do
  local ok, err = pcall(function()
    press()
    press()
    for _ = 1, 1e9 do local _ = {} end
  end)
  show(ok, tostring(err):find("interrupted!", 1, true) ~= nil)
  xai.sleep(0.001) -- and the first of them is heard, then
end
