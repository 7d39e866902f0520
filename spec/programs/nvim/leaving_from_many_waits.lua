--- Neovim: ends when it leaves from within many waits that cannot yield.

attach()
local depth = 0
local function deeper()
  depth = depth + 1
  if depth == 40 then vim.cmd "qall!" end
  client:get_model "grok-3"
  return false
end
client:start("chat", question(), options("stall-before-head", { on_done = function()
  print(pcall(xai.sleep, 1000))
end }))
for _ = 1, 40 do xai.spawn(function() table.sort({ 1, 2 }, deeper) end) end
vim.wait(20000, function() return false end)
