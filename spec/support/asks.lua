--- asks.lua - a conversation that is asked again and again, with a tool, and trimmed: how much memory
-- it has after each tenth of the asks.

local xai = require "xai"

local M = {}

M.NAMES = { "respond", "chat", "message" }

-- Some ten turns, as the stand-in server counts.
local TOKENS = { respond = 250, chat = 250, message = 380 }
local QUESTIONS = { "Is it warm in Rome?", "What is Lua?", "Is it warmer in Oslo or in Rome?" }

--- Bytes of live Lua objects.  LuaJIT counts the traces that it has compiled with them: they go first.
local function live_bytes()
  local compiler = rawget(_G, "jit")
  if compiler then compiler.flush() end
  for _ = 1, 3 do collectgarbage() end
  return collectgarbage "count" * 1024
end

local function conversation(client, name)
  local tool = {
    name = "get_weather", description = "The weather", parameters = xai.schema.object(xai.schema.string "city"),
    run = function() return { celsius = 9 } end,
  }
  local body = { model = "grok-4.20-0309-reasoning", tools = { tool } }
  if name == "message" then body.max_tokens = 200 end
  return client:conversation(body, { endpoint = name })
end

--- Ask `count` times.  Returns the live bytes after each tenth; `tell(asks, bytes, items)`, if given, is
-- called with them.  Every third ask is streamed.
function M.measure(client, name, count, tell)
  local talk, list = conversation(client, name), {}
  for i = 1, count do
    local question = QUESTIONS[i % #QUESTIONS + 1]
    if i % 3 == 0 then
      assert(talk:stream(question):result())
    else
      assert(talk:ask(question))
    end
    talk:trim { tokens = TOKENS[name] }
    if i % (count / 10) == 0 then
      list[#list + 1] = live_bytes()
      if tell then tell(i, list[#list], #talk.items) end
    end
  end
  return list
end

local SLACK = 32 * 1024 -- the table of all strings may double once

--- Is the memory the same from the second tenth on?  Returns false and how it grew.
function M.is_flat(list)
  local first, most = list[2], 0
  for i = 2, #list do most = math.max(most, list[i]) end
  if most <= first + SLACK then return true end
  return false, ("%.0f KB after a fifth of the asks, then up to %.0f KB"):format(first / 1024, most / 1024)
end

return M
