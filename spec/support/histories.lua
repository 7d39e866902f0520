--- histories.lua - random conversations against the stand-in server: turns that end well, fail, are
-- cancelled or pause at random, with undo, keep, trim, fork and saving between them; then one more turn.
--
-- Whatever happened, the service must be able to read the history: `mistake` says what it could not.

local xai = require("xai")

local M = {}

local HISTORIES = { respond = "input", chat = "messages", message = "messages" }
M.NAMES = { "respond", "chat", "message" }

-- What a service refuses -----------------------------------------------------------------------------

local function is_empty(content)
  if type(content) ~= "table" then return content == nil or content == "" end
  return content[1] == nil
end

local CHECKS = {}

function CHECKS.respond(list)
  local open, count, closed = {}, 0, {}
  for i, item in ipairs(list) do
    local kind, after = item.type or "message", list[i + 1]
    if kind == "message" and is_empty(item.content) then return "an empty message at " .. i end
    if kind == "message" and count > 0 then return "a message before the result of a call at " .. i end
    if kind == "function_call" then
      if open[item.call_id] or closed[item.call_id] then return "a call twice at " .. i end
      if type(item.arguments) ~= "string" then return "a call without arguments at " .. i end
      open[item.call_id], count = true, count + 1
    elseif kind == "function_call_output" then
      if not open[item.call_id] then return "a result of no call at " .. i end
      open[item.call_id], closed[item.call_id], count = nil, true, count - 1
    elseif kind == "reasoning" then
      if not item.encrypted_content then return "reasoning that is not sealed at " .. i end
      if not after or after.role == "user" then return "reasoning before nothing at " .. i end
    end
  end
  if count > 0 then return "a call without its result" end
end

function CHECKS.chat(list)
  local open, count = {}, 0
  for i, item in ipairs(list) do
    if item.role == "tool" then
      if not open[item.tool_call_id] then return "a result of no call at " .. i end
      open[item.tool_call_id], count = nil, count - 1
    else
      if count > 0 then return "a call without its result before " .. i end
      if not item.tool_calls and is_empty(item.content) then return "an empty message at " .. i end
      for _, call in ipairs(item.tool_calls or {}) do open[call.id], count = true, count + 1 end
    end
  end
  if count > 0 then return "a call without its result" end
end

function CHECKS.message(list)
  local open, count = {}, 0
  for i, item in ipairs(list) do
    if is_empty(item.content) then return "an empty message at " .. i end
    local calls, results = {}, 0
    for _, block in ipairs(type(item.content) == "table" and item.content or {}) do
      if block.type == "tool_use" then calls[#calls + 1] = block.id end
      if block.type == "tool_result" then
        if not open[block.tool_use_id] then return "a result of no call at " .. i end
        open[block.tool_use_id], results = nil, results + 1
      end
      if block.type == "text" and block.text == "" then return "an empty text at " .. i end
    end
    if results ~= count then return "a call without its result before " .. i end
    count = #calls
    for _, id in ipairs(calls) do open[id] = true end
  end
  if count > 0 then return "a call without its result" end
end

--- What the service could not read in a history, or nil.
function M.mistake(name, list)
  return CHECKS[name](list)
end

-- Chance ---------------------------------------------------------------------------------------------

--- The same on every Lua.
local function dice(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return math.floor(state / 2147483647 * n) + 1
  end
end

local FAULTS = {
  "cut-stream,1", "cut-stream,2", "cut-stream,3", "cut-stream,5", "cut-stream,9",
  "status,500", "status,503", "status,429",
  "reset-in-stream,2", "close-in-stream,4", "error-midway", "error-first", "short-length", "truncated-chunked,2",
  "split,40", "slow-words,1",
}
local QUESTIONS = {
  "Is it warm in Rome?", "Is it warmer in Oslo or in Rome?", "What is Lua?", "My name is Ada.", "12 + 30",
}

--- A tool that does something else each time.
local function fickle_tool(roll)
  return {
    name = "get_weather", description = "The weather", parameters = xai.schema.object(xai.schema.string "city"),
    run = function()
      local what = roll(8)
      if what == 1 then error("the weather is closed", 0) end
      if what == 2 then return nil, "no weather" end
      if what == 3 then xai.sleep(0.0005 * roll(4)) end
      if what == 4 then return "" end
      return { celsius = what }
    end,
  }
end

-- Histories ------------------------------------------------------------------------------------------

local History = {}
History.__index = History

local function options_of(history, is_apart)
  local roll, opts = history.roll, {}
  if roll(3) == 1 then opts.headers = { ["x-fault"] = FAULTS[roll(#FAULTS)] } end
  if roll(6) == 1 then opts.max_rounds = 1 end
  if roll(8) == 1 then opts.max_calls = 1 end
  if roll(8) == 1 then opts.on_tool_error = "raise" end
  if roll(12) == 1 then opts.deadline = 0.001 * roll(5) end
  if roll(6) == 1 then opts.approve = function() return ({ true, false, nil })[roll(3)] end end
  if roll(10) == 1 then opts.on_round = function() return false end end
  if not is_apart and roll(3) == 1 then opts.on_part = function() end end
  return opts
end

local UNDER_WAY = { waiting = true, running = true, ready = true }

--- A turn in a task, which may be cancelled at any moment.  Returns the info of a failure.
local function turn(history)
  local roll, talk, info = history.roll, history.talk, nil
  local opts, question = options_of(history), QUESTIONS[roll(#QUESTIONS)]
  local task = xai.spawn(function()
    local _, message, facts = talk:ask(question, opts)
    if message then info = facts end
  end)
  local left = roll(3) == 1 and roll(12) or 1e9
  while UNDER_WAY[task:status()] do
    left = left - 1
    if left < 0 then task:cancel() end
    xai.step(left < 0 and 0 or 0.05)
  end
  pcall(task.wait, task)
  return info
end

--- A streamed turn, which may be left at any moment.
local function streamed_turn(history)
  local roll, talk = history.roll, history.talk
  local run = talk:stream(QUESTIONS[roll(#QUESTIONS)], options_of(history, true))
  local left = roll(2) == 1 and roll(12) or 1e9
  pcall(function()
    while left > 0 and run:next_part() do left = left - 1 end
  end)
  run:close()
  return run:info()
end

local function failed(history, what)
  error(("history %d by %s: %s\n%s"):format(history.seed, history.name, what, xai.encode(history.talk.items)), 0)
end

--- Go on with a copy, which must be equal.
local function become(history, copy)
  if xai.encode(copy:dump()) ~= xai.encode(history.talk:dump()) then failed(history, "a copy is not equal") end
  history.talk = copy
end

--- What may happen to a conversation between turns.
local DEEDS = {
  function(history) history.talk:undo() end,
  function(history) history.talk:trim { tokens = 100 * history.roll(12) } end,
  function(history) become(history, history.talk:fork()) end,
  function(history)
    local saved = xai.decode(xai.encode(history.talk:dump()))
    become(history, history.client:conversation(saved, { tools = saved.body.tools and { history.tool } }))
  end,
}

local function check(history)
  local mistake = M.mistake(history.name, history.talk.items)
  if mistake then failed(history, mistake) end
end

--- Go on with a turn that has paused.  Returns the info of a failure.
local function resume(history, info)
  local roll, answers = history.roll, {}
  for _, call in ipairs(info.run.pending) do answers[call.id] = ({ true, false, "warm", nil })[roll(4)] end
  local _, _, facts = history.talk:ask(nil, { answers = answers })
  return facts
end

local function step(history)
  local roll = history.roll
  local before = xai.encode(history.talk:dump().turns)
  local info = (roll(2) == 1 and turn or streamed_turn)(history)
  if info and info.kind == "pending" and roll(2) == 1 then info = resume(history, info) end
  local after = xai.encode(history.talk:dump().turns)
  check(history)
  if info and info.kind then
    if before ~= after then failed(history, "a turn that failed changed the history") end
    if roll(2) == 1 then
      history.talk:keep(info)
      check(history)
    end
  end
  if roll(2) == 1 then DEEDS[roll(#DEEDS)](history) end
  check(history)
end

--- One history; raises what went wrong.  `client` is one of the stand-in server.  Tools may raise in
-- tasks that nobody waits for, so xai.on_error should be set.
function M.run(client, seed)
  local roll = dice(seed * 7919 + 13)
  for _ = 1, 5 do roll(2) end
  local name = M.NAMES[seed % 3 + 1]
  local tool = fickle_tool(roll)
  local body = { model = "grok-4.20-0309-reasoning", tools = roll(3) > 1 and { tool } or nil }
  if name == "message" then body.max_tokens = 200 end
  if name == "respond" and roll(2) == 1 then body.store = true end
  if name == "respond" and roll(3) == 1 then body.instructions = "Be brief." end
  if roll(2) == 1 then
    body[HISTORIES[name]] = { { role = name == "respond" and "developer" or "system", content = "Be brief." } }
  end
  local history = setmetatable({
    seed = seed, roll = roll, client = client, name = name, tool = tool,
    talk = client:conversation(body, { endpoint = name }),
  }, History)
  for _ = 1, roll(5) do step(history) end
  local text, message = history.talk:ask "And now?"
  if not text then failed(history, "refused: " .. message) end
  check(history)
end

return M
