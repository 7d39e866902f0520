--- The example plugin: has no commands where g:loaded_grok is set.

vim.g.loaded_grok = 1
plugin()
print(vim.fn.exists ":Grok")
