--- The example plugin: what came while text was locked is written also when nothing more comes.

try()
treat "stall-in-stream,3"
vim.cmd "Grok What is Lua?"
locked(function() after_tries(1) end)
local before = text()
vim.cmd "GrokStop"
local written = text():find "^# What is Lua%?\n\nLua.*\n\n%[stopped%]$"
print(before == "# What is Lua?\n\n", written ~= nil, #notes, reports)
