--- xai.uv under luv: raises in a wait that cannot end.

attach()
local one, other
one = xai.spawn(function() other:wait() end)
other = xai.spawn(function() one:wait() end)
local ok, err = pcall(one.wait, one)
print(ok, err:find "cannot end" ~= nil)
