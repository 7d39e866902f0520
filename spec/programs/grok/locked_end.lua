--- The example plugin: an answer that cannot be written in the end says so.

try()
treat "late-head,50"
vim.cmd "2,3GrokEdit What is Lua?"
locked(function() vim.wait(5000, idle, 2) end)
print(shown())
print(#notes, notes[1])
print(marks(), reports)
