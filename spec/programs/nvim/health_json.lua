--- Neovim: is told of by its module's name and a round trip.

include "spec/programs/nvim_bare/health.lua"
attach()
print(tells "JSON: vim.json, which gives back what it is given")
