--- Neovim: can be attached in a fast event, and is told when Neovim leaves.

local ok
after(1, function() ok = pcall(require("xai.uv").attach) end)
pass(30)
print(ok)
client:start("chat", question(), options("stall-before-head", { on_done = function(_, _, info) print(info.kind) end }))
