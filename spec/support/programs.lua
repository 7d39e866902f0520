--- programs.lua - programs in processes of their own, and what they print.
--
-- `folder` is for the programs of spec/programs, which talk to one stand-in server.  `run` and its like
-- are for programs of any path, as a newcomer runs them: each with a server of its own.  `code` is
-- for one-liners.  All get the interpreter, the search paths and the build of this suite.

local leftovers = require("spec.support.leftovers")
local raw_client = require("spec.support.raw_client")
local standin = require("xai.testing.server")

local M = {}

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

-- Commands ---------------------------------------------------------------------------------------

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- What a shell command prints, on both its outputs.
function M.output(command)
  local pipe = assert(io.popen(("{ %s ; } 2>&1"):format(command)))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- Is this program installed?
function M.has(program)
  return M.output("command -v " .. program) ~= ""
end

--- Where relative paths of this checkout begin.
M.root = M.output("pwd"):gsub("\n$", "")

--- A shell command that is run in `dir` (the checkout): its output and its exit code.
function M.shell(command, dir)
  local text = M.output(("cd %s && { %s\n}; echo \"exit $?\""):format(quote(dir or M.root), command))
  local output, code = text:match("^(.*)exit (%d+)\n$")
  return output, tonumber(code)
end

--- Search paths as they are here, valid in any folder.
local function absolute(templates)
  local list = {}
  for template in templates:gmatch("[^;]+") do
    list[#list + 1] = template:find("^/") and template or M.root .. "/" .. template
  end
  return table.concat(list, ";")
end

--- Where a child process finds this build.
M.path, M.cpath = absolute(package.path), absolute(package.cpath)

--- The interpreter that runs this.
local function interpreter()
  local i = -1
  while arg[i - 1] do i = i - 1 end
  return os.getenv("LUA") or arg[i] or "lua5.4"
end

M.lua = interpreter()

--- `command` as it is run with this environment: name = value, or false for none.
function M.with(environment, command)
  local words = { "env" }
  for name, value in pairs(environment) do
    if not value then words[#words + 1] = "-u " .. name end
  end
  for name, value in pairs(environment) do
    if value then words[#words + 1] = name .. "=" .. quote(value) end
  end
  words[#words + 1] = ("LUA=%s LUA_PATH=%s LUA_CPATH=%s"):format(quote(M.lua), quote(M.path), quote(M.cpath))
  return table.concat(words, " ") .. " " .. command
end

--- For programs that fork: the new process gives up on purpose what belongs to the other one, which
-- to LeakSanitizer is a leak.
M.NO_LEAKS = { ASAN_OPTIONS = "detect_leaks=0" }

--- What a program prints that is given as text.
function M.code(text, environment)
  return M.output(M.with(environment or {}, M.lua .. " -e " .. quote(text)))
end

-- Programs as a newcomer runs them ---------------------------------------------------------------

local function at_root(path)
  return quote(path:find("^/") and path or M.root .. "/" .. path)
end

--- The command that runs a program; `options` are those of the server, with pace 0 unless given.
function M.command(path, options)
  return M.with({}, ("%s %s -- %s %s"):format(at_root("src/xai/testing/with-server"), options or "--pace 0",
    quote(M.lua), at_root(path)))
end

--- The command that runs a program against a server that runs already.
function M.command_at(url, path)
  return M.with({ XAI_BASE_URL = url, XAI_API_KEY = "xai-spec" }, quote(M.lua) .. " " .. at_root(path))
end

--- Run a program in the folder `dir` (the checkout): its output and its exit code.
function M.run(path, dir)
  return M.shell(M.command(path), dir)
end

--- The same for a program that is given as text.
function M.run_text(source)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(source)
  file:close()
  local output, code = M.run(path)
  os.remove(path)
  return output, code
end

-- Programs of spec/programs ----------------------------------------------------------------------

local LAUNCHER = "spec/programs/run.lua"

local function on_lua(words)
  for i, word in ipairs(words) do words[i] = quote(word) end
  return M.lua .. " " .. LAUNCHER .. " " .. table.concat(words, " ")
end

local function in_neovim(words)
  return ("XAI_PROGRAM=%s timeout -s KILL 60 nvim --headless -u NONE -i NONE -c 'luafile %s' -c 'qall!'"):format(
    quote(table.concat(words, "\t")), LAUNCHER)
end

--- Is there a Neovim that loads what is tested?  Its LuaJIT loads what was built for Lua 5.1.
function M.has_neovim()
  return _VERSION == "Lua 5.1" and M.has("nvim")
end

--- Where the compiled part is that the specs run on.
function M.find_core()
  for template in package.cpath:gmatch("[^;]+") do
    local name = template:gsub("%?", "xai/core")
    local file = io.open(name, "rb")
    if file then
      file:close()
      return name
    end
  end
end

local Folder = {}
Folder.__index = Folder

--- The programs of spec/programs/NAME; `environment` has more variables for them.
function M.folder(name, environment)
  return setmetatable({ name = name, environment = environment or {}, command = on_lua }, Folder)
end

--- The same for those that run within headless Neovims.
function M.neovim(name, environment)
  local folder = M.folder(name, environment)
  folder.command, folder.is_neovim = in_neovim, true
  return folder
end

--- The same programs and server, with more variables.
function Folder:with(environment)
  return setmetatable({ environment = environment }, { __index = self })
end

--- Start their server; in setup, once for a file.
function Folder:open()
  self.server, self.running = standin.spawn { pace = 0 }, {}
  leftovers.add(function() self:close() end)
end

--- Use the server of another folder, which opens and closes it.
function Folder:share(other)
  self.server, self.running = other.server, {}
end

--- Wait for the programs that still run, and end the server.
function Folder:close()
  for output in pairs(self.running) do output() end
  self.server.close()
end

--- Start a program with these arguments.  Gives a function that waits for its end and gives what it printed.
function Folder:start(program, ...)
  local environment = { XAI_BASE_URL = self.server.url, XAI_API_KEY = "xai-spec", XAI_DEBUG = false }
  if self.is_neovim then environment.XDG_CONFIG_HOME = "/nonexistent" end
  for name, value in pairs(self.environment) do environment[name] = value end
  local command = self.command { self.name .. "/" .. program, ... }
  local pipe = assert(io.popen("{ " .. M.with(environment, command) .. " ; } 2>&1"))
  local function output()
    self.running[output] = nil
    local text = pipe:read("*a")
    pipe:close()
    return (text:gsub("\r", ""))
  end
  self.running[output] = true
  return output
end

local AT_ONCE = 4

--- The programs of `jobs`, lists of a name and arguments, some at once: for those that mostly wait and
-- do not ask what the server knows.  Gives a function that gives what the one of this number printed.
function Folder:series(jobs)
  local outputs, started = {}, 0
  return function(i)
    if not outputs[i] then started = i - 1 end -- those before it were not asked for
    while started < math.min(i + AT_ONCE - 1, #jobs) do
      started = started + 1
      outputs[started] = self:start(unpack(jobs[started]))
    end
    local output = outputs[i]
    outputs[i] = nil
    return output()
  end
end

--- What a program prints, run by itself; the server has forgotten all requests of before.
function Folder:output(program, ...)
  raw_client.call(self.server.port, "POST", "/_/reset")
  return self:start(program, ...)()
end

--- A program prints exactly this, and in Neovim no function is refused in a fast event.
function Folder:says(expected, program, ...)
  local said = self:output(program, ...)
  assert(not said:find("E5560", 1, true), said)
  if said ~= expected then error(("expected:\n%s\ngot:\n%s"):format(expected, said), 2) end
end

return M
