--- Neovim: that a round trip does not survive is told of, with the way out.

include "spec/programs/nvim_bare/health.lua"
local good = vim.json
local function forgetful(text) return good.decode((text:gsub("\\u0000", ""))) end
vim.json = { encode = good.encode, decode = forgetful } -- luacheck: ignore
print(tostring(tells "JSON: vim.json damages data, so answers would be wrong (give another module"))
