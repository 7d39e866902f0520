--- The example plugin: several answers run at once, and GrokStop! stops them all.

grok.setup { client = { headers = { ["x-fault"] = "endless,3" } } }
for _ = 1, 3 do vim.cmd "Grok What is Lua?" end
local count = grok.count()
local function begun()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    local buffer = vim.api.nvim_win_get_buf(window)
    if vim.bo[buffer].filetype == "markdown" and not text(buffer):find "Lua is" then return false end
  end
  return true
end
local all = vim.wait(5000, begun)
vim.cmd "GrokStop!"
print(count, all, grok.count(), xai.run(function() return ended(1) end), xai.run(function() return ended(2) end),
  xai.run(function() return ended(3) end))
