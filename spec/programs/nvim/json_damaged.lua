--- Neovim: by a module that damages it is refused, for a client and for a call.

include "spec/programs/nvim_bare/health.lua"
attach()
local ok, why = pcall(function() print(xai.new { json = damaged }) end)
print(ok, why:find "^[^\n]+:%d+: xai.new: option 'json': that module damages" ~= nil,
  why:find("leave it out, and vim.json is used", 1, true) ~= nil)
ok, why = pcall(client.list_models, client, { json = damaged })
print(ok, why:find("option 'json': that module damages", 1, true) ~= nil)
print(xai.new { json = vim.json }:list_models() ~= nil)
