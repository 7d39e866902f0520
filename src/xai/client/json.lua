--- Which JSON library is used, and the codec that makes them all alike.

local core = require "xai.core"
local lazy_require = require("xai.runtime.environment").lazy_require
local environment = require "xai.runtime.environment"

local error, ipairs, pcall, rawget, tostring, type = error, ipairs, pcall, rawget, tostring, type
local string_find = string.find

local json = {}

--- Has it what a JSON library must have?
function json.is_module(module)
  return type(module) == "table" and type(module.encode) == "function" and type(module.decode) == "function"
end

local function lua_cjson()
  local ok, cjson = pcall(lazy_require, "cjson")
  if ok and type(cjson) == "table" then return cjson end
  if not ok and string_find(tostring(cjson), "not enough memory", 1, true) then error(cjson, 0) end -- it may be there
end

local function gives_back(module, text)
  return module.decode(module.encode { text })[1] == text
end

--- Neovim's own library; others have a `vim`, too, which stands in for it in tests.
local function vim_json()
  local vim = rawget(environment.globals, "vim")
  local module = type(vim) == "table" and vim.json
  if not json.is_module(module) then return nil end
  local ok, works = pcall(gives_back, module, "text")
  return ok and works and module or nil
end

-- Neovim's library goes first there: lua-cjson may write damaged text, as some
-- versions of Neovim export functions of the same names as those within it.
local LIBRARIES = { { "vim.json", vim_json }, { "lua-cjson", lua_cjson } }

local default, default_name

local function choose()
  local problem = "no JSON library found; install lua-cjson (Debian: lua-cjson, LuaRocks: lua-cjson)"
  for _, library in ipairs(LIBRARIES) do
    local module = library[2]()
    if module then
      local ok, codec = pcall(core.codec, module)
      if ok then
        default, default_name = codec, library[1]
        return
      end
      if string_find(tostring(codec), "not enough memory", 1, true) then error(codec, 0) end
      problem = codec
    end
  end
  error("xai: " .. problem, 0)
end

-- A program may hide its libraries afterwards.  Where there is none, or no memory
-- for it, the first client says so.
pcall(choose)

--- The codec for the library that this Lua has, and the name of that.
function json.default_codec()
  if not default then choose() end
  return default, default_name
end

--- A codec for a module with `encode` and `decode`, or the default one for nil.
function json.codec(module)
  if module == nil then return (json.default_codec()) end
  return core.codec(module)
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
