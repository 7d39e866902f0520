--- xai.uv under luv: attached twice needs two detaches; then calls wait without the loop.

local handle = attach { uv = counting_uv }
local first, second = handle, require("xai.uv").attach { uv = counting_uv }
local loop = require "xai.runtime.loop"
first:detach()
first:detach()
local attached = loop.is_attached()
coroutine.wrap(function() client:get_model("grok-3") handle = "resumed" end)()
second:detach()
print(attached, handle == first, loop.is_attached(), core.active() - 1)
counted.calls = 0
print(client:get_model("grok-3").id, counted.calls)
while handle == first do xai.step(1) end
print(handle, client:get_model("grok-3").id)
