--- Failures of tasks that nobody has heard of.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.unheard"] then return kept["xai.runtime.unheard"] end

local pump = require "xai.runtime.loop"

local ipairs, setmetatable = ipairs, setmetatable

local unheard = {}

local failures = {}

-- In how many turns it is seen again whether somebody can still hear of them:
-- where there are many, not at each.
local patience = 0

--- Remember the failure of a task that nobody waits for, without keeping the task.
function unheard.note(task)
  task.failure = {
    err = task.err, trace = task.trace, spawner = task.spawner,
    handle = setmetatable({ task }, { __mode = "v" }),
  }
  failures[#failures + 1] = task.failure
  local spawner = task.spawner
  if spawner and not spawner.over then spawner.has_failures = true else patience = 0 end
end

--- A task that spawned such tasks has ended: nobody is left to hear of them.
function unheard.hurry()
  patience = 0
end

--- Can somebody still wait for it?  The task that spawned it can.
local function can_be_heard(failure)
  return failure.spawner and not failure.spawner.over and failure.handle[1]
end

--- Report those that nobody waited for and nobody will.
function unheard.report()
  local list = failures
  if not list[1] then return end
  failures = {}
  for _, failure in ipairs(list) do
    if failure.heard then -- luacheck: ignore 542
    elseif can_be_heard(failure) then
      failures[#failures + 1] = failure
    else
      pump.report(failure.err, failure.trace, "task")
    end
  end
  patience = #failures / 8
end

--- The same, once in a while: after each turn of the tasks.
function unheard.review()
  patience = patience - 1
  if patience <= 0 then unheard.report() end
end

kept["xai.runtime.unheard"] = unheard
return unheard
