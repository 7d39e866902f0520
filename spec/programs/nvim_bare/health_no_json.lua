--- Neovim: that no library can do is told of, with the way out.

include "spec/programs/nvim_bare/health.lua"
package.preload.cjson = function() return damaged end
package.loaded.cjson = nil
local good = vim.json
vim.json = { encode = good.encode, decode = function() end } -- luacheck: ignore
print(tostring(tells "no JSON library works here, so nothing can be sent (install "))
