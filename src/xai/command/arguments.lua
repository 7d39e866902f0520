--- The words of a command line: options, and what is not one.

local core = require "xai.core"

local ipairs = ipairs
local string_find, string_format, string_match, string_sub = string.find, string.format, string.match, string.sub

local arguments = {}

--- The option of a name such as "-m" or "--model", or nil.
local function find(options, name)
  for _, option in ipairs(options) do
    if option.short == name or option.long == name then return option end
  end
end

local function unknown(options, name)
  local names = {}
  for _, option in ipairs(options) do
    if option.long then names[string_sub(option.long, 3)] = true end
  end
  local meant = core.nearest(string_sub(name, 3), names)
  return string_format("unknown option %s%s", name, meant and "; did you mean --" .. meant .. "?" or "")
end

--- Read the words of a command line.  Words after "--" are no options.  "-" is no option.
-- @param options  a list of { short, long, field, value, many }: `value` names what the
--   option takes, nil for a switch; `many` collects a list
-- @return the fields by name, with what is left in the list part; or nil and what is wrong
function arguments.read(words, options)
  local read, at = {}, 1
  local function set(option, value)
    if option.many then
      local list = read[option.field] or {}
      list[#list + 1] = value
      read[option.field] = list
      return nil
    end
    if option.value and read[option.field] ~= nil then return string_format("%s is given twice", option.long) end
    read[option.field] = value
  end
  --- An option with a value, which is `value` or the next word.
  local function take(option, name, value)
    if value == nil then
      at = at + 1
      value = words[at]
    end
    if value == nil then return string_format("%s needs %s", name, option.value) end
    return set(option, value)
  end
  local function take_long(word)
    local name, value = string_match(word, "^(%-%-[^=]+)=(.*)$")
    name = name or word
    local option = find(options, name)
    if not option then return unknown(options, name) end
    if option.value then return take(option, name, value) end
    if value then return string_format("%s takes no value", name) end
    return set(option, true)
  end
  --- Letters of switches, and of one option that takes the rest of the word.
  local function take_short(word)
    for i = 2, #word do
      local name = "-" .. string_sub(word, i, i)
      local option = find(options, name)
      if not option then return unknown(options, name) end
      if option.value then return take(option, name, i < #word and string_sub(word, i + 1) or nil) end
      set(option, true)
    end
  end
  while at <= #words do
    local word, problem = words[at], nil
    if word == "--" then
      for i = at + 1, #words do read[#read + 1] = words[i] end
      break
    elseif string_find(word, "^%-%-") then
      problem = take_long(word)
    elseif string_find(word, "^%-.") then
      problem = take_short(word)
    else
      read[#read + 1] = word
    end
    if problem then return nil, problem end
    at = at + 1
  end
  return read
end

return arguments
