-- openapi.lua - reads the API description that the specs check against.
--
-- The description is YAML as one generator wrote it: two spaces a level, no
-- anchors, no scalar over several lines.  Only that much YAML is understood;
-- any other line is an error, so that nothing is skipped in silence.  Examples
-- are passed over.

local openapi = {}

--- Stands for YAML's null, which a Lua list cannot hold.
openapi.null = setmetatable({}, { __tostring = function() return "null" end })

local SKIPPED = { example = true, examples = true }

local function unquote(text)
  local single = text:match "^'(.*)'$"
  if single then return (single:gsub("''", "'")) end
  return text:match '^"(.*)"$'
end

local WORDS = { ["true"] = true, ["false"] = false, null = openapi.null }

local function scalar(text)
  if text == "{}" or text == "[]" then return {} end
  local quoted = unquote(text)
  if quoted then return quoted end
  if WORDS[text] ~= nil then return WORDS[text] end
  return tonumber(text) or text
end

--- Key and rest of a line `key: rest`, or nil when it is no such line.
local function split(text)
  local key, rest = text:match "^'([^']*)':%s*(.*)$"
  if not key then
    key, rest = text:match "^([%w_$./%-{}]+):%s+(.*)$"
  end
  if not key then
    key, rest = text:match "^([%w_$./:%-{}%[%]]+):$", ""
  end
  return key, rest
end

local function read_lines(text)
  local lines, number = {}, 0
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    number = number + 1
    local indent, content = line:match "^( *)(.-)%s*$"
    if content ~= "" then
      lines[#lines + 1] = { indent = #indent, text = content, number = number }
    end
  end
  return lines
end

local read_block

--- The value below a key that had none on its own line.
local function read_child(lines, at, indent)
  local line = lines[at]
  if not line then return openapi.null, at end
  local list = line.text:match "^%- " and line.indent == indent
  if line.indent > indent or list then return read_block(lines, at) end
  return openapi.null, at
end

local function read_map(lines, at, indent)
  local map = {}
  while lines[at] and lines[at].indent == indent and not lines[at].text:match "^%- " do
    local line = lines[at]
    local key, rest = split(line.text)
    if not key then error("line " .. line.number .. " is not understood: " .. line.text) end
    local value
    if rest == "" then
      value, at = read_child(lines, at + 1, indent)
    else
      value, at = scalar(rest), at + 1
    end
    map[key] = value
  end
  return map, at
end

local function read_list(lines, at, indent)
  local list = {}
  while lines[at] and lines[at].indent == indent and lines[at].text:match "^%- " do
    local line = lines[at]
    local rest = line.text:match "^%- +(.*)$"
    if split(rest) then -- `- key: ...` opens a map two columns on
      lines[at] = { indent = indent + 2, text = rest, number = line.number }
      list[#list + 1], at = read_map(lines, at, indent + 2)
    else
      list[#list + 1], at = scalar(rest), at + 1
    end
  end
  return list, at
end

function read_block(lines, at)
  local line = lines[at]
  local read = line.text:match "^%- " and read_list or read_map
  return read(lines, at, line.indent)
end

--- Lines without the examples, which hold anything at all.
local function without_examples(lines)
  local kept, skip = {}, nil
  for _, line in ipairs(lines) do
    local inside = skip
      and (line.indent > skip or line.indent == skip and line.text:match "^%- ")
    if not inside then
      skip = SKIPPED[split(line.text)] and line.indent or nil
      if not skip then kept[#kept + 1] = line end
    end
  end
  return kept
end

--- The description as nested tables; raises on a line that is not understood.
function openapi.parse(text)
  local lines = without_examples(read_lines(text))
  local doc, at = read_block(lines, 1)
  if lines[at] then error("line " .. lines[at].number .. " is not understood") end
  return doc
end

function openapi.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return openapi.parse(text)
end

local function follow(doc, ref)
  local node = doc
  for name in ref:gsub("^#/", ""):gmatch "[^/]+" do
    node = node[name] or error("no such reference: " .. ref)
  end
  return node
end

--- The schema itself, whatever `$ref` and `allOf` stand before it.
function openapi.resolve(doc, schema)
  while schema["$ref"] do
    schema = follow(doc, schema["$ref"])
  end
  if not schema.allOf then return schema end
  local merged = { type = "object", properties = {}, required = {} }
  for _, part in ipairs(schema.allOf) do
    part = openapi.resolve(doc, part)
    for name, property in pairs(part.properties or {}) do
      merged.properties[name] = property
    end
    for _, name in ipairs(part.required or {}) do
      table.insert(merged.required, name)
    end
  end
  return merged
end

local function content(body, kind)
  local media = body and body.content and body.content[kind]
  return media and media.schema
end

--- By operationId: the schemas `request`, `answer` and `event`, where it has them.
function openapi.operations(doc)
  local operations = {}
  for _, path in pairs(doc.paths) do
    for _, operation in pairs(path) do
      local ok = operation.responses["200"]
      local stream = content(ok, "text/event-stream")
      operations[operation.operationId] = {
        request = content(operation.requestBody, "application/json"),
        answer = content(ok, "application/json"),
        event = stream and stream["$defs"].data,
      }
    end
  end
  return operations
end

-- ---- A schema against types --------------------------------------------------
-- `types` has two methods: `alternatives(type)` lists what a type may be, each
-- `{ name= }`, `{ literal= }` or `{ list= }`; `field(class, name)` gives
-- `{ type=, optional= }` or nil.

local function named(alts, name)
  for _, one in ipairs(alts) do
    if one.name == name or one.name == "any" then return true end
  end
  return false
end

local function has_literal(alts, text)
  for _, one in ipairs(alts) do
    if one.literal == text then return true end
  end
  return false
end

local function list_of(value)
  return type(value) == "table" and value or { value }
end

local function nullable(doc, schema)
  schema = openapi.resolve(doc, schema)
  for _, kind in ipairs(list_of(schema.type)) do
    if kind == "null" then return true end
  end
  for _, variant in ipairs(schema.anyOf or schema.oneOf or {}) do
    if nullable(doc, variant) then return true end
  end
  return false
end

--- The strings that a schema permits; none means any.
local function values_of(schema)
  local values = {}
  for _, value in ipairs(schema.enum or { schema.const }) do
    if type(value) == "string" then values[#values + 1] = value end
  end
  return values
end

--- Does a field take one of the strings that tell this object from others?
local function agrees(c, found, property)
  local values = values_of(property)
  local alts = c.types:alternatives(found.type)
  for _, value in ipairs(values) do
    if has_literal(alts, value) or named(alts, "string") then return true end
  end
  return #values == 0
end

--- Classes that can be this object, and what the best of the others lacks.
local function classes_for(c, alts, properties)
  local fitting, missing = {}, nil
  for _, one in ipairs(alts) do
    local lacking, fits = {}, c.types.class[one.name] ~= nil
    for name, property in pairs(fits and properties or {}) do
      local found = c.types:field(one.name, name)
      if not found then lacking[#lacking + 1] = name end
      if found and not agrees(c, found, property) then fits = false end
    end
    if fits and #lacking == 0 then fitting[#fitting + 1] = one.name end
    if fits and (not missing or #lacking < #missing) then missing = lacking end
  end
  table.sort(missing or {})
  return fitting, missing and table.concat(missing, ", ") or "a class"
end

local compare
local kinds = {}

function kinds.string(_, schema, alts)
  local values = values_of(schema)
  for _, value in ipairs(values) do
    if not has_literal(alts, value) then return "lacks the value " .. value end
  end
  if #values == 0 and not named(alts, "string") then return "is not a string" end
end

function kinds.integer(_, _, alts)
  if not named(alts, "integer") then return "is not an integer" end
end

function kinds.number(_, _, alts)
  if not named(alts, "number") then return "is not a number" end
end

function kinds.boolean(_, schema, alts)
  for _, value in ipairs(schema.enum or { true, false }) do
    if value ~= openapi.null and not named(alts, tostring(value)) then
      return "is not a boolean"
    end
  end
end

function kinds.array(c, schema, alts, path)
  local inner = {}
  for _, one in ipairs(alts) do
    for _, of in ipairs(one.list or {}) do inner[#inner + 1] = of end
  end
  if #inner == 0 then return not named(alts, "any") and "is not a list" or nil end
  compare(c, schema.items, inner, path .. "[]")
end

--- One property, over all classes that can be its object.
local function compare_property(c, classes, name, property, required, path)
  local all, optional, always = {}, false, false
  for _, class in ipairs(classes) do
    local found = c.types:field(class, name)
    for _, one in ipairs(found.type) do all[#all + 1] = one end
    if found.optional or named(found.type, "any") then optional = true else always = true end
  end
  if not required and not optional then c.note(path, "may be missing") end
  if required and not always and not nullable(c.doc, property) then
    c.note(path, "is always there")
  end
  compare(c, property, all, path)
end

function kinds.object(c, schema, alts, path)
  if not schema.properties then
    local is_class = false
    for _, one in ipairs(alts) do is_class = is_class or c.types.class[one.name] end
    return not is_class and not named(alts, "table") and "is not a table" or nil
  end
  local classes, missing = classes_for(c, alts, schema.properties)
  if #classes == 0 then return "lacks " .. missing end
  local required = {}
  for _, name in ipairs(schema.required or {}) do required[name] = true end
  for name, property in pairs(schema.properties) do
    compare_property(c, classes, name, property, required[name], path .. "." .. name)
  end
end

function compare(c, schema, kind, path)
  schema = openapi.resolve(c.doc, schema)
  local alts = c.types:alternatives(kind)
  if schema["not"] and not named(alts, "nil") then c.note(path, "is refused by the API") end
  local variants = not schema.properties and (schema.anyOf or schema.oneOf)
  for _, variant in ipairs(variants or {}) do compare(c, variant, kind, path) end
  for _, name in ipairs(list_of(schema.type)) do
    local problem = name ~= "null" and kinds[name](c, schema, alts, path)
    if problem then c.note(path, problem) end
  end
end

--- Where a type does not allow what a schema describes: a sorted list of
--- `path problem`, empty when all of the schema is typed.
function openapi.differences(doc, schema, types, kind, path)
  local seen, problems = {}, {}
  local function note(at, problem)
    local text = at .. " " .. problem
    if not seen[text] then problems[#problems + 1] = text end
    seen[text] = true
  end
  compare({ doc = doc, types = types, note = note }, schema, kind, path)
  table.sort(problems)
  return problems
end

return openapi
