--- What the readers share: which API a result is from, and access to values of any type.

local core = require "xai.core"

local error, getmetatable, ipairs, pairs, rawget, setmetatable, tostring, type =
  error, getmetatable, ipairs, pairs, rawget, setmetatable, tostring, type
local table_concat = table.concat

local results = {}

-- Values ------------------------------------------------------------------------

local NOTHING = {}

--- The value if it is a table, else an empty one.
local function object(value)
  return type(value) == "table" and value or NOTHING
end

--- The value if it is a string with something in it, else nil.
local function words(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The value if it is a count, else nil.
local function count(value)
  return type(value) == "number" and value >= 0 and value or nil
end

--- The tables in a list.
local function objects(list)
  local all = {}
  for _, item in ipairs(object(list)) do
    if type(item) == "table" then all[#all + 1] = item end
  end
  return all
end

--- The texts that `pick` finds in the tables of a list, joined.
local function gather(list, pick)
  local texts = {}
  for _, item in ipairs(objects(list)) do texts[#texts + 1] = words(pick(item)) end
  return table_concat(texts)
end

--- The value with all its strings as UTF-8.  Tables are copied where they change.
local function as_utf8(value)
  if type(value) == "string" then return core.utf8(value) end
  if type(value) ~= "table" then return value end
  local copy
  for key, old in pairs(value) do
    local new = as_utf8(old)
    if new ~= old and not copy then
      copy = setmetatable({}, getmetatable(value))
      for name, item in pairs(value) do copy[name] = item end
    end
    if copy then copy[key] = new end
  end
  return copy or value
end

results.object, results.objects, results.words, results.count = object, objects, words, count
results.gather, results.as_utf8 = gather, as_utf8

-- Results -----------------------------------------------------------------------

--- Which API a result is from: "chat" (also the older completions), "responses",
-- "messages", "complete" or "other".
function results.api_of(result)
  if type(result.choices) == "table" then return "chat" end
  if type(result.output) == "table" or result.object == "response" then return "responses" end
  if type(result.completion) == "string" then return "complete" end
  if result.content ~= nil then return "messages" end
  return "other"
end

--- Choice `n` of a result, or an empty table.
function results.choice(result, n)
  for i, choice in ipairs(object(result.choices)) do
    if type(choice) == "table" and (count(choice.index) or i - 1) == n - 1 then return choice end
  end
  return NOTHING
end

--- The message of choice `n`, or an empty table.
function results.message(result, n)
  return object(results.choice(result, n).message)
end

--- Raise where the arguments of `xai.<name>` are not a result and the number of a
-- choice.  Returns that number.
function results.check(name, result, n)
  if type(result) ~= "table" then
    local why = result == nil and words(n)
    error("xai." .. name .. ": expected the result of a call, got " .. type(result) .. (why and ": " .. why or ""), 3)
  end
  if getmetatable(result) ~= nil and rawget(result, "request") ~= nil then
    error("xai." .. name .. ": expected the result of a call, got " .. tostring(result) .. "; use its result()", 3)
  end
  if n ~= nil and (type(n) ~= "number" or n < 1 or n % 1 ~= 0) then
    error("xai." .. name .. ": the choice must be a whole number from 1, got " .. tostring(n), 3)
  end
  return n or 1
end

return results
