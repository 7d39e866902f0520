--- scripted.lua - scripted clients and tapes in tasks of any host: calls at once, a stream, tools, attempts.

local testing = require "xai.testing"

local weather = {
  name = "get_weather", description = "The weather in a city", parameters = xai.schema.object(xai.schema.string "city"),
  run = function(args)
    xai.sleep(0.005)
    return { celsius = args.city == "Rome" and 24 or 9 }
  end,
}

local function ask(fake, fields)
  local body = { model = "m", messages = { { role = "user", content = "Hi" } } }
  for name, value in pairs(fields or {}) do body[name] = value end
  return fake:chat(body)
end

--- Two calls at once, and a stream in words.
local function say()
  local fake = testing.client { "one two", "one two", "one two three" }
  local tasks = {}
  for i = 1, 2 do tasks[i] = xai.spawn(function() return xai.text(ask(fake)) end) end
  local first, second = tasks[1]:wait(), tasks[2]:wait()
  local words, stream = 0, ask(fake, { stream = true })
  local event = stream:next()
  while event do
    if event.choices[1].delta.content then words = words + 1 end
    event = stream:next()
  end
  print(first, second, words, fake.left)
end

local function run_tools()
  local fake = testing.client { { { call = "get_weather", args = { city = "Rome" } } }, "It is warm." }
  local result, _, info = fake:run_tools("respond", { model = "m", input = "Is it?", tools = { weather } })
  print(xai.text(result), info.run.rounds, fake.requests[2].body.input[1].output)
end

--- A call that tries again, one that falls back, and one that a budget holds.
local function try()
  local fake = testing.client({ { kind = "server" }, "second", { kind = "server" }, "third", "fourth" },
    { max_retries = 1, budget = xai.budget { calls = 5 } })
  local result, _, info = ask(fake)
  print(xai.text(result), info.attempts)
  result, _, info = fake:chat({ model = "a", messages = {} }, { fallback = { { model = "b" } }, max_retries = 0 })
  print(xai.text(result), info.fallback, fake.requests[4].body.model)
  print(xai.text(ask(fake)), fake.left)
end

--- A tape of the stand-in server's answers.
local function play()
  local path = os.tmpname()
  local function all(fake)
    local stream = ask(fake, { model = "grok-4.5", stream = true })
    local result = stream:result()
    return xai.text(result) .. " " .. #fake:list_models().data
  end
  local recorded = all(testing.tape(path):client())
  local tape = testing.tape(path)
  print(all(tape:client { base_url = "http://127.0.0.1:1" }) == recorded, tape.left)
  os.remove(path)
end

--- A stand-in server of the program's own.
local function serve()
  local server = testing.serve { pace = 0 }
  local own = xai.new { base_url = server.url, api_key = server.key or "xai-spec" }
  print(xai.text(assert(own:chat { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } } })))
  own:close()
  server:close()
end

return function()
  say()
  run_tools()
  try()
  play()
  serve()
end
