--- The deadline of a run of tools: a moment that comes though nobody waits for it.

local core = require "xai.core"
local loop = require "xai.runtime.loop"
local timers = require "xai.runtime.timers"

local format = string.format

local deadlines = { stop = timers.stop }

--- Stop the run in `seconds`; never where that is nil or 0.  Returns what `stop` takes, or nil.
function deadlines.start(run, seconds)
  if not seconds or seconds == 0 then return nil end
  local timer -- with all its fields from the start, so that none needs memory later
  timer = {
    at = core.now() + seconds, place = false, order = 0, fired = false, waiter = false, queued = false,
    wake = function() loop.make_ready(timer) end,
    take_turn = function() run:stop("limit", "deadline", format("the deadline of %g s has passed", seconds)) end,
  }
  timers.start(timer, timer)
  return timer
end

return deadlines
