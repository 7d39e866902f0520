--- The example plugin: what comes while a buffer cannot be changed for a moment is written later.

try()
treat "slow-words,5"
vim.cmd "Grok What is Lua?"
after_tries(2)
vim.bo.modifiable = false
local refused = after_tries(1)
vim.bo.modifiable = true
vim.wait(5000, idle)
print(refused, text() == "# What is Lua?\n\n" .. TEXT, #notes, reports)
