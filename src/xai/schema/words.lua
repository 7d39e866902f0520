--- How checks of schemas name things: values, types and places.

local json = require "xai.client.json"
local kinds = require "xai.schema.kinds"

local concat, find, gsub, sub = table.concat, string.find, string.gsub, string.sub
local pcall, tostring, type = pcall, tostring, type

local LONGEST = 60 -- bytes of a string that are shown
local MOST_KEYS = 64 -- of a place
local PIECE = 65536 -- bytes that are counted at once

local words = {}

--- The beginning of a text, of whole characters.
local function cut(text)
  if #text <= LONGEST then return text end
  local last = LONGEST
  while last > LONGEST - 4 and find(sub(text, last + 1, last + 1), "^[\128-\191]") do last = last - 1 end
  return sub(text, 1, last) .. "..."
end

--- A string, a number, a boolean or null as JSON; a string is cut.  Always UTF-8.
function words.show(value)
  if type(value) == "string" then
    value = cut(value)
    local ok, text = pcall(json.encode, value)
    if not ok then text = json.encode((gsub(value, "[\128-\255]", "?"))) end
    return (gsub(text, "\\/", "/"))
  end
  if kinds.is_null(value) then return "null" end
  if type(value) == "number" and (value ~= value or value - value ~= 0) then return tostring(value) end
  if type(value) == "number" or type(value) == "boolean" then return json.encode(value) end
  return type(value) == "table" and (#value > 0 and "an array" or "an object") or "a " .. type(value)
end

--- A place in a value: `people[2].name`, `["odd name"]`.
function words.path_text(keys, n)
  local parts = {}
  for i = 1, n do
    if i > MOST_KEYS then return concat(parts) .. "..." end
    local key = keys[i]
    if type(key) == "string" and find(key, "^[%a_][%w_]*$") and #key <= LONGEST then
      parts[i] = i > 1 and "." .. key or key
    else
      parts[i] = "[" .. words.show(key) .. "]"
    end
  end
  return concat(parts)
end

--- "a, b or c"
function words.join(list)
  if #list < 2 then return list[1] or "nothing" end
  return concat(list, ", ", 1, #list - 1) .. " or " .. list[#list]
end

local ARTICLES = {
  array = "an array", boolean = "a boolean", integer = "an integer", null = "null", number = "a number",
  object = "an object", string = "a string",
}

--- "a string", for the names of types.
function words.type_name(name) return ARTICLES[name] or "a " .. name end

--- "1 item", "2 items"
function words.count(n, what) return words.show(n) .. " " .. what .. (n == 1 and "" or "s") end

--- The number of characters in a text.
function words.length(text)
  if not find(text, "[\128-\255]") then return #text end
  local n = #text
  for at = 1, #text, PIECE do
    local _, more = gsub(sub(text, at, at + PIECE - 1), "[\128-\191]", "")
    n = n - more
  end
  return n
end

return words
