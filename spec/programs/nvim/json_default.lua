--- Neovim: is vim.json, though lua-cjson is there.

attach()
local used = 0
package.preload.cjson = function()
  used = used + 1
  return vim.json
end
package.loaded.cjson = nil
local _, name = require("xai.client.json").default_codec()
print(name, used)
