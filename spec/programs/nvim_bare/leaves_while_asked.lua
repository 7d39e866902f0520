--- Neovim leaves at once while a name is looked up, and callbacks are told.

include("spec/programs/nvim_bare/slow_name.lua", ...)
client:start("list_models", { on_done = told })
vim.wait(5000, asked, 5)
vim.cmd "qall!"
