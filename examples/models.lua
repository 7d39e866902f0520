-- Run it: make run EXAMPLE=models
--
-- The models that answer in words and what they cost, in dollars per million tokens.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local list = assert(client:list_language_models())

--- The catalogue counts cents per 100 million tokens.
local function dollars(price)
  return price and ("%.2f"):format(price / 10000) or "-"
end

local function row(...)
  print(("%-30s %8s %8s %8s"):format(...))
end

row("model", "input", "cached", "output")
for _, model in ipairs(list.models) do
  row(model.id, dollars(model.prompt_text_token_price), dollars(model.cached_prompt_text_token_price),
    dollars(model.completion_text_token_price))
end
