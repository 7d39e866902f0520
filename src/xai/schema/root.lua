--- Schemas whose root is no object, as the service takes them: as the only member of one.
--
-- Tools of messages take an object at the root and nothing else.  The documentation of
-- structured answers lists types without a word about the root, and other services of
-- the same API refuse all but objects there.  So such a schema is sent as the member
-- "value" of an object, on all endpoints, and the member is what the user is given.

local core = require "xai.core"

local getmetatable, next, setmetatable, type = getmetatable, next, setmetatable, type
local find, sub = string.find, string.sub

local MEMBER = "value"
local PLACE = "#/properties/" .. MEMBER
local MAX_DEPTH = 1000 -- as the encoder has it

-- Members that have schemas by name; names of no meaning here may be any.
local BY_NAME = {
  properties = true, patternProperties = true, dependentSchemas = true, ["$defs"] = true, definitions = true,
}
-- Members that are data, whatever they look like.
local DATA = { const = true, enum = true, default = true, examples = true, required = true, type = true }
-- Members that stay at the root, where references to them are common.
local AT_ROOT = { "$defs", "definitions" }

--- Where a reference within the schema leads once the schema is a member.
local function moved_reference(reference)
  if reference ~= "#" and not find(reference, "^#/") then return reference end -- an anchor, or elsewhere
  if find(reference, "^#/%$defs/") or find(reference, "^#/definitions/") then return reference end
  return PLACE .. sub(reference, 2)
end

local moved

--- A copy of a table of schemas, by name or in a list.
local function moved_all(schemas, known, depth)
  if type(schemas) ~= "table" then return schemas end
  local copy = setmetatable({}, getmetatable(schemas))
  for key, schema in next, schemas do copy[key] = moved(schema, known, depth + 1) end
  return copy
end

--- A copy of a schema with references as they are after the move.  `known` has the copies
-- of tables that were met before: a schema may stand in several places, or in itself.
function moved(schema, known, depth)
  if type(schema) ~= "table" or depth > MAX_DEPTH then return schema end
  if known[schema] then return known[schema] end
  if #schema > 0 then return moved_all(schema, known, depth) end
  local copy = setmetatable({}, getmetatable(schema))
  known[schema] = copy
  for key, value in next, schema do
    if key == "$ref" and type(value) == "string" then
      copy[key] = moved_reference(value)
    elseif BY_NAME[key] then
      copy[key] = moved_all(value, known, depth)
    elseif DATA[key] then
      copy[key] = value
    else
      copy[key] = moved(value, known, depth + 1)
    end
  end
  return copy
end

local root = {}

--- The schema to send, and whether its member `value` is what the user asked for.
function root.of(schema)
  if schema.type == "object" then return schema, false end
  local member = moved(schema, {}, 0)
  local wrapper = {
    type = "object", properties = { [MEMBER] = member }, required = { MEMBER }, additionalProperties = false,
  }
  for _, name in next, AT_ROOT do
    wrapper[name], member[name] = member[name], nil
  end
  return wrapper, true
end

--- The user's value in an answer; xai.null where it is null.
function root.value(answer)
  if type(answer) ~= "table" then return nil end
  local value = answer[MEMBER]
  if value == nil then return core.null end
  return value
end

--- The path of a mistake, as the user knows the value.
function root.path(path)
  if sub(path, 1, #MEMBER) ~= MEMBER then return path end
  local rest = sub(path, #MEMBER + 1)
  if rest == "" or sub(rest, 1, 1) == "[" then return rest end
  return sub(rest, 1, 1) == "." and sub(rest, 2) or path
end

return root
