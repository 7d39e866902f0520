--- The example plugin: an answer streams into a scratch buffer, and one undo takes it back.

vim.cmd "Grok What is Lua?"
local started = not idle()
vim.wait(5000, idle)
local whole = text() == "# What is Lua?\n\n" .. TEXT
vim.cmd "silent undo"
print(started, whole, text() == "# What is Lua?\n\n", vim.bo.buftype == "nofile")
