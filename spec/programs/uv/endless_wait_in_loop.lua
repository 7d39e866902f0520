--- xai.uv under luv: raises in a wait that cannot end, also within the loop.

attach()
after(1, function()
  local one, other
  one = xai.spawn(function() other:wait() end)
  other = xai.spawn(function() one:wait() end)
  local ok, err = pcall(one.wait, one)
  print(ok, tostring(err):find("cannot end", 1, true) ~= nil)
  os.exit(0)
end)
uv.run()
