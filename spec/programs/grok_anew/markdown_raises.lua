--- The example plugin: answers where reading a markdown buffer raises, as without its parser.

plugin()
vim.api.nvim_create_autocmd("FileType", { pattern = "markdown", callback = function() error "no parser" end })
local ok = pcall(vim.cmd, "Grok What is Lua?")
vim.wait(5000, idle)
print(ok, text() == "# What is Lua?\n\n" .. TEXT, vim.bo.filetype)
