--- A reload of everything that a program has loaded leaves what is under way alone.

begin()
xai.step(0.02)
drop "^[^_]+$"
local now = require "xai"
while not is_over() do now.step(1) end
print(outcome())
print(now.run(function() return now.new():get_model "grok-3" ~= nil end))
