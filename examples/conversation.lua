-- Run it: make run EXAMPLE=conversation
--
-- A conversation with a tool: it goes on after it was saved, and no failure tears it.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local weather = {
  name = "get_weather",
  description = "The weather in a city now",
  parameters = xai.schema.object(xai.schema.string("city", "in English")),
  run = function(args)
    print("called: get_weather " .. xai.encode(args))
    return { celsius = args.city == "Rome" and 24 or 9 } -- a real one would look out of the window
  end,
}

local talk = client:conversation { model = "grok-4.5", instructions = "Answer in one line." }
print((assert(talk:ask "My name is Ada.")))

-- Saved and loaded, it sends what it would have sent. This time it has a tool.
local saved = xai.encode(talk:dump())
talk = client:conversation(xai.decode(saved), { tools = { weather } })
for kind, value in talk:stream("Is it warm in Rome?"):parts() do
  if kind == "text" then io.write(value) end
end
print()

-- A fork without the tool goes its own way.
local plain = client:conversation(xai.decode(saved))
print((assert(plain:ask "What is my name?")))
print(("(%d items, %d tokens)"):format(#talk.items, talk.usage.total + plain.usage.total))
