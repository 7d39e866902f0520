-- Run it: make run EXAMPLE=image
--
-- A picture made from words, written to a file while it comes: picture.png, or picture.jpg
-- if that is what the service made.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local images = assert(client:generate_image({
  model = "grok-imagine-image",
  prompt = "A small boat on a quiet sea, seen from above",
  aspect_ratio = "3:2",
  response_format = "b64_json",
}, { save = "picture" }))

print("wrote " .. images.data[1].path)
