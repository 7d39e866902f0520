--- The example plugin: a service that ignores `stream` is understood.

edit()
grok.setup { client = { headers = { ["x-fault"] = "ignore-stream" } } }
vim.cmd "Grok What is Lua?"
vim.wait(5000, idle)
print(text() == "# What is Lua?\n\n" .. TEXT)
vim.cmd "wincmd p"
vim.cmd "2,3GrokEdit What is Lua?"
vim.wait(5000, idle)
print(shown() == ("before %s after last"):format(TEXT), #notes)
