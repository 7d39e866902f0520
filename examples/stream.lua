-- Run it: make run EXAMPLE=stream
--
-- The answer appears word by word, while the model is still writing it.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local stream = assert(client:chat {
  model = "grok-4.5",
  messages = {
    { role = "user", content = "Why is the sky blue? One sentence, please." },
  },
  stream = true,
})

for words in stream:text() do
  io.write(words)
  io.flush() -- now, not at the end of the line
end
print()
