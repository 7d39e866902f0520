--- xai.schema: functions that build JSON schemas.
--
-- Each returns a plain table, which may be printed and edited.  The name of a field
-- and whether it may be missing belong to the object around it, not to the field's
-- schema: they are kept beside the tables.

local core = require "xai.core"

local environment = require "xai.runtime.environment"

local error, getmetatable, ipairs, next, rawget, select, setmetatable, type =
  error, getmetatable, ipairs, next, rawget, select, setmetatable, type
local gmatch = string.gmatch
local ARRAY = getmetatable(core.array {})

local schema = {}

-- Built table -> { name, optional }.
local fields = setmetatable({}, { __mode = "k" })

--- The members of `t` are written in the order of `names`, where the encoder can.
local function ordered(names, t)
  local mark = core.ordered or core.kept.xai and rawget(core.kept.xai, "ordered")
  return mark and mark(names, t) or t
end

-- Arguments ------------------------------------------------------------------------

--- The level of the function that called into this file.
local function level_of_caller()
  local getinfo = environment.getinfo
  local here = getinfo and getinfo(1, "S").source
  for level = 2, here and 10 or 1 do
    local info = getinfo(level, "S")
    if info and info.what ~= "tail" and info.source ~= here then return level - 1 end
  end
  return 0
end

--- Raise for a wrong argument of the builder `what`, by the name of its field if it has one.
local function refuse(what, name, problem)
  local field = name and "field '" .. name .. "': " or ""
  local level = level_of_caller()
  error("xai.schema." .. what .. ": " .. field .. problem, level)
end

local function described(value)
  return type(value) == "table" and fields[value] and "a field" or "a " .. type(value)
end

-- What is known of keywords, so that one that is misspelt is noticed.
local KEYWORDS = {}
local NAMES = [[type enum const properties patternProperties required additionalProperties items prefixItems
  minItems maxItems uniqueItems anyOf oneOf allOf minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
  minLength maxLength pattern format title description default examples deprecated readOnly writeOnly
  minProperties maxProperties propertyNames contains minContains maxContains dependentRequired dependentSchemas
  unevaluatedItems unevaluatedProperties contentEncoding contentMediaType contentSchema not if then else]]
for name in gmatch(NAMES, "%a+") do
  KEYWORDS[name] = true
end

--- Copy the keywords that the user gave into a schema.
local function add_keywords(what, name, result, given)
  for key, value in next, given do
    if type(key) ~= "string" then
      refuse(what, name, "keywords must have names, got " .. described(key))
    elseif result[key] ~= nil then
      refuse(what, name, "the keyword '" .. key .. "' is set by the builder")
    elseif not KEYWORDS[key] then
      local meant = core.nearest(key, KEYWORDS)
      if meant then refuse(what, name, "no keyword '" .. key .. "' (did you mean '" .. meant .. "'?)") end
    end
    result[key] = value
  end
end

--- Whether an argument is a description or a table of keywords.
local function is_about(value)
  return type(value) == "string" or type(value) == "table" and not fields[value]
end

--- Finish a schema: its name, and what is said about it.
local function finish(what, result, name, about)
  if name ~= nil and type(name) ~= "string" then
    refuse(what, nil, "the name must be a string, got " .. described(name))
  end
  if type(about) == "string" then
    result.description = about
  elseif about ~= nil then
    if not is_about(about) then
      refuse(what, name, "expected a description or a table of keywords, got " .. described(about))
    end
    add_keywords(what, name, result, about)
  end
  fields[result] = { name = name }
  return result
end

local function check_schema(what, name, value, as)
  if type(value) == "table" and #value == 0 and getmetatable(value) ~= ARRAY then return end
  refuse(what, name, as .. " must be a schema, got "
    .. (type(value) == "table" and "a list" or value == nil and "nothing" or described(value)))
end

local function no_more(what, name, n, most)
  if n > most then refuse(what, name, "takes at most " .. most .. " arguments, got " .. n) end
end

-- Values without members -----------------------------------------------------------

for _, kind in ipairs { "string", "integer", "number", "boolean" } do
  --- s.string([name[, description or keywords]])
  schema[kind] = function(name, about, ...)
    if is_about(name) and type(name) == "table" and about == nil then name, about = nil, name end
    no_more(kind, type(name) == "string" and name or nil, 2 + select("#", ...), 2)
    return finish(kind, { type = kind }, name, about)
  end
end

--- s.enum([name, ]values[, description or keywords]): one of these strings, numbers, booleans or nulls.
function schema.enum(...)
  local n, name, values, about = select("#", ...), ...
  local at = 2
  if type(name) == "table" then values, about, name, at = name, values, nil, 1 end
  local field = type(name) == "string" and name or nil
  no_more("enum", field, n, at + 1)
  if type(values) ~= "table" or #values == 0 then
    refuse("enum", field, "expected a list of values, got "
      .. (type(values) == "table" and "an empty table" or values == nil and "nothing" or described(values)))
  end
  local copy, kinds, kind = {}, {}, nil
  for i, value in ipairs(values) do
    kind = value == core.null and "null" or type(value)
    if kind ~= "null" and kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      refuse("enum", field, "value " .. i .. " is " .. described(value))
    end
    copy[i], kinds[kind] = value, true
  end
  -- of one kind, it is said: services ask for it
  return finish("enum", { type = next(kinds, next(kinds)) == nil and kind or nil, enum = copy }, name, about)
end

-- Values with members --------------------------------------------------------------

--- s.list([name, ]element[, description or keywords])
function schema.list(...)
  local n, name, element, about = select("#", ...), ...
  local at = 2
  if type(name) == "table" then element, about, name, at = name, element, nil, 1 end
  local field = type(name) == "string" and name or nil
  no_more("list", field, n, at + 1)
  check_schema("list", field, element, "the element")
  return finish("list", { type = "array", items = element }, name, about)
end

--- Add the fields from argument `first` on to an object.
local function add_fields(result, owner, first, ...)
  local names, required, given = {}, core.array {}, {}
  for i = first, select("#", ...) do
    local one = (select(i, ...))
    local field = type(one) == "table" and fields[one]
    if not field then refuse("object", owner, "argument " .. i .. " must be a field, got " .. described(one)) end
    local name = field.name
    if not name then refuse("object", owner, "argument " .. i .. " is a field without a name") end
    if given[name] then refuse("object", owner, "there are two fields '" .. name .. "'") end
    given[name], names[#names + 1] = one, name
    if not field.optional then required[#required + 1] = name end
  end
  if #required > 0 then setmetatable(required, nil) end
  result.properties, result.required = ordered(names, given), required
end

--- s.object([name, ][description or keywords, ]field, ...)
function schema.object(...)
  local first, second = ...
  local name, about, at = nil, nil, 1
  if first ~= nil and type(first) ~= "string" and type(first) ~= "table" then
    refuse("object", nil, "the name must be a string, got " .. described(first))
  end
  if type(first) == "string" then
    name, at = first, 2
    if is_about(second) then about, at = second, 3 end
  elseif is_about(first) then
    about, at = first, 2
  elseif first == nil and select("#", ...) > 0 then
    at = 2
    if is_about(second) then about, at = second, 3 end
  end
  local result = { type = "object" }
  add_fields(result, name, at, ...)
  finish("object", result, name, about)
  if result.additionalProperties == nil then result.additionalProperties = false end
  return result
end

--- s.any_of([name, ][description or keywords, ]schema, ...): a value that fits one of them.
function schema.any_of(...)
  local name, about, at = nil, nil, 1
  local first, second = ...
  if type(first) == "string" then
    name, at = first, 2
    if type(second) == "string" then about, at = second, 3 end
  end
  local forms = {}
  for i = at, select("#", ...) do
    local form = (select(i, ...))
    check_schema("any_of", name, form, "argument " .. i)
    forms[#forms + 1] = form
  end
  if #forms == 0 then refuse("any_of", name, "expected schemas, got nothing") end
  return finish("any_of", { anyOf = forms }, name, about)
end

-- Fields -----------------------------------------------------------------------------

--- A copy of a schema, with what is kept of it.
local function copy_of(field)
  local copy = {}
  for key, value in next, field do copy[key] = value end
  setmetatable(copy, getmetatable(field)) -- it may be marked by xai.ordered
  local kept = fields[field] or {}
  fields[copy] = { name = kept.name, optional = kept.optional }
  return copy
end

--- s.nullable(field): the same, or null.
function schema.nullable(field)
  check_schema("nullable", nil, field, "the argument")
  local kept = fields[field] or {}
  local copy = copy_of(field)
  if type(copy.type) == "string" and copy.enum == nil and copy.const == nil then
    copy.type = { copy.type, "null" }
  elseif copy.enum and type(copy.type) == "string" then
    copy.type = { copy.type, "null" }
    local values = {}
    for i, value in ipairs(copy.enum) do values[i] = value end
    values[#values + 1] = core.null
    copy.enum = values
  else
    copy = { anyOf = { field, { type = "null" } } }
    fields[copy] = { name = kept.name, optional = kept.optional }
  end
  return copy
end

--- s.optional(field): the same, and may be missing.
function schema.optional(field)
  check_schema("optional", nil, field, "the argument")
  if not (fields[field] and fields[field].name) then refuse("optional", nil, "expected a field with a name") end
  local copy = copy_of(field)
  fields[copy].optional = true
  return copy
end

--- s.raw([name, ]schema): a schema of your own as a field.
function schema.raw(name, given, ...)
  if type(name) == "table" and given == nil then name, given = nil, name end
  no_more("raw", type(name) == "string" and name or nil, 2 + select("#", ...), 2)
  if name ~= nil and type(name) ~= "string" then
    refuse("raw", nil, "the name must be a string, got " .. described(name))
  end
  check_schema("raw", name, given, "the schema")
  local copy = copy_of(given)
  fields[copy] = { name = name }
  return copy
end

setmetatable(schema, {
  __index = function(_, name)
    environment.lazy_require "xai.runtime.unknown_name"("xai.schema", name, schema)
  end,
})

return schema
