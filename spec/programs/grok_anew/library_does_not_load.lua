--- The example plugin: tells in one line that the library does not load, and works when it does.

local inner, ask, told, mode = screen()
ask "package.preload.grok = function() error('undefined symbol\\nand a trace') end"
for _ = 1, 2 do
  ask "vim.cmd 'messages clear' vim.cmd 'Grok What is Lua?'"
  print(told "undefined symbol", mode())
end
ask "package.preload.grok = nil"
ask "vim.cmd 'Grok What is Lua?'"
print(ask "return #vim.api.nvim_list_wins()")
vim.fn.jobstop(inner)
