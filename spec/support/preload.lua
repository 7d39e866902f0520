--- preload.lua - what all spec files share: one luv, and an end without leftovers.
--
-- busted gives each file its own copies of the modules it requires.  Loaded a
-- second time, the luv of Debian 12 crashes now and then on Lua 5.1 and 5.2.

require "luv"

local busted = require "busted"
local leftovers = require "spec.support.leftovers"
local live = require "spec.support.live"

--- Tell spec/run which spec this is, for the case that it never ends.
local function announce(element)
  local path = os.getenv "XAI_SPEC_NOW"
  local file = path and io.open(path, "w")
  if not file then return end
  local names = {}
  while element and element.name and element.descriptor ~= "file" do
    table.insert(names, 1, element.name)
    element = busted.parent(element)
  end
  file:write(table.concat(names, " "))
  file:close()
end

busted.subscribe({ "test", "start" }, function(element)
  announce(element)
  leftovers.begin()
end)

busted.subscribe({ "test", "end" }, function() leftovers.finish() end)

-- When all specs have run, their clients and calls are gone.
busted.subscribe({ "exit" }, function()
  leftovers.finish_all()
  local left = live()
  if left == 0 then return end
  print(left .. " clients and calls are still alive at the end")
  os.exit(1)
end)
