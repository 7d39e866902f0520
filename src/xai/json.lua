--- Which JSON library is used, and the codec that makes them all alike.

local core = require "xai.core"
local part = require "xai.part"

local json = {}

local function find_module()
  local ok, cjson = pcall(part, "cjson")
  if ok and type(cjson) == "table" then return cjson end
  if not ok and tostring(cjson):find("not enough memory", 1, true) then error(cjson, 0) end -- it may be there
  local vim = rawget(_G, "vim") -- Neovim
  if type(vim) == "table" and type(vim.json) == "table" then return vim.json end
  error("xai: no JSON library found; install lua-cjson (Debian: lua-cjson, LuaRocks: lua-cjson)", 0)
end

local default

--- The codec for the library that this Lua has.
function json.default_codec()
  default = default or core.codec(find_module())
  return default
end

--- Has it what a JSON library must have?
function json.is_module(module)
  return type(module) == "table" and type(module.encode) == "function" and type(module.decode) == "function"
end

--- A codec for a module with `encode` and `decode`, or the default one for nil.
function json.codec(module)
  if module == nil then return json.default_codec() end
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
