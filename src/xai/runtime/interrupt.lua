--- Ctrl-C: `xai.on_interrupt(f)`.
--
-- The signal's handler, in C, only notes it and wakes whoever waits.  `f` is
-- called where things are handed out, first of all and in no task's name.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.interrupt"] then return kept["xai.runtime.interrupt"] end

local core = require "xai.core"
local pump = require "xai.runtime.loop"
require "xai.runtime.wait" -- from now on waits go its way, which looks here

local error, pcall, type = error, pcall, type

local M = {}

local current -- the function that is called
local serving = false

--- Call the function if Ctrl-C was pressed.  What it raises goes to whoever
-- waits, or is reported where a loop has called us.  Pressed again while the
-- function runs, it is served when that has returned.
local function serve()
  if serving or not core.interrupted(true) then return end
  serving = true
  pump.interrupt_error = nil
  local ok, err = pcall(current, core.failure("cancelled", "interrupted"))
  serving = false
  if ok then return end
  if pump.driven then return pump.report(err, pump.describe(err), "function for interrupts") end
  pump.interrupt_error = { err }
  error(err, 0)
end

--- Call `f(err)` when Ctrl-C is pressed, in place of what else would happen; nil
-- lets that happen again.  Gives the function that was set before.
function M.on_interrupt(f)
  if f ~= nil and type(f) ~= "function" then
    error("xai.on_interrupt: expected a function or nil, got " .. type(f), 2)
  end
  local before = current
  core.listen(f ~= nil)
  current = f
  pump.serve_interrupt = f and serve or nil
  if pump.on_active then pump.on_active() end
  return before
end

kept["xai.runtime.interrupt"] = M
return M
