--- Parts that not every program needs, loaded when they are first asked for.
--
-- A program may drop the library's modules from package.loaded and require them
-- again, while calls are under way: plugin managers do.  So what has a state is
-- in core.kept, by its name, for as long as the Lua state lives, and each such
-- module that is loaded again is the one that there is.

local kept = require("xai.core").kept
local std = require "xai.runtime.std"

local error, loadfile, pairs, pcall, require, type = error, loadfile, pairs, pcall, require, type
local string_find, string_gsub, string_match = string.find, string.gsub, string.match

local package_loaded = std.loaded

-- The folder of these files: a program may make Lua look elsewhere meanwhile.
local _, path = ...
if type(path) ~= "string" then path = std.getinfo and string_match(std.getinfo(1, "S").source, "^@(.*)$") or "" end
local folder, separator = string_match(path, "^(.*[/\\])runtime([/\\])part%.lua$")

local function load_beside(name, problem)
  local base = folder and string_match(name, "^xai%.(%l[%w_.]*)$")
  local chunk = base and loadfile and loadfile(folder .. string_gsub(base, "%.", separator) .. ".lua")
  if not chunk then error(problem, 0) end
  local part = chunk(name)
  package_loaded[name] = part
  return part
end

local function is_passing(problem)
  return type(problem) == "string" and string_find(problem, "not enough memory", 1, true) ~= nil
end

local function load_module(name)
  local ok, part = pcall(require, name)
  if ok then return part end
  if is_passing(part) then error(part, 0) end
  return load_beside(name, part) -- perhaps Lua does not look there any more
end

-- Lua 5.1 leaves a mark where a module could not be loaded, and never tries
-- again: what failed for lack of memory would be missing for ever. (The mark is
-- light userdata, which LuaJIT takes for a number.)
local function forget_failures()
  for name, value in pairs(package_loaded) do
    local is_mark = type(value) == "userdata" or type(value) == "number"
    if is_mark and (name == "cjson" or string_find(name, "^xai%.")) then package_loaded[name] = nil end
  end
end

--- What `require(name)` gives.
local function part_of(name)
  local loaded = kept[name] or package_loaded[name]
  if type(loaded) == "table" or type(loaded) == "function" then return loaded end
  local ok, part = pcall(std.in_first_lua, load_module, name)
  if ok then
    if string_find(name, "^xai%.") then kept[name] = part end
    return part
  end
  forget_failures()
  error(part, 0)
end

-- And what that module requires of ours in turn.
function std.first.require(name)
  if name ~= "xai.core" and string_find(name, "^xai%.") then return part_of(name) end
  return require(name)
end

return part_of
