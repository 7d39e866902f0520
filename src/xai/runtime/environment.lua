--- The Lua environment: what modules take from it, and modules that load on demand.
--
-- Programs hide `require`, replace `string.len` by one for UTF-8, and so on.  So
-- each module copies what it needs into locals while it loads.  Sandboxes and
-- games may lack whole libraries: this module has replacements for those.
--
-- Modules that load later (`lazy_require`) see the globals as they were when this
-- module was loaded.
--
-- A program may drop the library's modules from package.loaded and require them
-- again while calls are in flight: plugin managers do.  So modules with state keep
-- themselves in `core.kept`, by name, for the life of the Lua state.  A second load
-- returns the kept module.

local core = require "xai.core"

local kept = core.kept

local globals = _G
if type(globals) ~= "table" then globals = getfenv and getfenv(1) or _ENV end -- luacheck: ignore 113 143

local error, loadfile, next, pairs, pcall, rawget, rawset, require, type =
  error, loadfile, next, pairs, pcall, rawget, rawset, require, type
local string_find, string_gsub, string_match = string.find, string.gsub, string.match

--- The function `name` of the library `library`, or nil.
local function find(library, name)
  local functions = rawget(globals, library)
  local f = type(functions) == "table" and functions[name]
  return type(f) == "function" and f or nil
end

--- Stands in for debug.traceback: returns the message alone.
local function no_traceback(first, second)
  if type(first) == "thread" then return second end
  return first
end

local function nothing() end

local package_of_lua = rawget(globals, "package")

local environment = {
  globals = globals,
  getenv = find("os", "getenv") or nothing,
  traceback = find("debug", "traceback") or no_traceback,
  getinfo = find("debug", "getinfo"), -- may be nil
  loaded = type(package_of_lua) == "table" and package_of_lua.loaded or {}, -- package.loaded
  unpack = find("table", "unpack") or rawget(globals, "unpack"),
}

local function write(out, text) out:write(text, "\n") end

--- Write a line to io.stderr, which a program may have replaced, or else to stderr.
function environment.complain(text)
  local io = rawget(globals, "io")
  local out = type(io) == "table" and rawget(io, "stderr")
  if not out or not pcall(write, out, text) then core.complain(text) end
end

-- The globals at load time ---------------------------------------------------

-- Globals that modules use while they load.
local NAMES = {
  "_G", "_VERSION", "collectgarbage", "coroutine", "debug", "dofile", "error", "getmetatable", "io", "ipairs", "load",
  "loadfile", "math", "next", "os", "package", "pairs", "pcall", "rawequal", "rawget", "rawset", "require", "select",
  "setmetatable", "string", "table", "tonumber", "tostring", "type", "xpcall",
}

--- Libraries whose functions modules take while they load.
local LIBRARIES = { coroutine = true, math = true, string = true, table = true }

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

local function set_globals(values)
  for name in next, saved do rawset(globals, name, values[name]) end
end

--- Call `f(x)` with the globals as they were when this module was loaded.
local function with_saved_globals(f, x)
  local before = {}
  for name in next, saved do before[name] = rawget(globals, name) end
  set_globals(saved)
  local ok, result = pcall(f, x)
  set_globals(before)
  if not ok then error(result, 0) end
  return result
end

-- Modules on demand ------------------------------------------------------------

-- The folder of the library, in case package.path changes later.
local _, path = ...
if type(path) ~= "string" then
  path = environment.getinfo and string_match(environment.getinfo(1, "S").source, "^@(.*)$") or ""
end
local folder, separator = string_match(path, "^(.*[/\\])runtime([/\\])environment%.lua$")

--- Load a module from this file's folder; raises `problem` where it is not there.
local function load_beside(name, problem)
  local base = folder and string_match(name, "^xai%.(%l[%w_.]*)$")
  local chunk = base and loadfile and loadfile(folder .. string_gsub(base, "%.", separator) .. ".lua")
  if not chunk then error(problem, 0) end
  local module = chunk(name)
  environment.loaded[name] = module
  return module
end

local function is_out_of_memory(problem)
  return type(problem) == "string" and string_find(problem, "not enough memory", 1, true) ~= nil
end

local function load_module(name)
  local ok, module = pcall(require, name)
  if ok then return module end
  if is_out_of_memory(module) then error(module, 0) end
  return load_beside(name, module) -- package.path may have changed
end

--- Remove the marks that Lua 5.1 leaves where loading a module failed, as it would
-- never try again. (The mark is light userdata, which LuaJIT takes for a number.)
local function forget_failures()
  for name, value in pairs(environment.loaded) do
    local is_mark = type(value) == "userdata" or type(value) == "number"
    if is_mark and (name == "cjson" or string_find(name, "^xai%.")) then environment.loaded[name] = nil end
  end
end

--- Return a module, which `load(name)` loads where it is not there.
local function load_once(name, load)
  local loaded = kept[name] or environment.loaded[name]
  if type(loaded) == "table" or type(loaded) == "function" then return loaded end
  local ok, module = pcall(load, name)
  if ok then
    if string_find(name, "^xai%.") then kept[name] = module end
    return module
  end
  forget_failures()
  error(module, 0)
end

local function load_with_saved_globals(name)
  return with_saved_globals(load_module, name)
end

--- Returns what `require(name)` returns, also where the program has changed the
-- globals, package.path or package.loaded meanwhile.
function environment.lazy_require(name)
  return load_once(name, load_with_saved_globals)
end

--- `require` for modules that load on demand, which require others in turn.
function saved.require(name)
  if name ~= "xai.core" and string_find(name, "^xai%.") then return load_once(name, load_module) end
  return require(name)
end

return environment
