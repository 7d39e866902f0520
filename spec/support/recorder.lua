--- recorder.lua - what the callbacks of started calls are told, and steps until they are.

local xai = require("xai")

local M = {}

--- Options that write down what the callbacks are told, in order.
function M.new(opts)
  local log = { events = 0, done = 0, retries = 0 }
  opts = opts or {}
  opts.on_event = function()
    log.events = log.events + 1
    if log.done > 0 then log.late = true end
  end
  opts.on_done = function(result, message, info)
    log.done = log.done + 1
    log.result, log.message, log.info = result, message, info
  end
  opts.on_retry = function() log.retries = log.retries + 1 end
  return opts, log
end

--- Step until `ready()`; at most so often that a failure ends.
function M.step_until(ready)
  for _ = 1, 3000 do
    if ready() then return end
    xai.step(0.01)
  end
  error("nothing happened")
end

return M
