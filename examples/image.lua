-- Run it: make run EXAMPLE=image
--
-- A picture made from words, written to a file: picture.png, or picture.jpeg
-- if that is what the service made.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local VALUES = {}
for at, digit in ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):gmatch "()(.)" do
  VALUES[digit] = at - 1
end

local function from_base64(text)
  local bytes = text:gsub("(.)(.)(.)(.)", function(a, b, c, d)
    local n = VALUES[a] * 262144 + VALUES[b] * 4096 + (VALUES[c] or 0) * 64 + (VALUES[d] or 0)
    local three = string.char(math.floor(n / 65536), math.floor(n / 256) % 256, n % 256)
    return three:sub(1, c == "=" and 1 or d == "=" and 2 or 3)
  end)
  return bytes
end

local images = assert(client:generate_image {
  model = "grok-imagine-image",
  prompt = "A small boat on a quiet sea, seen from above",
  aspect_ratio = "3:2",
  response_format = "b64_json",
})

local image = images.data[1]
local path = "picture." .. (image.mime_type or "image/jpeg"):match "%w+$"
local file = assert(io.open(path, "wb"))
file:write(from_base64(image.b64_json))
file:close()
print("wrote " .. path)
