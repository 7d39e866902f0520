-- Run it: make run EXAMPLE=chat
--
-- One question, one answer.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local answer = assert(client:chat {
  model = "grok-4.5",
  messages = {
    { role = "system", content = "You are a friendly librarian. Answer briefly." },
    { role = "user", content = "What is Lua?" },
  },
})

print(answer.choices[1].message.content)
print(("(%s, %d tokens)"):format(answer.model, answer.usage.total_tokens))
