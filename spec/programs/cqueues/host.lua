--- host.lua - what the programs of cqueues have on top.

-- luacheck: globals cqueues start_two

include "spec/programs/common.lua"

cqueues = require "cqueues"
require "xai.cqueues"

--- Start a task and a call before there is a loop: what they have said.
function start_two()
  local said = {}
  xai.spawn(function() said[1] = read "slow-words,2" == TEXT and "spawned" end)
  client:start("list_models", { on_done = function() said[2] = "started" end })
  return said
end
