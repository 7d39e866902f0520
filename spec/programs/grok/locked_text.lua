--- The example plugin: what comes while text is locked is written later, without a hole.

try()
treat "slow-words,5"
vim.cmd "Grok What is Lua?"
after_tries(2)
locked(function() after_tries(3) end)
vim.wait(5000, idle)
print(text() == "# What is Lua?\n\n" .. TEXT, #notes, reports)
vim.cmd "wincmd p"
vim.cmd "2,3GrokEdit What is Lua?"
locked(function() after_tries(3) end) -- the lines are not replaced meanwhile, either
vim.wait(5000, idle)
print(shown(), #notes, reports)
