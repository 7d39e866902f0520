--- What a Lua value is as JSON, and when two are the same.

local core = require "xai.core"
local environment = require "xai.runtime.environment"

local abs, floor, fmod, min = math.abs, math.floor, math.fmod, math.min
local getmetatable, next, rawget, type = getmetatable, next, rawget, type
local NULL = core.null
local VIM = rawget(environment.globals, "vim")
local VIM_NULL = type(VIM) == "table" and VIM.NIL -- Neovim's null
local ARRAY = getmetatable(core.array {})

local MAX_EQUAL = 200 -- levels of values that are compared

local kinds = {}

--- null, in all of its forms; nil is a member that was null.
local function is_null(value)
  if value == NULL or value == nil then return true end
  return type(value) == "userdata" and value == VIM_NULL
end

--- null, boolean, number, string, array, object, "empty" (either of them), or another type.
function kinds.of(value)
  local kind = type(value)
  if kind == "number" then return value - value == 0 and kind or "number that JSON lacks" end
  if kind == "table" then
    if #value > 0 then return "array" end
    if next(value) ~= nil then return "object" end
    return getmetatable(value) == ARRAY and "array" or "empty"
  end
  if kind == "string" or kind == "boolean" then return kind end
  return is_null(value) and "null" or kind
end

--- Is a value of this kind one of the type `name`?
function kinds.fits(name, kind, value)
  if name == kind then return true end
  if kind == "empty" then return name == "object" or name == "array" end
  return name == "integer" and kind == "number" and value == floor(value)
end

--- The kinds that JSON has.
kinds.JSON = {
  null = true, boolean = true, number = true, string = true, array = true, object = true, empty = true,
}

--- Are they the same JSON?  A member that is null is the same as none.
local function equal(a, b, depth)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b or is_null(a) and is_null(b) end
  if depth > MAX_EQUAL or #a ~= #b then return false end
  if #a > 0 then
    for i = 1, #a do
      if not equal(a[i], b[i], depth + 1) then return false end
    end
    return true
  end
  for key, value in next, a do
    if not equal(value, b[key], depth + 1) then return false end
  end
  for key, value in next, b do
    if a[key] == nil and not is_null(value) then return false end
  end
  local one, other = kinds.of(a), kinds.of(b)
  return one == other or one == "empty" or other == "empty" or one ~= "array" and other ~= "array"
end

--- Is a number a multiple of another, but for what doubles lose?
function kinds.is_multiple(value, of)
  if value == floor(value) and of == floor(of) then return fmod(value, of) == 0 end
  local quotient = value / of
  if quotient - quotient ~= 0 then return false end -- too large a number
  return abs(quotient - floor(quotient + 0.5)) <= 1e-9 * (abs(quotient) > 1 and min(abs(quotient), 1e4) or 1)
end

kinds.equal, kinds.is_null = equal, is_null

return kinds
