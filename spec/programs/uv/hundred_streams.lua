--- xai.uv under luv: reads 100 streams in 100 coroutines on one poll handle, each complete.

attach { uv = counting_uv }
local whole, events = 0, 0
for _ = 1, 100 do
  coroutine.wrap(function()
    local text, count = read_stream(assert(client:chat(question(true), options "split,40")))
    if text == TEXT then whole = whole + 1 end
    if count == 13 then events = events + 1 end
  end)()
end
local left = uv.run()
print(whole, events, left, counted.handles) -- the other asks for turns
