--- Neovim: goes on while a callback runs the editor's loop.

attach()
local finished
client:start("get_model", "grok-3", { on_done = function()
  local other = client:start("get_model", "grok-3")
  local ok = vim.wait(3000, function() return other:done() end, 10)
  finished = { ok, ok and other:result().id }
end })
vim.wait(5000, function() return finished end)
print(unpack(finished))
