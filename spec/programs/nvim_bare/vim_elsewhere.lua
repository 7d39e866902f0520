--- Neovim: is not made by something that is called vim elsewhere.

local module = vim.json
package.loaded.cjson = module
vim.json = { encode = function() return "{}" end, decode = function() return {} end } -- luacheck: ignore
print((select(2, require("xai.client.json").default_codec())))
