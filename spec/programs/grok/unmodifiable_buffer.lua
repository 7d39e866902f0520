--- The example plugin: a buffer that cannot be changed is not rewritten.

edit()
vim.bo.modifiable = false
vim.cmd "2,3GrokEdit Say it in one line"
print(grok.count(), notes[1])
