--- The example plugin: without a key the answer says so, and is over.

edit()
vim.env.XAI_API_KEY = nil
vim.cmd "2,3GrokEdit Say it in one line"
vim.cmd "Grok What is Lua?"
print(text():find("api_key", 1, true) ~= nil, vim.b.grok, grok.count())
vim.cmd "wincmd p"
print(#vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace "grok", 0, -1, {}))
