--- A turn: the calls of one answer, run as tasks.
--
--   turns.new(settings, calls)   settings: name (of the client's function), functions (name
--                                -> tool), approve, parallel, raises
--   turn.answers                 set before `work` where the calls were paused: by id
--   turn:work(tell)              runs them and waits.  tell(call, value) is called for each
--                                that ended.  An error that is to be raised is raised.
--   turn:results(text)           the results in the order of the calls, as the service takes
--                                them; with a text also for the calls that have none
--   turn:open()                  the calls without a result
--   turn:has(task)               does the task run one of them?
--   turn:cancel()                ends all that runs but the caller; is that one of them?
--
-- Each call gets the fields result, ok and seconds when it has ended.

local check = require "xai.check"
local core = require "xai.core"
local json = require "xai.client.json"
local loop = require "xai.runtime.loop"
local tasks = require "xai.runtime.task"
local wait = require "xai.runtime.wait"
local wire = require "xai.tools.wire"

local error, ipairs, pairs, pcall, setmetatable, type = error, ipairs, pairs, pcall, setmetatable, type
local string_match = string.match
local table_concat, table_sort = table.concat, table.sort

local Turn = {}
Turn.__index = Turn

local REFUSED = "the user did not allow this call"

-- Ends ------------------------------------------------------------------------------

--- The first line of an error.  The address of a table would say nothing to a model.
local function first_line(err)
  local text = loop.describe(err)
  if type(err) == "table" and string_match(text, "^table: ") then
    text = type(err.message) == "string" and err.message or "the tool raised a table"
  end
  return string_match(text, "^[^\n]*")
end

--- Note what goes to the model: a value, or with `is_error` words.
local function settle(turn, call, value, is_error)
  local text = value
  if value == nil then -- a function that gives nothing has done its work
    text = "null"
  elseif not is_error and type(value) ~= "string" then
    local ok, encoded = pcall(json.encode, value)
    if not ok then
      if turn.raises then error(encoded, 0) end
      is_error, value, encoded = true, "the tool's result is no JSON: " .. first_line(encoded), nil
    end
    text = encoded or value
  end
  text = core.utf8(text)
  if is_error and turn.name ~= "message" then text = json.encode { error = text } end
  call.result, call.ok = value, not is_error
  turn.made[call] = wire.result(turn.name, call, text, is_error)
  turn.left = turn.left - 1
  turn.tell(call, value)
end

--- A task has ended, or its call needs none: `end` is a table that says how.
local function note_end(turn, ended)
  turn.ended[#turn.ended + 1] = ended
  turn.waiters:wake()
end

--- The tool gave nil and words, or an error.
local function fail(turn, call, err)
  if turn.raises then error(err, 0) end
  settle(turn, call, first_line(err), true)
end

--- Take note of a task that has ended.
local function take(turn, call, task)
  local state = turn.states[call]
  turn.tasks[call], turn.running = nil, turn.running - 1
  if turn.alone == call then turn.alone = nil end
  if state.began then call.seconds = core.now() - state.began end
  if not task.ok then
    if state.asking or loop.is_interrupt(task.err) then error(loop.interruption(task.err), 0) end
    return fail(turn, call, task.err)
  end
  if state.refused then return settle(turn, call, state.refused, true) end
  if state.paused then
    turn.left = turn.left - 1
    return
  end
  local value, message, info = task.results[1], task.results[2], task.results[3]
  if value ~= nil or message == nil then return settle(turn, call, value) end
  fail(turn, call, turn.raises and type(info) == "table" and info.kind and info or message)
end

-- Calls -----------------------------------------------------------------------------

--- Ask for leave and run the function: the task of a call.
local function perform(turn, call, tool, state)
  if turn.approve and not state.approved then
    state.asking = true
    local approval, reason = turn.approve(call)
    state.asking = false
    if approval == nil then
      state.paused = true
      return
    elseif not approval then
      state.refused = type(reason) == "string" and reason or REFUSED
      return
    end
    if turn.is_cancelled then return end -- approve has survived it
  end
  state.began = core.now()
  return tool.run(call.args, call)
end

local function start(turn, call, tool)
  local state = turn.states[call]
  turn.running = turn.running + 1
  if tool.serial then turn.alone = call end
  local task = tasks.spawn(perform, turn, call, tool, state)
  turn.tasks[call] = task
  tasks.on_end(task, function(ended) note_end(turn, { call = call, task = ended }) end)
end

local function unknown(turn, name)
  local names = {}
  for known in pairs(turn.functions) do names[#names + 1] = known end
  table_sort(names)
  local all = names[1] and "the tools are: " .. table_concat(names, ", ") or "there are none"
  return "there is no tool '" .. loop.describe(name) .. "'; " .. all
end

--- What is wrong with a call so that it cannot run, or nil.
local function mistake_in(turn, call, tool)
  if not tool then return unknown(turn, call.name) end
  if call.args == nil then return "the arguments are no JSON" end
  if call.args == core.null then return "the arguments must be an object, got null" end
  if type(call.args) ~= "table" then return "the arguments must be an object, got a " .. type(call.args) end
  if not tool.parameters then return nil end
  local ok, message = check(tool.parameters, call.args)
  if not ok then return "the arguments are wrong: " .. message end
end

--- The answer that was given for a paused call settles it, or lets it run.
-- Returns whether it may run.
local function take_answer(turn, call)
  local answer = turn.answers[call.id]
  if answer == true then
    turn.states[call].approved = true
    return true
  end
  if answer == nil then
    turn.left = turn.left - 1
  elseif answer == false then
    settle(turn, call, REFUSED, true)
  else
    settle(turn, call, answer)
  end
  return false
end

--- Start the next call, or settle it.  Returns whether it has done so.
local function start_next(turn)
  local call = turn.calls[turn.next]
  if not call then return false end
  local tool = turn.functions[call.name]
  local is_serial = tool and tool.serial
  if turn.running >= turn.parallel or turn.alone or is_serial and turn.running > 0 then return false end
  turn.next = turn.next + 1
  turn.states[call] = {}
  if turn.answers and not take_answer(turn, call) then return true end
  local mistake = mistake_in(turn, call, tool)
  if mistake then settle(turn, call, mistake, true) else start(turn, call, tool) end
  return true
end

-- Working ---------------------------------------------------------------------------

local source = {
  add = function(turn, waiter) return turn.waiters:add(waiter) end,
  remove = function(turn, ticket) turn.waiters:remove(ticket) end,
}

local function has_ended(turn) return turn.ended[1] ~= nil end

function Turn:work(tell)
  self.tell = tell
  while self.left > 0 and not self.is_cancelled do
    while not self.is_cancelled and start_next(self) do end -- luacheck: ignore 542
    if self.left == 0 or self.is_cancelled then break end
    wait.until_ready(source, self, has_ended, self)
    local ended = self.ended
    self.ended = {}
    for _, one in ipairs(ended) do take(self, one.call, one.task) end
  end
end

function Turn:results(text)
  local list = core.array {}
  for _, call in ipairs(self.calls) do
    local made = self.made[call]
    if not made and text then
      call.ok, call.result = false, text
      local words = self.name == "message" and text or json.encode { error = text }
      made = wire.result(self.name, call, words, true)
    end
    list[#list + 1] = made
  end
  return list
end

function Turn:open()
  local list = {}
  for _, call in ipairs(self.calls) do
    if not self.made[call] then list[#list + 1] = call end
  end
  return list
end

--- Does the task run one of the calls?
function Turn:has(task)
  for _, one in pairs(self.tasks) do
    if one == task then return true end
  end
  return false
end

--- End all tasks but the running one.  Returns whether that is one of them.
function Turn:cancel()
  local running, is_among = loop.current(), false
  self.is_cancelled = true
  for _, task in pairs(self.tasks) do
    if task == running then is_among = true else pcall(task.cancel, task) end
  end
  return is_among
end

local turns = {}

function turns.new(settings, calls)
  return setmetatable({
    name = settings.name, functions = settings.functions, approve = settings.approve, answers = nil,
    parallel = settings.parallel, raises = settings.raises,
    calls = calls, left = #calls, next = 1, running = 0, alone = nil, is_cancelled = false,
    states = {}, tasks = {}, made = {}, -- by call
    ended = {}, waiters = loop.new_waiters(),
  }, Turn)
end

return turns
