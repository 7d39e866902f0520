-- Run it: make run EXAMPLE=messages
--
-- The Anthropic-compatible endpoint, for programs that speak its format.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local message = assert(client:message {
  model = "grok-4.5",
  max_tokens = 1000,
  system = "You are a poet of few words.",
  messages = { { role = "user", content = "A haiku about a program that waits." } },
})

for _, block in ipairs(message.content) do
  if block.type == "text" then print(block.text) end
end
print(("(%s, %d tokens)"):format(message.stop_reason, message.usage.output_tokens))
