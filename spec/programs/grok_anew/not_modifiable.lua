--- The example plugin: answers where no buffer is modifiable, as in nvim -M.

plugin()
vim.cmd "setglobal nomodifiable"
vim.cmd "Grok What is Lua?"
print(vim.wait(5000, idle), text() == "# What is Lua?\n\n" .. TEXT)
