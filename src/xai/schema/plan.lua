--- A schema made ready for checks: its keywords are looked at, its references resolved.

local core = require "xai.core"
local words = require "xai.schema.words"

local char, find, floor, gmatch, gsub, match, sub =
  string.char, string.find, math.floor, string.gmatch, string.gsub, string.match, string.sub
local sort = table.sort
local ipairs, next, pairs, tonumber, type = ipairs, next, pairs, tonumber, type

local path_text, show = words.path_text, words.show

local NULL = core.null

local MAX_IN_PLACE = 200 -- schemas that apply to one value, one within the other

local TYPES = {
  array = true, boolean = true, integer = true, null = true, number = true, object = true, string = true,
}

local function kind_of(value)
  local kind = type(value)
  return (kind == "string" or kind == "number") and "the " .. kind .. " " .. show(value) or "a " .. kind
end

-- Each kind of keyword: what is wrong with this value?  nil if nothing.
local wrong = {}

function wrong.number(value)
  if type(value) ~= "number" or value ~= value then return "must be a number" end
end

function wrong.positive(value)
  if wrong.number(value) or value <= 0 then return "must be a number above 0" end
end

function wrong.count(value)
  if wrong.number(value) or value < 0 or value ~= floor(value) then
    return "must be a whole number of 0 or more"
  end
end

function wrong.string(value)
  if type(value) ~= "string" then return "must be a string" end
end

function wrong.list(value)
  if type(value) ~= "table" or next(value) ~= nil and #value == 0 then return "must be a list" end
end

function wrong.names(value)
  if wrong.list(value) then return "must be a list of names" end
  for i = 1, #value do
    if type(value[i]) ~= "string" then return "must be a list of names" end
  end
end

function wrong.schema(value)
  if type(value) == "boolean" then return nil end
  if type(value) ~= "table" or #value > 0 then return "must be a schema" end
end

function wrong.schemas(value)
  if wrong.list(value) or #value == 0 then return "must be a list of schemas" end
end

function wrong.map(value)
  if type(value) ~= "table" or #value > 0 then return "must be a table of names and schemas" end
  for name in pairs(value) do
    if type(name) ~= "string" then return "must be a table of names and schemas" end
  end
end

local function unknown_type(name)
  if TYPES[name] then return nil end
  if type(name) ~= "string" then return "must be the name of a type, or a list of them" end
  local meant = core.nearest(name, TYPES)
  return "must be a type of JSON" .. (meant and " (did you mean '" .. meant .. "'?)" or "")
end

function wrong.type(value)
  if type(value) ~= "table" then return unknown_type(value) end
  if #value == 0 then return "must be the name of a type, or a list of them" end
  for i = 1, #value do
    if unknown_type(value[i]) then return unknown_type(value[i]) end
  end
end

local KEYWORDS = {
  type = "type", enum = "list", ["$ref"] = "string",
  properties = "map", patternProperties = "map", required = "names", additionalProperties = "schema",
  items = "schema", prefixItems = "schemas", minItems = "count", maxItems = "count",
  anyOf = "schemas", oneOf = "schemas", allOf = "schemas",
  minimum = "number", maximum = "number", exclusiveMinimum = "number", exclusiveMaximum = "number",
  multipleOf = "positive", minLength = "count", maxLength = "count", pattern = "string",
}

local KEYWORD_NAMES = {}
for name in pairs(KEYWORDS) do KEYWORD_NAMES[#KEYWORD_NAMES + 1] = name end
sort(KEYWORD_NAMES)

local IN_PLACE = { "allOf", "anyOf", "oneOf" }

-- References ---------------------------------------------------------------------

--- What `pointer` ("/$defs/node") means in the schema `root`, or nil.
local function follow(root, pointer)
  local at = root
  for escaped in gmatch(pointer, "/([^/]*)") do
    if type(at) ~= "table" then return nil end
    local step = gsub(gsub(escaped, "~1", "/"), "~0", "~")
    local index = #at > 0 and match(step, "^%d+$")
    at = at[index and tonumber(index) + 1 or step]
  end
  return at
end

--- The schema in `root` that has this anchor, or nil.
local function find_anchor(root, name)
  local seen, queue = { [root] = true }, { root }
  local i = 1
  while queue[i] do
    if queue[i]["$anchor"] == name then return queue[i] end
    for _, value in next, queue[i] do
      if type(value) == "table" and not seen[value] then
        seen[value], queue[#queue + 1] = true, value
      end
    end
    i = i + 1
  end
end

--- The schema that a reference means; or nil and what is wrong with it.
local function resolve(root, ref)
  local id = root["$id"]
  if type(id) == "string" and id ~= "" and sub(ref, 1, #id) == id then ref = sub(ref, #id + 1) end
  if ref == "#" or ref == "" then return root end
  if sub(ref, 1, 1) ~= "#" then return nil, "must refer to a place in this schema, as '#/$defs/name' does" end
  local place = gsub(sub(ref, 2), "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end)
  local target
  if sub(place, 1, 1) == "/" then target = follow(root, place) else target = find_anchor(root, place) end
  if target == nil or wrong.schema(target) then return nil, "refers to a schema that is not there" end
  return target
end

-- The walk -----------------------------------------------------------------------

--- Where a step of the walk is.
local function place_of(step)
  local back, keys = {}, {}
  while step do
    if step.index ~= nil then back[#back + 1] = step.index end
    if step.key ~= nil then back[#back + 1] = step.key end
    step = step.up
  end
  for i = #back, 1, -1 do keys[#keys + 1] = back[i] end
  return path_text(keys, #keys)
end

--- Note a schema in a schema: at `key`, or at `index` of what is at `key`.
local function add(walk, schema, up, key, index)
  if type(schema) ~= "table" then return end
  if walk.steps[schema] then
    walk.shared[schema] = true
    return
  end
  local step = { key = key, index = index, schema = schema, up = up }
  walk.steps[schema] = step
  walk[#walk + 1] = step
end

--- Look at one keyword.  Returns what is wrong with it, and the key in it where that is.
local function look(walk, step, name, value)
  local kind = KEYWORDS[name]
  local problem = wrong[kind](value)
  if problem then return problem .. ", got " .. kind_of(value) end
  if kind == "schema" then
    add(walk, value, step, name)
  elseif kind == "schemas" or kind == "map" then
    for key, one in (kind == "map" and pairs or ipairs)(value) do
      if wrong.schema(one) then return wrong.schema(one) .. ", got " .. kind_of(one), key end
      add(walk, one, step, name, key)
    end
  elseif name == "$ref" then
    local target, why = resolve(walk[1].schema, value)
    if target == nil then return why .. ": " .. show(value) end
    walk.refs[step.schema] = target
    add(walk, target, step, name)
    if type(target) == "table" then walk.shared[target] = true end
  end
end

--- The names of the properties: first those that are required, in their order, then the others.
local function names_of(schema)
  local names, given = {}, {}
  for _, name in ipairs(schema.required or names) do
    if schema.properties[name] ~= nil and not given[name] then
      given[name], names[#names + 1] = true, name
    end
  end
  local others = {}
  for name in pairs(schema.properties) do
    if not given[name] then others[#others + 1] = name end
  end
  sort(others)
  for _, name in ipairs(others) do names[#names + 1] = name end
  return names
end

local settle

local function settle_all(walk, list, depth)
  for _, schema in ipairs(list) do
    local again = settle(walk, schema, depth)
    if again then return again end
  end
end

--- A schema that applies to the same value again, and so for ever: its step, or nil.
function settle(walk, schema, depth)
  if type(schema) ~= "table" or walk.settled[schema] then return nil end
  if walk.settled[schema] == false or depth > MAX_IN_PLACE then return walk.steps[schema] end
  walk.settled[schema] = false -- it is being looked at
  local again = settle(walk, walk.refs[schema], depth + 1)
  for _, name in ipairs(IN_PLACE) do
    again = again or schema[name] and settle_all(walk, schema[name], depth + 1)
  end
  walk.settled[schema] = true
  return again
end

local function problem_at(step, what)
  local place = place_of(step)
  if place == "" then return "the schema " .. what end
  return "schema" .. (find(place, "^%[") and "" or ".") .. place .. " " .. what
end

local plan = {}

--- Does the schema name null as something that may be?
function plan.names_null(walk, schema)
  if type(schema) ~= "table" then return false end
  local known = walk.null_named[schema]
  if known ~= nil then return known end
  local is = schema.type == "null" or schema.const == NULL
  for _, key in ipairs { "type", "enum" } do
    if type(schema[key]) == "table" then
      for _, one in ipairs(schema[key]) do is = is or one == (key == "type" and "null" or NULL) end
    end
  end
  is = is or plan.names_null(walk, walk.refs[schema])
  for _, key in ipairs(IN_PLACE) do
    for _, one in ipairs(schema[key] or {}) do is = is or plan.names_null(walk, one) end
  end
  walk.null_named[schema] = is
  return is
end

--- Make a schema ready.
-- @return { refs, shared, names }: by schema, what its `$ref` means, whether it may be met
--   more than once, and the names of its properties in order; or nil and what is wrong
function plan.of(schema)
  if type(schema) == "boolean" then return { refs = {}, shared = {}, names = {}, null_named = {} } end
  if wrong.schema(schema) then
    return nil, "the schema must be a table, got a " .. (type(schema) == "table" and "list" or type(schema))
  end
  local walk = { steps = {}, shared = {}, refs = {}, names = {}, settled = {}, null_named = {} }
  add(walk, schema)
  local i = 1
  while walk[i] do
    local step = walk[i]
    for _, name in ipairs(KEYWORD_NAMES) do
      local value = step.schema[name]
      if value ~= nil then
        local problem, key = look(walk, step, name, value)
        if problem then return nil, problem_at({ up = step, key = name, index = key }, problem) end
      end
    end
    if step.schema.properties then walk.names[step.schema] = names_of(step.schema) end
    i = i + 1
  end
  for _, step in ipairs(walk) do
    local again = settle(walk, step.schema, 1)
    if again then return nil, problem_at(again, "refers to itself without an end") end
  end
  return walk
end

return plan
