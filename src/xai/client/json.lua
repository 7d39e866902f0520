--- Which JSON library converts, and the codec that makes them all alike.

local core = require "xai.core"
local environment = require "xai.runtime.environment"

local error, pcall, rawget, require, tostring, type = error, pcall, rawget, require, tostring, type
local lazy_require = environment.lazy_require
local string_find = string.find

local json = {}

local function is_module(module)
  return type(module) == "table" and type(module.decode) == "function"
end

local MISSING = "no JSON library found; install lua-cjson (Debian: lua-cjson, LuaRocks: lua-cjson)"

local function cjson_codec(require_it)
  local found, cjson = pcall(require_it, "cjson")
  if found and type(cjson) == "table" then return core.codec(cjson) end
  error(string_find(tostring(cjson), "not enough memory", 1, true) and cjson or MISSING, 0)
end

--- The codec of Neovim's own library.  Other programs may have a `vim`, too.
local function neovim_codec()
  local vim = rawget(environment.globals, "vim")
  local module = type(vim) == "table" and vim.json
  if is_module(module) and module.decode('["text"]')[1] == "text" then return core.codec(module) end
end

local default, default_name

-- In Neovim its own library comes first: some versions export functions that have
-- the names of lua-cjson's, and then lua-cjson damages text.
local function choose(require_it)
  local ok, codec = pcall(neovim_codec)
  default_name = "vim.json"
  if not ok or not codec then
    ok, codec = pcall(cjson_codec, require_it)
    default_name = "lua-cjson"
  end
  if not ok then error("xai: " .. tostring(codec), 0) end
  default = codec
end

-- A program may hide its libraries later.  A failure here is raised by the first use.
-- lazy_require removes the mark that Lua 5.1 leaves where cjson failed to load.
if not pcall(choose, require) then pcall(choose, lazy_require) end

--- The codec for the library that this Lua has, and the name of that library.
function json.default_codec()
  if not default then choose(lazy_require) end
  return default, default_name
end

--- The codec for the option `json` of xai.new.  Raises where that is a module that
-- cannot be used; core.client refuses what is no module.
function json.codec_of(options)
  local module = type(options) == "table" and options.json
  if not is_module(module) then return (json.default_codec()) end
  local ok, codec = pcall(core.codec, module)
  if ok then return codec end
  if string_find(tostring(codec), "^option 'json'") then error("xai.new: " .. codec, 3) end
  error(codec, 0)
end

--- JSON text of a value, as requests are encoded.
-- @raise where JSON has no such value, naming the path
function json.encode(value)
  return (core.encode(json.default_codec(), value))
end

--- The value of a JSON text, as answers are decoded; or nil and the reason.
function json.decode(text)
  if type(text) ~= "string" then error("xai.decode: the text must be a string, got " .. type(text), 2) end
  return core.decode(json.default_codec(), text)
end

return json
