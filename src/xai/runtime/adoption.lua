--- A task that waits by the attached loop's own means: the loop waits in its
-- place, and the others go on.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.adoption"] then return kept["xai.runtime.adoption"] end

local pump = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local pcall, select = pcall, select

local adoption = {}

-- The source (see xai.runtime.wait) of a task that waits so; its subject ends the wait.
adoption.source = { abandon = function(stop) stop() end }

--- Resume the task with what came of its wait, when its turn comes.
local function going_on(task)
  return function(...)
    if task.over then return end
    task.args = { n = select("#", ...), ... }
    task.source, task.subject = false, false
    task.wake()
    if pump.on_active then pump.on_active() end
  end
end

--- The task yielded `...`.  Is that a wait that the loop takes over?  The host
-- calls `go_on` with what comes of it, and gives what ends the wait; nothing
-- where it is no wait of its own.  An error comes second.
function adoption.take(task, ...)
  local adopt = wait.host and wait.host.adopt
  if not adopt or select("#", ...) == 0 then return false end
  local ok, stop = pcall(adopt, task.thread, going_on(task), ...)
  if not ok then return true, stop end
  if not stop then return false end
  task.source, task.subject = adoption.source, stop
  return true
end

kept["xai.runtime.adoption"] = adoption
return adoption
