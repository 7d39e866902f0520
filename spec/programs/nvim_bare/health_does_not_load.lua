--- Neovim: health tells why the library does not load, and the way out: "undefined" or "version" is the reason.

include "spec/programs/nvim_bare/health.lua"
local LOADERS = {
  undefined = function() error "undefined symbol: lua_rotate" end,
  version = function() return { version = "9" } end,
}
local REASONS = { undefined = "undefined symbol: lua_rotate", version = "the compiled part is version 9" }

local what = ...
package.preload["xai.core"] = LOADERS[what]
for _ = 1, 2 do pcall(require, "xai") end
said = {}
require("xai.health").check()
local all = table.concat(said, "\n")
print(tostring(all:find(REASONS[what], 1, true) ~= nil and all:find("make nvim", 1, true) ~= nil))
