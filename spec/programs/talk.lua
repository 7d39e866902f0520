--- talk.lua - a conversation with a tool in tasks of any host, whose last answer is a value.

local s = xai.schema

local weather = {
  name = "get_weather", parameters = s.object(s.string "city"),
  run = function(args)
    xai.sleep(0.03) -- the host goes on meanwhile
    return args.city .. " is fine"
  end,
}

return function()
  local talk = client:conversation { model = "grok-4.5", tools = { weather } }
  print((talk:ask "Is it warm in Rome?"))
  local value, message = talk:ask("Chess in Oslo on 3 May", { schema = s.object(s.string "city", s.integer "day") })
  print(value and value.city .. " " .. value.day or message)
end
