--- Neovim: of a lua-cjson that would damage it is told of, and not used.

include "spec/programs/nvim_bare/health.lua"
attach()
package.loaded.cjson = damaged
print(tells "lua-cjson is here, too, but damages data in this Neovim", tells "JSON: vim.json, which")
