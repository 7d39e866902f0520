--- JSON whose objects keep the order of their members, as xai.ordered marks it.
--
-- A schema in a file has an order that its author meant: the model writes its answer's
-- members in that order.  xai.decode forgets it, so the text is walked once more.

local xai = require "xai"

local ipairs, type = ipairs, type
local string_find, string_sub = string.find, string.sub

--- Where the string that begins at `at` ends.
local function end_of_string(text, at)
  local i = at + 1
  while true do
    i = string_find(text, '["\\]', i)
    if string_sub(text, i, i) == '"' then return i end
    i = i + 2
  end
end

local function behind_space(text, at)
  return (string_find(text, "[^ \t\r\n]", at))
end

local mark -- see below

--- Mark the members of an object.  Returns where it ends.
local function mark_object(text, at, value)
  local names = {}
  at = behind_space(text, at + 1)
  while string_sub(text, at, at) ~= "}" do
    local stop = end_of_string(text, at)
    local name = xai.decode("[" .. string_sub(text, at, stop) .. "]")[1]
    at = behind_space(text, stop + 1) -- the colon
    local member = type(value) == "table" and value[name] or nil
    if member ~= nil then names[#names + 1] = name end
    at = behind_space(text, mark(text, behind_space(text, at + 1), member) + 1)
    if string_sub(text, at, at) == "," then at = behind_space(text, at + 1) end
  end
  if type(value) == "table" and names[1] then
    local seen, once = {}, {}
    for _, name in ipairs(names) do
      if not seen[name] then once[#once + 1] = name end
      seen[name] = true
    end
    xai.ordered(once, value)
  end
  return at
end

local function mark_list(text, at, value)
  local i = 0
  at = behind_space(text, at + 1)
  while string_sub(text, at, at) ~= "]" do
    i = i + 1
    at = behind_space(text, mark(text, at, type(value) == "table" and value[i] or nil) + 1)
    if string_sub(text, at, at) == "," then at = behind_space(text, at + 1) end
  end
  return at
end

--- Mark the objects in a value, whose text begins at `at`.  Returns where it ends.
function mark(text, at, value)
  local first = string_sub(text, at, at)
  if first == "{" then return mark_object(text, at, value) end
  if first == "[" then return mark_list(text, at, value) end
  if first == '"' then return end_of_string(text, at) end
  return (string_find(text, "[%w.+-][^%w.+-]", at)) or #text
end

local ordered_json = {}

--- The value of a JSON text, whose tables are marked; or nil and what is wrong.
function ordered_json.decode(text)
  local value, problem = xai.decode(text)
  if value == nil then return nil, problem end
  if type(value) == "table" then mark(text, behind_space(text, 1), value) end
  return value
end

return ordered_json
