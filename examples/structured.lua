-- Run it: make run EXAMPLE=structured
--
-- An answer of a known shape: a JSON schema goes out, a Lua table comes back.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local answer = assert(client:chat {
  model = "grok-4.5",
  messages = { { role = "user", content = "Extract the event: chess in Oslo on 3 May with Anna." } },
  response_format = {
    type = "json_schema",
    json_schema = {
      name = "event",
      strict = true,
      schema = {
        type = "object",
        properties = {
          city = { type = "string" },
          day = { type = "integer" },
          month = { type = "string" },
          people = { type = "array", items = { type = "string" } },
        },
        required = { "city", "day", "month", "people" },
        additionalProperties = false,
      },
    },
  },
})

local event = assert(xai.decode(answer.choices[1].message.content))
print(("where: %s\nwhen:  %d %s"):format(event.city, event.day, event.month))
print("who:   " .. table.concat(event.people, ", "))
