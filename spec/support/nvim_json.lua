--- nvim_json.lua - the promises about JSON inside Neovim, with its vim.json.
--
--   nvim --headless -u NONE -i NONE -c 'luafile spec/support/nvim_json.lua' -c 'qall!'
--
-- Ends its output with "N kept, N broken"; needs LUA_PATH and LUA_CPATH as specs do.

package.path = "./spec/support/?.lua;./?.lua;" .. package.path

-- Neovim finds the system's lua-cjson; here it must do without.
package.preload.cjson = function() error("there is no lua-cjson here") end

local xai = require("xai")
local kept, broken = 0, 0

for _, promise in ipairs(require("spec.support.json_promises")) do
  local ok, problem = pcall(promise[2], xai.encode, xai.decode, xai)
  if ok then kept = kept + 1 else
    broken = broken + 1
    io.stdout:write(promise[1], ": ", tostring(problem), "\n")
  end
end

io.stdout:write(kept, " kept, ", broken, " broken\n")
