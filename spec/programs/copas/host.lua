--- host.lua - what the programs of copas have on top.  With COPAS=newer it is a simulation of newer ones.

-- luacheck: globals copas run pause

if os.getenv "COPAS" == "newer" then package.loaded.copas = require "spec.support.new_copas" end
copas = require "copas"
require "xai.copas"

--- Run the loop until nothing is left to do; copas 1 has no such end.
function run(is_over)
  if copas.sleep then return copas.loop() end
  local since = os.time()
  while not is_over() do
    copas.step(0.01)
    assert(os.time() - since < 20, "it does not end")
  end
end

-- A socket that always has something to read.
local always = require "socket".udp()
always:setsockname("127.0.0.1", 0)
always:sendto("x", always:getsockname())

--- Let the others go on.
function pause()
  if copas.sleep then return copas.sleep(0) end
  local asked = false
  copas.receive {
    getfd = function() return always:getfd() end,
    dirty = function() return false end,
    close = function() end,
    receive = function()
      asked = not asked
      if asked then return nil, "timeout" end
      return true
    end,
  }
end
