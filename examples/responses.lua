-- Run it: make run EXAMPLE=responses
--
-- A conversation that the service remembers: the second question names the
-- response that it follows, and sends nothing else of it.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local first = assert(client:respond { model = "grok-4.5", input = "Good morning! My name is Ada." })
print(xai.text(first))

local second = assert(client:respond {
  model = "grok-4.5",
  input = "What is my name?",
  previous_response_id = first.id,
})
print(xai.text(second))

-- It would be kept for 30 days.
assert(client:delete_response(first.id))
assert(client:delete_response(second.id))
