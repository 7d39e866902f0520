--- The example plugin: an edit that is over leaves nothing with the buffer.

edit()
local count, kept = 0, setmetatable({}, { __mode = "k" })
local attach = vim.api.nvim_buf_attach
vim.api.nvim_buf_attach = function(buffer, send, callbacks) -- luacheck: ignore
  count = count + 1
  for _, callback in pairs(callbacks) do kept[callback] = true end
  return attach(buffer, send, callbacks)
end
for _ = 1, 5 do
  vim.cmd "2GrokEdit Say it in one line"
  vim.wait(5000, idle)
  vim.cmd "silent undo"
end
collectgarbage()
collectgarbage()
print(count, #vim.tbl_keys(kept))
