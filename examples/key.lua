-- Run it: make run EXAMPLE=key
--
-- The key from a command, such as a password manager: it is never in the
-- program, in a file, or in the environment.

local xai = require "xai"

local COMMAND = "printenv XAI_API_KEY" -- or: pass show xai, secret-tool lookup name xai, ...

local key

--- Asked for before each request is sent; remembers the answer.
local function read_key()
  if not key then
    local pipe = assert(io.popen(COMMAND))
    key = pipe:read "*a":gsub("%s+$", "") -- without the end of the line
    pipe:close()
  end
  return key
end

local client = xai.new { api_key = read_key }

local about = assert(client:get_api_key())
print("key " .. about.redacted_api_key .. ", called " .. about.name)
