--- child.lua - programs of their own, with the modules that this one finds.

local M = {}

local function quote(s)
  return "'" .. s:gsub("'", "'\\''") .. "'"
end

--- The interpreter that runs this.
local function interpreter()
  local i = -1
  while arg[i - 1] do i = i - 1 end
  return os.getenv("LUA") or arg[i] or "lua5.4"
end

--- What a shell command says, on both its outputs.
function M.output(command)
  local pipe = assert(io.popen(("{ %s ; } 2>&1"):format(command)))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

function M.has(program)
  return M.output("command -v " .. program) ~= ""
end

--- `command` as it is run with this environment: name = value, or false for none.
function M.with(environment, command)
  local words = { "env" }
  for name, value in pairs(environment) do
    if not value then words[#words + 1] = "-u " .. name end
  end
  for name, value in pairs(environment) do
    if value then words[#words + 1] = name .. "=" .. quote(value) end
  end
  words[#words + 1] = "LUA_PATH=" .. quote(package.path) .. " LUA_CPATH=" .. quote(package.cpath)
  return table.concat(words, " ") .. " " .. command
end

--- What a Lua program says that is run on this interpreter.
function M.lua(code, environment)
  return M.output(M.with(environment or {}, interpreter() .. " -e " .. quote(code)))
end

-- For programs that fork: the new process gives up on purpose what belongs to the other one, which to
-- LeakSanitizer is a leak.
M.NO_LEAKS = { ASAN_OPTIONS = "detect_leaks=0" }

return M
