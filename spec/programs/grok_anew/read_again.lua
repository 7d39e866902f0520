--- The example plugin: read again in the middle of an answer, it goes on, and has its commands.
--
-- The argument is a pattern of the modules that are dropped.

local pattern = ...

plugin()
treat "slow-words,20"
vim.cmd "Grok What is Lua?"
vim.wait(5000, function() return #text() > 30 end, 5)
reload(pattern)
print(vim.fn.exists ":Grok", grok().count())
print(vim.wait(5000, idle, 5), text() == "# What is Lua?\n\n" .. TEXT)
treat "endless,3"
vim.cmd "Grok What is Lua?"
vim.wait(5000, function() return #text() > 30 end, 5)
reload(pattern)
local before = vim.fn.exists ":GrokStop"
vim.cmd "GrokStop"
print(before, grok().count(), xai.run(function() return ended(2) end))
