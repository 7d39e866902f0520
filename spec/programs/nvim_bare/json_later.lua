--- Neovim: has a library later that there was no memory for.

local good = vim.json
vim.json = nil -- luacheck: ignore
package.preload.cjson = function() error("not enough memory", 0) end
local xai = require "xai"
local first = pcall(xai.encode, {})
package.preload.cjson = function() return good end
print(tostring(first) .. " " .. tostring(pcall(xai.encode, {})))
