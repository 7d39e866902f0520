-- Run it: make run EXAMPLE=structured
--
-- An answer of a known shape: a JSON schema goes out, a checked Lua table comes back.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY
local s = xai.schema

local event = s.object(
  s.string("city", "in English"),
  s.integer("day", { minimum = 1, maximum = 31 }),
  s.string "month",
  s.list("people", s.string()))

local prompt = "Extract the event: chess in Oslo on 3 May with Anna."

local value, message, info = client:parse("respond", { model = "grok-4.5", input = prompt }, event, { repair = 1 })
if not value then
  -- info.code is "schema", "json" or "refusal"; info.mistakes says what does not fit.
  error(message)
end
print(("where: %s\nwhen:  %d %s"):format(value.city, value.day, value.month))
print("who:   " .. table.concat(value.people, ", "))
print(("(%d tokens, asked again %d times)"):format(info.usage.total, info.repairs))

-- The same as it grows.
local stream = assert(client:respond {
  model = "grok-4.5",
  input = prompt,
  stream = true,
  text = { format = { type = "json_schema", name = "event", strict = true, schema = event } },
})
for growing in stream:json(event) do print(xai.encode(growing)) end
