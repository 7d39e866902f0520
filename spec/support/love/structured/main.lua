--- Structured answers in LÖVE: what spec/programs/structured.lua asks for in each host, and a conversation
-- with a tool whose last answer is a value.  It all goes on in frames; the report is what was printed.

-- luacheck: globals xai client options structured print love

xai = require "xai"
client = xai.new { max_retries = 0 }

local lines, frames, over = {}, 0, false

function print(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  lines[#lines + 1] = table.concat(words, " ")
end

--- The options of a call with a fault.
function options(fault, more)
  local all = { headers = { ["x-fault"] = fault } }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

dofile(os.getenv "SPEC_ROOT" .. "/spec/programs/structured.lua")

local function converse()
  local s = xai.schema
  local weather = {
    name = "get_weather", parameters = s.object(s.string "city"),
    run = function(args)
      xai.sleep(0.03) -- frames go on meanwhile
      return args.city .. " is fine"
    end,
  }
  local talk = client:conversation { model = "grok-4.5", tools = { weather } }
  print((talk:ask "Is it warm in Rome?"))
  local value, message = talk:ask("Chess in Oslo on 3 May",
    { schema = s.object(s.string "city", s.integer "day") })
  print(value and value.city .. " " .. value.day or message)
end

function love.load()
  xai.spawn(function()
    local ok, problem = pcall(function()
      structured()
      converse()
    end)
    if not ok then print(problem) end
    over = true
  end)
end

function love.update()
  xai.update(2)
  frames = frames + 1
  if not over then return end
  print("frames go on: " .. tostring(frames > 20))
  local file = assert(io.open(os.getenv "GAME_REPORT", "wb"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  love.event.quit(0)
end
