--- The example plugin: lines that are deleted before the answer comes take no others with them.

edit()
grok.setup { client = { headers = { ["x-fault"] = "late-head,100" } } }
vim.cmd "2,3GrokEdit Say it in one line"
vim.cmd "2,3delete"
vim.wait(5000, idle)
print(shown())
print(#notes, notes[1])
print(#vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace "grok", 0, -1, {}))
