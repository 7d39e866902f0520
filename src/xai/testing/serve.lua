--- serve.lua - xai.testing.serve: the stand-in server in a process of its own.
--
-- Plain Lua starts it by a shell, so that the program that asks needs no luv. The server ends with its
-- standard input, whose other side this process holds open: however it ends, the server ends, too. It
-- tells its address by a named pipe.

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local known = require "xai.testing.options"
local xai = require "xai"

local io, os = io, os

-- An interpreter is one that can load luv, as it is called or without the paths of this one.
local SCRIPT = [[
pipe=$1
server=$2
shift 2
can() { "$@" -e 'require "luv"' </dev/null >/dev/null 2>&1; }
for lua in "$TRY_FIRST" "$LUA" "$TRY_NEXT" lua5.4 lua luajit lua5.3 lua5.1 lua5.2 lua5.5; do
  [ -n "$lua" ] && command -v "$lua" >/dev/null 2>&1 || continue
  if can "$lua"; then exec "$lua" "$server" --stdin --quiet "$@" >"$pipe"; fi
  if can env -u LUA_PATH -u LUA_CPATH "$lua"; then
    exec env -u LUA_PATH -u LUA_CPATH "$lua" "$server" --stdin --quiet "$@" >"$pipe"
  fi
done
if command -v nvim >/dev/null 2>&1; then
  exec nvim -l "$server" --stdin --quiet "$@" >"$pipe"
fi
echo "no Lua here has luv (LuaRocks: luv, Debian: lua-luv)" >"$pipe"
]]

local function quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

--- The path of server.lua: beside this file.
local function server_path()
  local getinfo = environment.getinfo
  local source = getinfo and getinfo(1, "S").source or ""
  return (source:match "^@(.*)serve%.lua$" or "./") .. "server.lua"
end

--- The interpreter that runs this program, if it is one.
local function own_interpreter()
  local arg = rawget(environment.globals, "arg")
  local first
  for i = -1, -10, -1 do
    if type(arg) ~= "table" or type(arg[i]) ~= "string" then break end
    first = arg[i]
  end
  return first and first:match "lua[%w.-]*$" and first or ""
end

local function check(options)
  if options == nil then return {} end
  if type(options) ~= "table" then
    error("testing.serve: options must be a table, got a " .. type(options), 4)
  end
  local names = { lua = true }
  for name in pairs(known) do names[name] = true end
  for name, value in pairs(options) do
    if not names[name] then
      local meant = type(name) == "string" and core.nearest(name, names)
      error("testing.serve: unknown option '" .. tostring(name) .. "'"
        .. (meant and " (did you mean '" .. meant .. "'?)" or ""), 4)
    end
    local expected = known[name] == tonumber and "number" or "string"
    if type(value) ~= expected then
      error(("testing.serve: option '%s' must be a %s, got a %s"):format(name, expected, type(value)), 4)
    end
  end
  return options
end

local function command(pipe, options)
  local words = {
    "TRY_FIRST=" .. quote(options.lua or ""), "; TRY_NEXT=" .. quote(own_interpreter()),
    "; export TRY_FIRST TRY_NEXT; exec sh -c", quote(SCRIPT), "sh", quote(pipe), quote(server_path()),
    "--pace", quote(options.pace or 0),
  }
  for name in pairs(known) do
    if name ~= "pace" and options[name] ~= nil then
      words[#words + 1] = "--" .. name:gsub("_", "-") .. " " .. quote(options[name])
    end
  end
  return table.concat(words, " ")
end

--- A folder of this process's own with a named pipe in it.
local function make_pipe()
  local name = os.tmpname()
  os.remove(name)
  local made = os.execute("mkdir -m 700 " .. quote(name) .. " && mkfifo " .. quote(name .. "/pipe"))
  if made ~= true and made ~= 0 then
    error("testing.serve: no named pipe can be made in " .. name, 4)
  end
  return name
end

local Server = {}
Server.__index = Server

--- End the server. A second call does nothing.
function Server:close()
  if not self.process then return end
  self.process:close() -- its standard input ends, and this waits for it
  self.process = nil
end

--- A client of the server; `options` as those of xai.new.
function Server:client(options)
  local all = { base_url = self.url, api_key = "xai-test" }
  for name, value in pairs(options or {}) do all[name] = value end
  return xai.new(all)
end

Server.__close = Server.close
Server.__gc = Server.close

function Server:__tostring()
  return "xai.testing.server (" .. (self.process and self.url or "closed") .. ")"
end

local function serve(options)
  options = check(options)
  local folder = make_pipe()
  local process = io.popen(command(folder .. "/pipe", options), "w")
  local pipe = process and io.open(folder .. "/pipe", "r")
  local said = pipe and pipe:read "*l"
  if pipe then pipe:close() end
  os.execute("rm -r " .. quote(folder))
  local url = said and said:match "^http://127%.0%.0%.1:%d+$"
  if not url then
    if process then process:close() end
    error("testing.serve: the server did not start: " .. (said or "it said nothing"), 3)
  end
  return setmetatable({ url = url, port = tonumber(url:match "%d+$"), process = process }, Server)
end

return serve
