--- The recipe for lazy.nvim loads the plugin, and finds the library and its health before.
--
-- Arguments: the clone, and the recipe as text.

local directory, recipe = ...

include "spec/programs/nvim_bare/with_recipe.lua"
local spec = assert(loadstring("return " .. recipe))()
spec.init { dir = directory }
print(pcall(require, "xai") and "library" or "none")
print(has_health())
spec.config { dir = directory }
print(vim.fn.exists ":Grok")
vim.cmd "Grok What is Lua?"
print("Grok: " .. require("grok").count())
