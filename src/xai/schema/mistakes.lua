--- The mistakes that a check finds: noted with their places, told in words.

local words = require "xai.schema.words"

local concat, ipairs, min = table.concat, ipairs, math.min
local join, path_text, show, type_name = words.join, words.path_text, words.show, words.type_name

local MOST_MISTAKES = 1000
local MOST_TOLD = 10 -- in the message

-- Heavier mistakes say that another form of anyOf or oneOf was meant.
local OTHER_TYPE = 1000

local mistakes = { OTHER_VALUE = 100 }

--- Put a mistake into a list, unless it is the last one again.
local function put(sink, one)
  local last = sink[#sink]
  if last and last.path == one.path and last.message == one.message then return end
  if #sink < MOST_MISTAKES then sink[#sink + 1] = one else sink.is_full = true end
end

--- Note a mistake at the place of the check, or at `key` in it.  Returns false.
local function note(c, message, key, weight)
  local sink, level = c.sink, c.level
  if not sink then return false end
  sink.weight = sink.weight + (weight or 1)
  if key ~= nil then
    level = level + 1
    c.keys[level] = key
  end
  put(sink, { path = path_text(c.keys, level), message = message })
  return false
end

--- Go on after a mistake?
function mistakes.goes_on(c) return c.sink and not c.sink.is_full end

mistakes.note = note

--- Note that a value of this kind has none of the types in `names`.
function mistakes.note_type(c, names, kind, value)
  local sink = c.sink
  if not sink then return false end
  local is_own = sink.level == c.level -- not of a member
  if is_own then sink.expected = names end
  local told, given = {}, {}
  for _, name in ipairs(names) do
    if not given[name] then
      given[name], told[#told + 1] = true, type_name(name)
    end
  end
  local got = kind == "empty" and "an empty table" or type_name(kind)
  if kind == "number" and not given.number and given.integer then got = show(value) end
  return note(c, "expected " .. join(told) .. ", got " .. got, nil, is_own and OTHER_TYPE or 1)
end

--- Take over what was found elsewhere.
function mistakes.add_all(sink, found)
  sink.weight = sink.weight + found.weight
  for i = 1, #found do put(sink, found[i]) end
end

--- All of them in one line.
function mistakes.message(list)
  local told = {}
  for i = 1, min(#list, MOST_TOLD) do
    local path = list[i].path
    told[i] = (path == "" and "" or path .. ": ") .. list[i].message
  end
  if #list > MOST_TOLD then
    told[#told + 1] = "and " .. (list.is_full and "more than " or "") .. #list - MOST_TOLD .. " more"
  end
  return concat(told, "; ")
end

return mistakes
