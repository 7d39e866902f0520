--- The example plugin: thinking is folded.

grok.setup { model = "grok-4.3" }
vim.cmd "Grok What is Lua?"
vim.wait(5000, idle)
local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
print(lines[3], vim.fn.foldclosed(3) == 3, vim.fn.foldclosed(#lines) == -1 and lines[#lines] == TEXT)
