--- xai.uv under luv: looks from a timer where there is no descriptor, and stops it.

core.fd = function() end
attach { uv = counting_uv }
local _, count = read_stream(assert(client:chat(question(true))))
client:start("chat", question())
uv.run()
counted.calls = 0
after(100, function() end)
print(count, counted.handles, uv.run(), counted.calls)
