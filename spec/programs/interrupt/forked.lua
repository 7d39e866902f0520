--- xai.on_interrupt: in a process that was forked, the child's is the child's.

local unistd, wait = require "posix.unistd", require("posix.sys.wait").wait
local who, count = "parent", 0
xai.on_interrupt(function() count = count + 1 print(who) end)
local process = unistd.fork()
if process == 0 then
  who = "child"
  PID = own_pid()
  press()
  xai.sleep(0.01)
  print "child ends"
  os.exit(0, true)
end
wait(process)
xai.sleep(0.01)
print("parent " .. count)
