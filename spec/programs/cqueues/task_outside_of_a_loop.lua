--- xai.cqueues: cannot wait so outside of a loop.

local cond = require "cqueues.condition".new()
local ok, err = pcall(xai.run, function() cond:wait() end)
print(ok, err:match "within a loop only")
