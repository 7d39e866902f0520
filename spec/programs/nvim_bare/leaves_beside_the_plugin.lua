--- Neovim leaves at once while a name is looked up, though the example plugin waits for an answer.

include("spec/programs/nvim_bare/slow_name.lua", ...)
vim.opt.runtimepath:append { vim.fn.getcwd() .. "/examples/nvim" }
vim.cmd "runtime plugin/grok.lua"
vim.cmd "Grok What is Lua?"
vim.wait(5000, asked, 5)
vim.cmd "qall!"
