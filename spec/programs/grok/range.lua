--- The example plugin: the lines of a range go along, and are rewritten in place, undone at once.

vim.api.nvim_buf_set_lines(0, 0, -1, false, { "before", "one", "two", "after" })
vim.cmd "let &undolevels = &undolevels" -- what follows is a change of its own
local buffer = vim.api.nvim_get_current_buf()
vim.cmd "2,3Grok What is Lua?"
vim.wait(5000, idle)
vim.cmd "wincmd p"
vim.cmd "2,3GrokEdit Say it in one line"
vim.wait(5000, idle)
local log = client:request { path = "/_/requests" }
local function has_range(request) return request.body:find("one\\ntwo", 1, true) ~= nil end
print(has_range(log[1]), has_range(log[2]))
local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
print(lines[1])
print(#lines == 3 and #lines[2] > 20)
print(lines[#lines])
vim.cmd "silent undo"
print((text(buffer):gsub("\n", " ")))
