--- on_terminal.lua - what a Lua program writes to a terminal of so many columns.

local programs = require("spec.support.programs")

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Run `code` with all three streams on a terminal.  Returns its output, where a line ends with "\n"
-- and an overwritten one with "\r"; and its exit code.  `prefix` is a command that runs it.
return function(columns, code, prefix)
  local program, script = os.tmpname(), os.tmpname()
  write(program, code)
  write(script, ("stty cols %d; %s %s %s"):format(columns, prefix or "", programs.lua, program))
  local output, status = programs.shell(programs.with({}, ("script -qec 'sh %s' /dev/null </dev/null"):format(script)))
  os.remove(program)
  os.remove(script)
  return (output:gsub("\r\n", "\n")), status
end
