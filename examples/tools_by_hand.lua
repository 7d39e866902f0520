-- Run it: make run EXAMPLE=tools_by_hand
--
-- The loop of tools.lua by hand: the model asks for a function, we call it, the model answers with its result.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local functions = {}

function functions.get_weather(arguments)
  local celsius = { Reykjavik = 4, Oslo = 9 } -- a real one would look out of the window
  return { celsius = celsius[arguments.city] or 20, sky = "light rain" }
end

local messages = { { role = "user", content = "What is the weather in Reykjavik, and in Oslo?" } }

local function ask()
  local answer = assert(client:chat {
    model = "grok-4.5",
    messages = messages,
    tools = { {
      type = "function",
      ["function"] = {
        name = "get_weather",
        description = "The weather in a city now",
        parameters = { type = "object", properties = { city = { type = "string" } }, required = { "city" } },
      },
    } },
  })
  local message = answer.choices[1].message
  messages[#messages + 1] = message
  return message
end

local message = ask()
while message.tool_calls do
  for _, call in ipairs(message.tool_calls) do
    local called = call["function"]
    print("called: " .. called.name .. " " .. called.arguments)
    local result = functions[called.name](xai.decode(called.arguments))
    messages[#messages + 1] = { role = "tool", tool_call_id = call.id, content = xai.encode(result) }
  end
  message = ask()
end
print(message.content)
