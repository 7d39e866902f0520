-- compare.lua - where two JSON values differ.
--
-- The expected one was decoded by lua-cjson alone; the other one by this
-- library, for which a null in an object is absent.

local cjson = require "cjson"

local difference

local function quoted(value)
  if type(value) == "table" then return "a table" end
  local text = tostring(value)
  return #text > 60 and text:sub(1, 60) .. "..." or text
end

local function compare_member(expected, actual, key, path)
  if expected == cjson.null and actual == nil and type(key) == "string" then return nil end
  return difference(expected, actual, path .. "." .. tostring(key))
end

--- Text naming the first difference, or nil when there is none.
function difference(expected, actual, path)
  path = path or ""
  if type(expected) ~= "table" or type(actual) ~= "table" then
    if expected == actual then return nil end
    return ("%s is %s, not %s"):format(path == "" and "it" or path, quoted(actual), quoted(expected))
  end
  for key, value in pairs(expected) do
    local problem = compare_member(value, actual[key], key, path)
    if problem then return problem end
  end
  for key in pairs(actual) do
    if expected[key] == nil then return path .. "." .. tostring(key) .. " is too much" end
  end
end

return difference
