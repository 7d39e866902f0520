--- xai.check(schema, value): is a value what a JSON schema says?

local core = require "xai.core"
local kinds = require "xai.schema.kinds"
local mistakes = require "xai.schema.mistakes"
local pattern = require "xai.schema.pattern"
local plans = require "xai.schema.plan"
local scalars = require "xai.schema.scalars"
local words = require "xai.schema.words"

local error, ipairs, min, next, pairs, sort, type = error, ipairs, math.min, next, pairs, table.sort, type
local goes_on, mistake, type_mistake = mistakes.goes_on, mistakes.note, mistakes.note_type
local fits_type, kind_of = kinds.fits, kinds.of
local count, show, type_name = words.count, words.show, words.type_name
local NULL = core.null

local MAX_DEPTH = 500 -- schemas within schemas, along the value
local MOST_KNOWN = 50000 -- outcomes that are kept

-- A check is a table with the plan and its parts; keys, level: the place; sink: the
-- mistakes, or false where only the outcome counts; depth; known: outcomes by schema
-- and value.

local apply

--- Apply a schema to a member.
local function apply_at(c, schema, value, key)
  local level = c.level + 1
  c.level, c.keys[level] = level, key
  local ok = apply(c, schema, value)
  c.level = level - 1
  return ok
end

--- Is it so, without a word about mistakes?
local function fits(c, schema, value)
  local sink = c.sink
  c.sink = false
  local ok = apply(c, schema, value)
  c.sink = sink
  return ok
end

local function check_type(c, schema, kind, value)
  local names = schema.type
  if names == nil then
    return kinds.JSON[kind] or mistake(c, "expected a value that JSON has, got " .. type_name(kind))
  end
  if type(names) == "string" then
    return fits_type(names, kind, value) or type_mistake(c, { names }, kind, value)
  end
  for i = 1, #names do
    if fits_type(names[i], kind, value) then return true end
  end
  return type_mistake(c, names, kind, value)
end

-- Lists ----------------------------------------------------------------------------

local function check_array(c, schema, value)
  local n, ok = #value, true
  local least, most, items, prefix = schema.minItems, schema.maxItems, schema.items, schema.prefixItems
  if least and n < least then ok = mistake(c, "must have at least " .. count(least, "item") .. ", got " .. show(n)) end
  if most and n > most then ok = mistake(c, "must have at most " .. count(most, "item") .. ", got " .. show(n)) end
  if items == nil and not prefix then return ok end
  local first = prefix and #prefix or 0
  for i = 1, items == nil and min(first, n) or n do
    local item = value[i]
    if item == nil then item = NULL end
    local schema_of = i <= first and prefix[i] or i > first and items
    if not apply_at(c, schema_of, item, i) then
      ok = false
      if not goes_on(c) then return false end
    end
  end
  return ok
end

-- Objects --------------------------------------------------------------------------

local function check_required(c, required, properties, value)
  local ok = true
  for i = 1, #required do
    local name = required[i]
    if value[name] == nil then
      local schema = properties and properties[name]
      if not (plans.names_null(c.plan, schema) and fits(c, schema, NULL)) then
        ok = mistake(c, "is missing", name)
        if not goes_on(c) then return false end
      end
    end
  end
  return ok
end

--- Apply `patternProperties` to a member.  Returns: is it right; may it be one that has no schema?
local function check_patterns(c, patterns, name, value)
  local ok, is_extra = true, true
  for expression, schema in pairs(patterns) do
    local matches = pattern.matches(expression, name, c.patterns)
    if matches ~= false then is_extra = false end
    if matches and not apply_at(c, schema, value, name) then ok = false end
  end
  return ok, is_extra
end

local function check_extra(c, schema, name, value)
  local additional = schema.additionalProperties
  if additional == nil or additional == true then return true end
  if additional then return apply_at(c, additional, value, name) end
  if not c.sink then return false end
  local meant = schema.properties and type(name) == "string" and #name < 64
    and core.nearest(name, schema.properties)
  return mistake(c, "is not allowed" .. (meant and " (did you mean " .. show(meant) .. "?)" or ""), name)
end

local function by_name(a, b)
  if type(a) == type(b) then return a < b end
  return type(a) == "number"
end

--- The members that need more than `properties`, in the order of their names.
local function other_names(value, properties, patterns)
  local names = {}
  for name in next, value do
    if patterns or not properties or properties[name] == nil then
      if type(name) == "string" or type(name) == "number" then names[#names + 1] = name end
    end
  end
  if #names > 1 then sort(names, by_name) end
  return names
end

local function check_others(c, schema, value)
  local ok, properties, patterns = true, schema.properties, schema.patternProperties
  local names = other_names(value, properties, patterns)
  for i = 1, #names do
    local name = names[i]
    local right, is_extra = true, true
    if patterns and type(name) == "string" then right, is_extra = check_patterns(c, patterns, name, value[name]) end
    if is_extra and not (properties and properties[name] ~= nil) then
      right = check_extra(c, schema, name, value[name]) and right
    end
    if not right then
      ok = false
      if not goes_on(c) then return false end
    end
  end
  return ok
end

local function check_object(c, schema, value)
  local ok, properties = true, schema.properties
  if schema.required then ok = check_required(c, schema.required, properties, value) end
  if not ok and not goes_on(c) then return false end
  local names = properties and c.names[schema] or {}
  for i = 1, #names do
    local name = names[i]
    local member = value[name]
    if member ~= nil and not apply_at(c, properties[name], member, name) then
      ok = false
      if not goes_on(c) then return false end
    end
  end
  local additional = schema.additionalProperties
  if schema.patternProperties or additional ~= nil and additional ~= true then
    ok = check_others(c, schema, value) and ok
  end
  return ok
end

-- Schemas for one value ------------------------------------------------------------

--- No form fits: take over the mistakes of the one that is nearest.  Where all are of
-- other types, one mistake names these.
local function report_forms(c, forms, value)
  local sink, nearest, expected = c.sink, nil, {}
  for i = 1, #forms do
    local found = { weight = 0, level = c.level, tentative = true }
    c.sink = found
    apply(c, forms[i], value)
    if not nearest or found.weight < nearest.weight then nearest = found end
    if not found.expected then expected = nil end
    for _, name in ipairs(expected and found.expected or {}) do expected[#expected + 1] = name end
  end
  c.sink = sink
  if expected then return type_mistake(c, expected, kind_of(value), value) end
  mistakes.add_all(sink, nearest)
  return false
end

local function check_forms(c, forms, value, is_one)
  local first
  for i = 1, #forms do
    if fits(c, forms[i], value) then
      if not is_one then return true end
      if first then
        return mistake(c, "must fit one of the allowed forms alone, fits number " .. first .. " and number " .. i)
      end
      first = i
    end
  end
  if first then return true end
  return c.sink and report_forms(c, forms, value)
end

local function check_all(c, schemas, value)
  local ok = true
  for i = 1, #schemas do
    if not apply(c, schemas[i], value) then
      ok = false
      if not goes_on(c) then return false end
    end
  end
  return ok
end

local function check_kind(c, schema, kind, value)
  if kind == "string" then return scalars.string(c, schema, value) end
  if kind == "number" then return scalars.number(c, schema, value) end
  if kind == "array" then return check_array(c, schema, value) end
  if kind == "object" then return check_object(c, schema, value) end
  if kind ~= "empty" then return true end
  local as_array = schema.type == "array"
  return (as_array and check_array or check_object)(c, schema, value)
end

local function apply_keywords(c, schema, value)
  local kind = kind_of(value)
  if not check_type(c, schema, kind, value) then return false end
  local ok = true
  if schema.const ~= nil then ok = scalars.enum(c, { schema.const }, value) end
  if schema.enum then ok = scalars.enum(c, schema.enum, value) and ok end
  if not ok then return false end
  ok = check_kind(c, schema, kind, value)
  if c.refs[schema] ~= nil and (ok or goes_on(c)) then ok = apply(c, c.refs[schema], value) and ok end
  if schema.allOf and (ok or goes_on(c)) then ok = check_all(c, schema.allOf, value) and ok end
  if schema.anyOf and (ok or goes_on(c)) then ok = check_forms(c, schema.anyOf, value) and ok end
  if schema.oneOf and (ok or goes_on(c)) then ok = check_forms(c, schema.oneOf, value, true) and ok end
  return ok
end

-- Verdicts of schemas that may be met more than once are kept, or a schema that
-- refers to another twice, which refers to a third twice ..., would take for ever.

local function keep_outcome(c, schema, value, ok)
  if c.sink and not c.sink.tentative and not ok then -- its mistakes are in the list, for this place
    if not c.reported[schema] then c.reported[schema] = {} end
    c.reported[schema][words.path_text(c.keys, c.level)] = true
  end
  if value ~= value or c.is_too_deep then return end
  if c.known_count > MOST_KNOWN then c.known, c.known_count = {}, 0 end
  if not c.known[schema] then c.known[schema] = {} end
  c.known[schema][value] = ok
  c.known_count = c.known_count + 1
end

--- Apply a schema to the value at the place of the check.  Returns whether it fits.
function apply(c, schema, value)
  if schema == true then return true end
  if not schema then return mistake(c, "is not allowed") end
  local is_shared = c.shared[schema]
  if is_shared then
    local known = c.known[schema] and c.known[schema][value]
    if known then return true end
    if known == false then
      if not c.sink or c.sink.tentative then return mistake(c, "does not fit") end
      local reported = c.reported[schema]
      if reported and reported[words.path_text(c.keys, c.level)] then return false end
    end
  end
  if c.depth >= MAX_DEPTH then
    c.is_too_deep = true
    return mistake(c, "is nested too deeply to be checked")
  end
  c.depth = c.depth + 1
  local ok = apply_keywords(c, schema, value)
  c.depth = c.depth - 1
  if is_shared then keep_outcome(c, schema, value, ok) end
  return ok
end

return function(schema, value)
  local plan, problem = plans.of(schema)
  if not plan then error("xai.check: " .. problem, 2) end
  local list = { weight = 0 }
  local c = {
    refs = plan.refs, shared = plan.shared, names = plan.names, plan = plan, patterns = pattern.new_known(),
    keys = {}, level = 0, depth = 0, sink = list, known = {}, known_count = 0, reported = {},
  }
  if value == nil then value = NULL end
  if apply(c, schema, value) then return true end
  local message = mistakes.message(list)
  list.weight, list.is_full = nil, nil
  return nil, message, list
end
