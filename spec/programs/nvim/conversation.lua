--- client:conversation in Neovim: in a task, blocking, streamed and left unread.

attach()
local talk = client:conversation { model = "grok-4.20-0309-non-reasoning" }
local answer
xai.spawn(function() answer = talk:ask "My name is Ada." end)
vim.wait(5000, function() return answer end, 5)
print(answer)
print((talk:ask "What is my name?"))
talk:stream "My name is Eve."
vim.wait(5000, function() return #talk.items == 6 end, 5)
local again = client:conversation(xai.decode(xai.encode(talk:dump())))
print((again:ask "What is my name?"), #again.items, #talk.items)
