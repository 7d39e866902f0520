--- schema.lua - an instance of a JSON schema, made of the words of a prompt.
-- Covers what the service supports: types, enum, const, anyOf, null unions and local references.

local json = require("xai.testing.standin.json")

local M = {}

local MAX_DEPTH = 8

local function resolve(node, root)
  local target = node["$ref"]
  if type(target) ~= "string" then return node end
  local found = root
  for key in target:gsub("^#/?", ""):gmatch("[^/]+") do
    if type(found) ~= "table" then return {} end
    found = found[key]
  end
  return type(found) == "table" and found or {}
end

local function kind_of(node)
  local kind = json.given(node.type)
  if type(kind) == "table" then
    for _, one in ipairs(kind) do
      if one ~= "null" then return one end
    end
  end
  return kind or (node.properties and "object") or (node.items and "array") or "string"
end

--- The first branch that is not just null.
local function branch_of(node)
  local branches = json.given(node.anyOf) or json.given(node.oneOf)
  for _, branch in ipairs(branches or {}) do
    if branch.type ~= "null" then return branch end
  end
end

--- Words handed out in turn, the first one again after the last.
local function feeder(list)
  local i = 0
  return function()
    if #list == 0 then return nil end
    i = i % #list + 1
    return list[i]
  end
end

local function numbers_in(text)
  local list = {}
  for digits in text:gmatch("%d+") do list[#list + 1] = tonumber(digits) end
  return list
end

local make

local function make_number(maker, node)
  local n = maker.next_number() or 42
  local low, high = json.given(node.minimum), json.given(node.maximum)
  if low and n < low then n = math.ceil(low) end
  if high and n > high then n = math.floor(high) end
  return n
end

local function make_object(maker, node, depth)
  local object, required = {}, {}
  for _, key in ipairs(json.given(node.required) or {}) do required[key] = true end
  local keys = {}
  for key in pairs(json.given(node.properties) or {}) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)  -- required ones first, so that they get the best words
    if required[a] ~= required[b] then return required[a] == true end
    return a < b
  end)
  for _, key in ipairs(keys) do
    local child = node.properties[key]
    if required[key] or next(required) == nil or child.enum then object[key] = make(maker, child, depth + 1, key) end
  end
  return object
end

local function make_array(maker, node, depth, key)
  if depth > MAX_DEPTH or not json.given(node.items) then return json.array() end
  return json.array { make(maker, node.items, depth + 1, key) }
end

local MAKERS = {
  object = make_object,
  array = make_array,
  integer = make_number,
  number = make_number,
  boolean = function() return true end,
  null = function() return json.null end,
  string = function(maker, _, _, key) return maker.next_word() or maker.fallback(key) end,
}

function make(maker, node, depth, key)
  if type(node) ~= "table" then return maker.fallback(key) end
  if depth > MAX_DEPTH * 2 then return json.null end
  node = resolve(node, maker.root)
  if node.const ~= nil then return node.const end
  if json.given(node.enum) then return node.enum[1] end
  local branch = branch_of(node)
  if branch then return depth <= MAX_DEPTH and make(maker, branch, depth + 1, key) or json.null end
  return (MAKERS[kind_of(node)] or MAKERS.string)(maker, node, depth, key)
end

--- An instance of `node`; `names` are the words for its strings, in order of use.
function M.instance(node, prompt, names)
  return make({
    root = node,
    next_word = feeder(names),
    next_number = feeder(numbers_in(prompt)),
    fallback = function(key) return prompt ~= "" and #prompt <= 60 and prompt or key or "demo" end,
  }, node, 0)
end

return M
