--- The example plugin: that is read again a hundred times has no more autocommands, and its progress is shown once.

plugin()
grok().count()
local before = #vim.api.nvim_get_autocmds {}
for _ = 1, 100 do
  reload "^[gx][ra][oi]"
  vim.cmd "Grok What is Lua?"
  vim.wait(5000, idle, 1)
end
print(#vim.api.nvim_get_autocmds {} == before, text() == "# What is Lua?\n\n" .. TEXT)
