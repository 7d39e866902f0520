--- common.lua - the globals of all programs: a client, a question, and ways to read the answer.

-- luacheck: globals xai client TEXT print question options read read_stream last_end ended run_weather limited
-- luacheck: globals settled work_of

xai = require "xai"
client = xai.new { max_retries = 0 }

--- What the model of the stand-in server says.
TEXT = "Lua is a small, quick language that lives happily inside other programs."

--- As Lua's, with blanks between the words.
function print(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  io.stdout:write(table.concat(words, " "), "\n")
end

--- The body of a request.
function question(streamed)
  return { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } }, stream = streamed }
end

--- The options of a call that meets this fault.
function options(fault, more)
  local all = { headers = { ["x-fault"] = fault } }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

--- Read a stream to its end: its text and the number of its events, or nil, message, info.
function read_stream(stream, each)
  local text, count = {}, 0
  local event, message, info = stream:next()
  while event do
    count = count + 1
    text[#text + 1] = event.choices[1] and event.choices[1].delta.content
    if each then each() end
    event, message, info = stream:next()
  end
  if message then return nil, message, info end
  return table.concat(text), count
end

--- Ask and read the answer: its text, or nil, message, info.
function read(fault, each)
  local text, message, info = read_stream(assert(client:chat(question(true), options(fault))), each)
  if text then return text end
  return nil, message, info
end

--- What the server knows of the last question when that is over.
function last_end()
  for _ = 1, 200 do
    local log, last = assert(client:request { path = "/_/requests" }), nil
    for _, request in ipairs(log) do
      if request.path:find "^/v1/chat" then last = request end
    end
    if not last.open then return last end
    xai.sleep(0.01)
  end
end

--- How request number `n` ended, asked of the server until it has; for coroutines and tasks.
function ended(n)
  for _ = 1, 200 do
    local request = client:request { path = "/_/requests" }[n]
    if not request.open then return request.aborted and "aborted" or "whole" end
    xai.sleep(0.01)
  end
  return "open"
end

--- A run of tools with two calls of a function `run`: what client:run_tools returns.
function run_weather(run, opts, streamed)
  local s = xai.schema
  return client:run_tools("respond", {
    model = "grok-4.5", input = "Is it warmer in Oslo or in Rome?", stream = streamed,
    tools = { { name = "get_weather", description = "Of now", parameters = s.object(s.string "city"), run = run } },
  }, opts)
end

--- Options of calls with a limiter, and a budget for five; and what became of those: calls in the budget, how often
-- on_usage was called, and the limiter.
function limited()
  local told = 0
  local opts = {
    limiter = xai.limiter { requests_per_minute = 3000, at_once = 1 }, budget = xai.budget { calls = 5 },
    on_usage = function() told = told + 1 end,
  }
  return opts, function() return opts.budget.spent.calls, told, opts.limiter end
end

local OVER = { done = true, failed = true, cancelled = true }

--- How a task ends: true and what it returns, or false and its error; for tasks, on Lua 5.1, too.
function settled(task)
  while not OVER[task:status()] do xai.sleep(0.002) end
  return pcall(task.wait, task)
end

--- What spec/programs/NAME.lua does in any host, as a task; what it raises is printed, and the host goes on.
-- With "here" as the second argument it runs where it is called.
function work_of(name, how)
  local work = include("spec/programs/" .. name .. ".lua")
  if how == "here" then return work end
  return function()
    local ok, problem = settled(xai.spawn(work))
    if not ok then print(problem) end
  end
end
