--- difference.lua - in how many places two values differ, and in which first.

local json = require "xai.testing.standin.json"

local LONGEST = 60 -- of a value that is shown

local function shown(value)
  if value == nil then return "nothing" end
  local text = json.encode(value)
  if #text <= LONGEST then return text end
  return (text:sub(1, LONGEST):gsub("[\128-\255]*$", "")) .. "..."
end

local function sorted_keys(a, b)
  local keys, seen = {}, {}
  for _, t in ipairs { a, b } do
    for key in pairs(t) do
      if not seen[key] then
        seen[key] = true
        keys[#keys + 1] = key
      end
    end
  end
  table.sort(keys, function(x, y)
    if type(x) == type(y) then return x < y end
    return type(x) == "number"
  end)
  return keys
end

local function is_tree(value) return type(value) == "table" and value ~= json.null end

local function walk(found, path, recorded, asked)
  if is_tree(recorded) and is_tree(asked) then
    for _, key in ipairs(sorted_keys(recorded, asked)) do
      local name = type(key) == "number" and "[" .. key .. "]" or (path == "" and "" or ".") .. tostring(key)
      walk(found, path .. name, recorded[key], asked[key])
    end
  elseif recorded ~= asked then
    found.count = found.count + 1
    if not found.first then
      found.first = ("%s was %s, and is %s"):format(path == "" and "the body" or path, shown(recorded), shown(asked))
    end
  end
end

--- How many members differ, and the first of them in words.
local function difference(recorded, asked)
  local found = { count = 0 }
  walk(found, "", recorded, asked)
  return found.count, found.first or "they are equal"
end

return difference
