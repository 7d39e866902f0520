-- Run it: make run EXAMPLE=vision
-- On a picture of yours: make run EXAMPLE=vision ARGS=cat.jpg
--
-- A picture from a file, sent with a question about it.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function digit(n)
  local at = math.floor(n) % 64 + 1
  return DIGITS:sub(at, at)
end

local function base64(bytes)
  local missing = -#bytes % 3
  local text = (bytes .. ("\0"):rep(missing)):gsub("...", function(three)
    local a, b, c = three:byte(1, 3)
    local n = a * 65536 + b * 256 + c
    return digit(n / 262144) .. digit(n / 4096) .. digit(n / 64) .. digit(n)
  end)
  return text:sub(1, #text - missing) .. ("="):rep(missing)
end

local path = arg[1] or "examples/pictures/boat.png"
local file = assert(io.open(path, "rb"))
local picture = file:read "*a"
file:close()

local kind = path:find "%.png$" and "image/png" or "image/jpeg"
local answer = assert(client:chat {
  model = "grok-4.5",
  messages = { { role = "user", content = {
    { type = "image_url", image_url = { url = "data:" .. kind .. ";base64," .. base64(picture) } },
    { type = "text", text = "What is in this picture?" },
  } } },
})
print(answer.choices[1].message.content)
