-- Run it: make run EXAMPLE=structured_by_hand
--
-- What client:parse does in structured.lua, by hand: the schema goes into the body as the
-- API has it, and the text is decoded and checked.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local schema = {
  type = "object",
  properties = {
    city = { type = "string" },
    day = { type = "integer" },
    month = { type = "string" },
    people = { type = "array", items = { type = "string" } },
  },
  required = { "city", "day", "month", "people" },
  additionalProperties = false,
}

local answer = assert(client:chat {
  model = "grok-4.5",
  messages = { { role = "user", content = "Extract the event: chess in Oslo on 3 May with Anna." } },
  response_format = {
    type = "json_schema",
    json_schema = { name = "event", strict = true, schema = schema },
  },
})

-- One that was cut off at the limit of tokens is not JSON, or not all of it.
assert(xai.finish(answer) == "stop", "the answer is not whole")
local event = assert(xai.decode(xai.text(answer)))
assert(xai.check(schema, event))
print(("where: %s\nwhen:  %d %s"):format(event.city, event.day, event.month))
print("who:   " .. table.concat(event.people, ", "))
