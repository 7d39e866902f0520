--- bulk_job.lua FILE COUNT - a bulk job that writes the key of each item on a line of its own when it is told done.
-- Its first line is the number of this process.

local xai = require "xai"

local path, count = arg[1], tonumber(arg[2])

io.stdout:setvbuf "no"
local pipe = io.popen "echo $PPID"
print(pipe:read "*l")
pipe:close()

local last = 0

local report = assert(xai.bulk(function()
  last = last + 1
  return last <= count and last or nil
end, function(item)
  xai.sleep(item % 3 / 1000)
  if item % 100 == 0 then return ("x"):rep(60000) end -- a line that takes its time
  return "value of " .. item
end, {
  file = path, at_once = 8, on_done = function(key) print(key) end,
}))
print(report.skipped + report.done == count and "whole" or "not whole")
