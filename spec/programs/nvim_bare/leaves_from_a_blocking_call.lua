--- Neovim leaves at once while a name is looked up, from within a call that blocks.

include("spec/programs/nvim_bare/slow_name.lua", ...)
client:start("list_models", { on_done = told })
vim.defer_fn(function()
  vim.wait(5000, asked, 5)
  vim.cmd "qall!"
end, 10)
pcall(client.list_models, client)
