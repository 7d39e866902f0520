--- Neovim: has what `debug` tells among the messages, not across the screen.

attach()
local stderr, said = io.stderr, {}
io.stderr = { write = function(_, ...) said[#said + 1] = table.concat { ... } end } -- luacheck: ignore
client:start("get_model", "grok-3", { debug = true })
local notes
vim.wait(3000, function()
  notes = vim.fn.execute "messages"
  return notes:find("HTTP 200", 1, true)
end, 10)
io.stderr = stderr -- luacheck: ignore
print(#said, notes:match "xai: (curl) %-X GET", notes:match "xai: (HTTP) 200 in")
