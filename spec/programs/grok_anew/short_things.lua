--- The example plugin: tells of short things as ever.

local inner, ask, told, mode = screen()
ask "vim.cmd 'set nomodifiable' vim.cmd '.GrokEdit x'"
print(told "Grok: this buffer cannot be changed", mode())
vim.fn.jobstop(inner)
