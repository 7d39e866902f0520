--- shape.lua - checks of field types, put together like the types of the service.
-- A check is a function(value, path) that returns nothing, or what is wrong.

local json = require("xai.testing.standin.json")

local M = {}

local function describe(v)
  if v == nil or v == json.null then return "null" end
  if type(v) == "string" then return ("string %q"):format(v):gsub("\\\n", "\\n") end
  if type(v) == "number" then return ("%s `%s`"):format(v % 1 == 0 and "integer" or "floating point", tostring(v)) end
  if type(v) == "boolean" then return ("boolean `%s`"):format(tostring(v)) end
  return json.is_array(v) and "sequence" or "map"
end

local function mismatch(v, path, expected)
  return ("%s: invalid type: %s, expected %s"):format(path, describe(v), expected)
end

local function simple(test, expected)
  return function(v, path)
    if not test(v) then return mismatch(v, path, expected) end
  end
end

local function is_whole(v)
  if math.type then return math.type(v) == "integer" end
  return type(v) == "number" and v % 1 == 0
end

M.string = simple(function(v) return type(v) == "string" end, "a string")
M.number = simple(function(v) return type(v) == "number" end, "a number")
M.integer = simple(is_whole, "an integer")
M.boolean = simple(function(v) return type(v) == "boolean" end, "a boolean")
M.object = simple(json.is_object, "a map")
M.any = function() end

--- One of some words.
function M.enum(...)
  local words = {}
  for _, word in ipairs { ... } do words[word] = true end
  local listed = table.concat({ ... }, "`, `")
  return function(v, path)
    if type(v) ~= "string" then return mismatch(v, path, "a string") end
    if not words[v] then return ("%s: unknown variant `%s`, expected one of `%s`"):format(path, v, listed) end
  end
end

--- A list of `check`ed items, at least `least` of them.
function M.list(check, least)
  return function(v, path)
    if not json.is_array(v) then return mismatch(v, path, "a sequence") end
    if #v < (least or 0) then return ("%s: invalid length %d, expected at least %d"):format(path, #v, least) end
    for i, item in ipairs(v) do
      local wrong = check(item, ("%s[%d]"):format(path, i - 1))
      if wrong then return wrong end
    end
  end
end

--- An object with these fields.  `required` names, by words, those that may not be
-- absent or null; the others may be both.  Unknown fields pass.
function M.fields(checks, required)
  return function(v, path)
    if not json.is_object(v) then return mismatch(v, path, "a map") end
    for name in (required or ""):gmatch("%S+") do
      if json.given(v[name]) == nil then return ("%s: missing field `%s`"):format(path, name) end
    end
    for name, check in pairs(checks) do
      local wrong = json.given(v[name]) ~= nil and check(v[name], path == "body" and name or path .. "." .. name)
      if wrong then return wrong end
    end
  end
end

--- A value that passes one of two checks.
function M.either(first, second)
  return function(v, path)
    return first(v, path) and second(v, path)
  end
end

--- An object whose field `tag` says which of `variants` checks it; `default` when it is absent.
function M.tagged(tag, variants, default)
  return function(v, path)
    if not json.is_object(v) then return mismatch(v, path, "a map") end
    local name = json.given(v[tag])
    if name == nil then name = default end
    if name == nil then return ("%s: missing field `%s`"):format(path, tag) end
    local check = variants[name]
    if not check then return ("%s: unknown variant `%s`"):format(path, tostring(name)) end
    return check(v, path)
  end
end

--- A JSON schema as far as a client can get it wrong: maps where maps belong, lists where lists belong.
function M.schema(v, path)
  if type(v) == "boolean" then return nil end
  return M.schema_fields(v, path)
end

local function schema_map(v, path)
  if not json.is_object(v) then return mismatch(v, path, "a map") end
  for name, child in pairs(v) do
    local wrong = M.schema(child, path .. "." .. name)
    if wrong then return wrong end
  end
end

M.schema_fields = M.fields {
  properties = schema_map, ["$defs"] = schema_map, required = M.list(M.string), items = M.schema,
  enum = M.list(M.any), anyOf = M.list(M.schema), description = M.string,
}

return M
