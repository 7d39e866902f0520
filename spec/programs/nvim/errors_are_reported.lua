--- Neovim: reports errors of callbacks and coroutines, and goes on.

attach()
local reported = 0
xai.on_error = function(err) print(err) reported = reported + 1 end
client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
vim.wait(5000, function() return reported == 1 end)
coroutine.wrap(function()
  client:get_model("grok-3")
  error("coroutine", 0)
end)()
print((vim.wait(5000, function() return reported == 2 end)))
