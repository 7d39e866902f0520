--- The example plugin: an answer in a buffer that can be changed no more is stopped, with one note.

try()
treat "endless,3"
vim.cmd "Grok What is Lua?"
after_tries(2)
vim.bo.modifiable = false
print((vim.wait(10000, idle)))
print(#notes, notes[1])
print(vim.b.grok, marks(), reports)
print(xai.run(function() return ended(1) end))
