-- Run it: make run EXAMPLE=tokenize
--
-- How a model cuts a text into tokens; what you pay for is counted in these.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local text = "Lua means moon in Portuguese."
local answer = assert(client:tokenize { model = "grok-4.5", text = text })

local tokens = {}
for i, token in ipairs(answer.token_ids) do
  tokens[i] = token.string_token
end
print(table.concat(tokens, "|"))
print(("%d characters, %d tokens"):format(#text, #tokens))
