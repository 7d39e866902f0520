--- There is one compiled part, wherever it is found again.

local loop = LOOPS[...]()

loop.again()
local core = require "xai.core"
local path = package.searchpath and package.searchpath("xai.core", package.cpath) -- luacheck: ignore 143
for template in package.cpath:gmatch "[^;]+" do
  local name = template:gsub("%?", "xai/core")
  local file = not path and io.open(name, "rb")
  if file then path = name file:close() end
end
local dir = os.tmpname()
os.remove(dir)
os.execute(("mkdir -p %s/xai && cp %s %s/xai/core.so"):format(dir, path, dir))
package.cpath = dir .. "/?.so;" .. package.cpath -- luacheck: ignore 122
local call = client:start("chat", question(), options "late-head,50")
drop "^xai"
local other, again = require "xai.core", require "xai"
os.execute("rm -r " .. dir)
print(core == other, again == xai, call:wait() ~= nil)
