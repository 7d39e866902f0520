--- Neovim: refuses to wait for a call in a fast event, and leaves the call alone.

attach()
local call = client:start("chat", question(), options "late-head,200")
local ok, err
after(20, function() ok, err = pcall(call.wait, call) end)
pass(60)
print(ok, tostring(err):find("fast event", 1, true) ~= nil)
print(call:wait().choices[1].message.content == TEXT)
