--- Neovim: tells its health without telling the key.

attach()
local said = {}
local function note(line) said[#said + 1] = line end
vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
require("xai.health").check()
local all = table.concat(said, "\n")
print(all:find("lua-xai " .. xai.version, 1, true) ~= nil, all:find "libcurl/" ~= nil,
  all:find "lists %d+ models" ~= nil, all:find("xai-spec", 1, true) ~= nil)
