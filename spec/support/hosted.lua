--- hosted.lua - programs for specs of event loops: each a process of its own, with a client, the
-- question that all of them ask, and a stand-in server that misbehaves on demand.

local programs = require "spec.support.programs"

local M = {}

-- What the programs of all loops begin with.
local COMMON = [[
  local xai = require "xai"
  local client = xai.new { max_retries = 0 }
  local TEXT = "Lua is a small, quick language that lives happily inside other programs."

  local function options(fault, more)
    local all = { headers = { ["x-fault"] = fault } }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function question(stream)
    return { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } }, stream = stream }
  end

  --- Read a stream to its end: its text, or nil, message, info.
  local function read(fault, each)
    local stream = assert(client:chat(question(true), options(fault)))
    local words = {}
    local event, message, info = stream:next()
    while event do
      words[#words + 1] = event.choices[1] and event.choices[1].delta.content
      if each then each() end
      event, message, info = stream:next()
    end
    if message then return nil, message, info end
    return table.concat(words)
  end

  --- What the server knows of the last question when that is over.
  local function last_end()
    for _ = 1, 200 do
      local log, last = assert(client:request { path = "/_/requests" }), nil
      for _, request in ipairs(log) do
        if request.path:find "^/v1/chat" then last = request end
      end
      if not last.open then return last end
      xai.sleep(0.01)
    end
  end
]]

--- A function that runs a program behind this prelude and compares what it says.
function M.says(prelude)
  return function(lines, code)
    local output = programs.run_text(COMMON .. prelude .. code):gsub("\t", " ")
    assert(lines == output, ("expected:\n%s\ngot:\n%s"):format(lines, output))
  end
end

return M
