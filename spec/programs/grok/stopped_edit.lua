--- The example plugin: an answer that is changed by this command while it streams in is stopped.

edit()
grok.setup { client = { headers = { ["x-fault"] = "endless,3" } } }
vim.cmd "2,3GrokEdit Say it in one line"
vim.wait(5000, function() return #shown() > 60 end, 5)
vim.cmd(...)
local left = shown()
vim.wait(5000, idle)
print(left == shown())
print(#notes, notes[1])
print(xai.run(function() return ended(1) end))
