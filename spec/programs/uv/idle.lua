--- xai.uv under luv: wakes nobody with nothing in flight, and the loop ends by itself.

attach { uv = counting_uv }
client:start("chat", question())
uv.run()
local worked = counted.calls > 0
counted.calls = 0
after(300, function() end)
local left = uv.run()
print(worked, counted.calls, left)
