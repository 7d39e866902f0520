--- Neovim: tells its health where no client can be made.

attach()
local said = {}
local function note(line) said[#said + 1] = line end
vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
vim.env.XAI_BASE_URL = "nonsense"
require("xai.health").check()
print(table.concat(said, "\n"):find("no client: ", 1, true) ~= nil)
