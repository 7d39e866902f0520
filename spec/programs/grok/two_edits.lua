--- The example plugin: two edits at once in a buffer are undone at once, and a later one by itself.

try()
local function is_over() -- undo blocks end as often as if somebody were typing
  vim.cmd "let &undolevels = &undolevels"
  return idle()
end
treat "slow-words,5"
vim.cmd "2GrokEdit What is Lua?"
vim.cmd "4GrokEdit What is Lua?"
vim.wait(5000, is_over, 1)
print(shown() == ("before %s two %s last"):format(TEXT, TEXT))
vim.cmd "silent undo"
print(shown())
vim.cmd "2GrokEdit What is Lua?"
vim.wait(5000, is_over, 1)
local first = shown()
vim.cmd "4GrokEdit What is Lua?"
vim.wait(5000, is_over, 1)
vim.cmd "silent undo"
print(shown() == first)
