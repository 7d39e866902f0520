-- Run it: make run EXAMPLE=tools
--
-- The model asks for functions, run_tools calls them, the model answers with their results.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY
local s = xai.schema

local weather = {
  name = "get_weather",
  description = "The weather in a city now",
  parameters = s.object(s.string("city", "in English")), -- arguments are checked against this
  run = function(args)
    local celsius = { Reykjavik = 4, Oslo = 9 } -- a real one would look out of the window
    if not celsius[args.city] then return nil, "there is no weather station in " .. args.city end
    return { celsius = celsius[args.city], sky = "light rain" }
  end,
}

local function show(kind, value)
  if kind == "call" then print("called: " .. value.name .. " " .. value.arguments) end
  if kind == "text" then io.write(value) end
end

local answer, message, info = client:run_tools("respond", {
  model = "grok-4.5",
  input = "What is the weather in Reykjavik, and in Oslo?",
  tools = { weather },
  stream = true,
}, { on_part = show, max_rounds = 5 })

print(answer and "" or message)
print(("(%d rounds, %d tokens)"):format(info.run.rounds, info.run.usage.total))
