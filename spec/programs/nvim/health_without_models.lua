--- Neovim: tells its health where a service has no list of models, or what it has is no list.

attach()
local base = vim.env.XAI_BASE_URL
for _, fault in ipairs { "empty-object", "wrong-shape" } do
  local said = {}
  local function note(line) said[#said + 1] = line end
  vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
  vim.env.XAI_BASE_URL = base:gsub("^(http://[^/]+)", "%1/fault/" .. fault)
  require("xai.health").check()
  print(said[#said]:find("no list of models", 1, true) ~= nil)
end
