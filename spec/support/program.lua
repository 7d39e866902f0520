--- program.lua - run Lua programs as a newcomer does, each against a stand-in server of its own.

local M = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local root = output_of("pwd"):gsub("\n$", "")

--- Search paths as they are here, valid in any folder.
local function absolute(templates)
  local list = {}
  for template in templates:gmatch "[^;]+" do
    list[#list + 1] = template:find "^/" and template or root .. "/" .. template
  end
  return table.concat(list, ";")
end

--- Where relative paths of this checkout begin.
M.root = root

--- Where a child process finds this build.
M.path, M.cpath = absolute(package.path), absolute(package.cpath)

--- The interpreter that the suite runs on.
M.lua = os.getenv "LUA" or "lua5.4"

--- A shell command in the environment of the suite; its standard error comes with its output.
-- @return its output and its exit code
function M.shell(command, dir)
  local text = output_of(("{ cd %s && { %s\n}; } 2>&1; echo \"exit $?\""):format(quote(dir or root), command))
  local output, code = text:match "^(.*)exit (%d+)\n$"
  return output, tonumber(code)
end

local function at_root(path)
  return quote(path:find "^/" and path or root .. "/" .. path)
end

--- What a child process needs in its environment.
local function environment()
  return ("LUA=%s LUA_PATH=%s LUA_CPATH=%s"):format(quote(M.lua), quote(M.path), quote(M.cpath))
end

--- The command that runs a program; `options` are those of the server, with pace 0 unless given.
function M.command(path, options)
  return ("%s %s %s -- %s %s"):format(environment(), at_root "spec/support/with-server", options or "--pace 0",
    quote(M.lua), at_root(path))
end

--- The command that runs a program against a server that runs already.
function M.command_at(url, path)
  return ("%s XAI_BASE_URL=%s XAI_API_KEY=xai-spec %s %s"):format(environment(), url, quote(M.lua), at_root(path))
end

--- Run a program in the folder `dir` (the checkout): its output and its exit code.
function M.run(path, dir)
  return M.shell(M.command(path), dir)
end

--- Run a program that is given as text.
function M.run_text(source)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(source)
  file:close()
  local output, code = M.run(path)
  os.remove(path)
  return output, code
end

return M
