--- Neovim: a hundred reloads add no autocommand, no descriptor and no memory.

jit.off() -- its traces take memory
include "spec/programs/reload/drop.lua"
attach()

local function descriptors() return #vim.fn.glob("/proc/self/fd/*", true, true) end

local function memory()
  for _ = 1, 4 do collectgarbage() end
  return collectgarbage "count"
end

local function autocommands() return #vim.api.nvim_get_autocmds {} end

local function round()
  drop "^xai"
  attach()
  local id
  coroutine.wrap(function() id = require("xai").new():get_model("grok-3").id end)()
  return vim.wait(5000, function() return id end, 1)
end

for _ = 1, 30 do round() end
local h, kb, a, good = descriptors(), memory(), autocommands(), 0
for _ = 1, 100 do good = good + (round() and 1 or 0) end
print(good == 100, descriptors() <= h + 10, memory() - kb < 32, autocommands() == a)
