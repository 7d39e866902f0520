--- Neovim: that a round trip does not survive is told of, with the way out.

include "spec/programs/nvim_bare/health.lua"
local good = vim.json
local function forgetful(value) return (good.encode(value):gsub("\\u0000", "")) end
vim.json = { encode = forgetful, decode = good.decode } -- luacheck: ignore
print(tostring(tells "JSON: vim.json damages data, so requests would arrive spoiled (give another module"))
