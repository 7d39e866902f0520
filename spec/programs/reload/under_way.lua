--- A reload loses nothing that is under way, and the library goes on.
--
-- Arguments: the loop, what is dropped, and whether each is required again at once.

local name, pattern, at_once = ...
local loop = LOOPS[name]()

loop.again()
begin()
xai.step(0.02)
drop(pattern, at_once == "true")
loop.again()
local old, now = xai, require "xai"
local fresh = new_client()
local call = fresh:start("chat", question())
now.spawn(function() old.sleep(0.01) end)
loop.wait(is_over)
print(outcome())
while not call:done() do now.step(1) end
print(call:result() and "answer", now.run(function() return fresh:get_model "grok-3" ~= nil end))
