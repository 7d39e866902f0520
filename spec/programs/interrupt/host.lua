--- host.lua - what the programs about Ctrl-C have on top: a program sends itself the signal.

-- luacheck: globals PID own_pid press press_soon show silent

include "spec/programs/common.lua"

io.stdout:setvbuf "no"

--- The number of this process.
function own_pid()
  local pipe = io.popen "echo $PPID"
  local pid = pipe:read "*l"
  pipe:close()
  return pid
end

PID = own_pid()

-- (os.execute would have the signal ignored in the meantime.)
function press() io.popen("kill -INT " .. PID):close() end

function press_soon() io.popen("(sleep 0.1; kill -INT " .. PID .. ") >/dev/null 2>&1 &"):close() end

--- Print values; errors as kind and message.
function show(...)
  local list = { ... }
  for i = 1, select("#", ...) do
    local value = list[i]
    if type(value) == "table" then list[i] = value.kind .. "/" .. value.message end
  end
  print((table.unpack or unpack)(list, 1, select("#", ...)))
end

--- Options of a call that has no answer.
silent = options "stall-before-head"
