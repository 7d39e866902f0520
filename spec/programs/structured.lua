--- structured.lua - structured answers in tasks of any host: two at once, one of them asked again, and a
-- stream of one.  `f` runs in a task and returns what it found.

local s = xai.schema
local EVENT = s.object(s.string "city", s.integer "day")

local function body(fields)
  local all = { model = "grok-4.5", input = "Chess in Oslo on 3 May" }
  for key, value in pairs(fields or {}) do all[key] = value end
  return all
end

local function parse(fault, n)
  local value, message, info = client:parse("respond", body(), EVENT, options(fault, { repair = n }))
  return value and ("%s %d after %d"):format(value.city, value.day, info.repairs) or message
end

local function grow()
  local format = { type = "json_schema", name = "event", schema = EVENT }
  local stream = assert(client:respond(body { text = { format = format }, stream = true }, options "slow-words,2"))
  local count, last = 0, nil
  local value, message = stream:next_json(EVENT)
  while value ~= nil do
    count, last = count + 1, value
    value, message = stream:next_json()
  end
  return message or ("%s %d, grown: %s"):format(last.city, last.day, tostring(count > 1))
end

return function()
  local first = xai.spawn(parse, "late-head,20", 0)
  local second = xai.spawn(parse, "structured,broken,1", 1)
  local third = xai.spawn(grow)
  print(first:wait())
  print(second:wait())
  print(third:wait())
end
