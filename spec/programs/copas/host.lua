--- host.lua - what the programs of copas have on top.  With COPAS=newer it is a simulation of newer ones.

-- luacheck: globals copas run pause

include "spec/programs/common.lua"

if os.getenv "COPAS" == "newer" then package.loaded.copas = require "spec.support.new_copas" end
copas = require "copas"
require "xai.copas"

--- Run the loop until nothing is left to do.
function run()
  return copas.loop()
end

--- Let the others go on.
function pause()
  return copas.sleep(0)
end
