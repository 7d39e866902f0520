--- Checks of one value without members: const, enum, numbers, strings.

local kinds = require "xai.schema.kinds"
local mistakes = require "xai.schema.mistakes"
local pattern = require "xai.schema.pattern"
local words = require "xai.schema.words"

local min = math.min
local count, join, show = words.count, words.join, words.show
local mistake = mistakes.note

local MOST_SHOWN = 10 -- values of an enum

local scalars = {}

--- Is the value one of the list?
function scalars.enum(c, list, value)
  for i = 1, #list do
    if kinds.equal(list[i], value, 1) then return true end
  end
  if not c.sink then return false end
  local told = {}
  for i = 1, min(#list, MOST_SHOWN) do told[i] = show(list[i]) end
  if #list > MOST_SHOWN then told[#told + 1] = count(#list - MOST_SHOWN, "other value") end
  local expected, got = join(told), show(value)
  local what = expected == got and "is not the one that the schema has" or "expected " .. expected .. ", got " .. got
  return mistake(c, what, nil, mistakes.OTHER_VALUE)
end

function scalars.number(c, schema, value)
  local least, most = schema.minimum, schema.maximum
  local above, below, of = schema.exclusiveMinimum, schema.exclusiveMaximum, schema.multipleOf
  local must
  if least and value < least then must = "at least " .. show(least) end
  if most and value > most then must = "at most " .. show(most) end
  if above and value <= above then must = "more than " .. show(above) end
  if below and value >= below then must = "less than " .. show(below) end
  if not must and of and not kinds.is_multiple(value, of) then must = "a multiple of " .. show(of) end
  return not must or mistake(c, "must be " .. must .. ", got " .. show(value))
end

function scalars.string(c, schema, value)
  local ok, least, most = true, schema.minLength, schema.maxLength
  if most and #value > most or least and #value < least * 4 then
    local n = words.length(value)
    if least and n < least then
      ok = mistake(c, "must have at least " .. count(least, "character") .. ", got " .. show(n))
    elseif most and n > most then
      ok = mistake(c, "must have at most " .. count(most, "character") .. ", got " .. show(n))
    end
  end
  if schema.pattern and pattern.matches(schema.pattern, value, c.patterns) == false then
    ok = mistake(c, "must match the pattern " .. schema.pattern .. ", got " .. show(value))
  end
  return ok
end

return scalars
