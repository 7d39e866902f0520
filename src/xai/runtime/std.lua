--- What of Lua's libraries a program may have taken away before it loads us.
--
-- All modules take what they need of Lua while they are loaded: programs hide
-- `require`, replace `string.len` by one for UTF-8, and so on.  What is here may be
-- missing from the beginning, in sandboxes and games.  Modules that are loaded
-- later (see runtime/part.lua) find Lua as it was when the first was.

local core = require "xai.core"

local globals = _G
if type(globals) ~= "table" then globals = getfenv and getfenv(1) or _ENV end -- luacheck: ignore 113 143

local error, next, pcall, rawget, rawset, type = error, next, pcall, rawget, rawset, type

--- The function `name` of the library `library`, or nil.
local function find(library, name)
  local functions = rawget(globals, library)
  local f = type(functions) == "table" and functions[name]
  return type(f) == "function" and f or nil
end

--- The words alone.
local function no_traceback(first, second)
  if type(first) == "thread" then return second end
  return first
end

local function nothing() end

-- What modules use while they are loaded.
local NAMES = {
  "_G", "_VERSION", "collectgarbage", "coroutine", "debug", "dofile", "error", "getmetatable", "io", "ipairs", "load",
  "loadfile", "math", "next", "os", "package", "pairs", "pcall", "rawequal", "rawget", "rawset", "require", "select",
  "setmetatable", "string", "table", "tonumber", "tostring", "type", "xpcall",
}

local LIBRARIES = { coroutine = true, debug = true, io = true, math = true, os = true, string = true, table = true }

local function copy(library)
  local all = {}
  for name, value in next, library do all[name] = value end
  return all
end

local saved = {}
for i = 1, #NAMES do
  local name = NAMES[i]
  local value = rawget(globals, name)
  if LIBRARIES[name] and type(value) == "table" then value = copy(value) end
  saved[name] = value
end

--- Exchange the globals for those in `other`; gives what they were.
local function exchange(other)
  local before = {}
  for name in next, saved do
    before[name] = rawget(globals, name)
    rawset(globals, name, other[name])
  end
  return before
end

--- `f(x)` in Lua as it was when this module was loaded.
local function in_first_lua(f, x)
  local before = exchange(saved)
  local ok, result = pcall(f, x)
  exchange(before)
  if not ok then error(result, 0) end
  return result
end

local function write(out, words) out:write(words, "\n") end

--- A line on io.stderr, whatever a program has made of that, else on stderr.
local function complain(words)
  local io = rawget(globals, "io")
  local out = type(io) == "table" and rawget(io, "stderr")
  if not out or not pcall(write, out, words) then core.complain(words) end
end

local package_of_lua = rawget(globals, "package")

return {
  globals = globals,
  first = saved,
  complain = complain,
  in_first_lua = in_first_lua,
  getenv = find("os", "getenv") or nothing,
  traceback = find("debug", "traceback") or no_traceback,
  getinfo = find("debug", "getinfo"),
  loaded = type(package_of_lua) == "table" and package_of_lua.loaded or {}, -- package.loaded
  unpack = find("table", "unpack") or rawget(globals, "unpack"),
}
