-- Run it: make run EXAMPLE=chat
--
-- One question, one answer.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local answer, message = client:chat {
  model = "grok-4.5",
  messages = {
    { role = "system", content = "You are a friendly librarian." },
    { role = "user", content = "Which book about Lua should I read first?" },
  },
}
if not answer then error(message) end

print(answer.choices[1].message.content)
print(("(%s, %d tokens)"):format(answer.model, answer.usage.total_tokens))
