-- Run it: make run EXAMPLE=vision
-- On a picture of yours: make run EXAMPLE=vision ARGS=cat.jpg
--
-- A picture from a file, sent with a question about it.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local answer = assert(client:chat {
  model = "grok-4.5",
  messages = { { role = "user", content = {
    { type = "image_url", image_url = { url = xai.data_url(arg[1] or "examples/pictures/boat.png") } },
    { type = "text", text = "What is in this picture?" },
  } } },
})
print(xai.text(answer))
