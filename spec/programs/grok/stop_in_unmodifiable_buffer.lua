--- The example plugin: GrokStop ends an answer also where the buffer cannot be changed.

try()
treat "endless,3"
vim.cmd "Grok What is Lua?"
after_tries(2)
vim.bo.modifiable = false
vim.cmd "GrokStop"
print(grok.count(), vim.b.grok, marks(), reports)
