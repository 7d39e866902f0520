--- A run of tools: rounds of a request and the calls of its answer, until there are none.
--
--   runs.new(complete, client, name, body, opts, what)
--                   a run that has not begun, or nil and what is wrong with its arguments.
--                   `what` is the method for its messages: "client:run_tools";
--                   `complete` is what client.lua gives to helpers
--   run:begin()     starts it; returns nil and the words where the request is misused
--   run:wait()      waits for the outcome and returns it: value, nil, info or nil, message,
--                   info; raises what a tool or a callback of the user has raised
--   run:stop(kind, code, message)   ends it now
--   run.listen      set before `begin`: called with each part (kind, value, more)
--   run.on_over     set before `begin`: called once with the run when its outcome is known,
--                   read or not; must neither wait nor raise
--   run.over        is the outcome known?  Then value, message and info have it
--   run.facts       what users get as info.run: rounds, calls, usage, body, pending.  body
--                   goes on from here at any moment: it has the history so far, also the
--                   last answer where that has no calls, and can be saved
--
-- A run is driven by a task of its own; whoever waits for it may be anybody.  Its body is
-- well formed but in the moments between an answer and its results, when `stop` mends it.

local core = require "xai.core"
local deadlines = require "xai.tools.deadline"
local failures = require "xai.tools.failure"
local loop = require "xai.runtime.loop"
local options = require "xai.tools.options"
local readers = require "xai.results.readers"
local sums = require "xai.results.usage_sum"
local tasks = require "xai.runtime.task"
local turns = require "xai.tools.turn"
local wait = require "xai.runtime.wait"
local wire = require "xai.tools.wire"

local error, pairs, pcall, setmetatable, tostring, type = error, pairs, pcall, setmetatable, tostring, type
local format = string.format
local counted = failures.counted

local Run = {}
Run.__index = Run

-- The outcome -----------------------------------------------------------------------

local function finish(run, value, message, info)
  if run.over then return end
  run.over, info.run = true, run.facts
  run.value, run.message, run.info = value, message, info
  if run.request then run.request:cancel() end -- nobody waits for it yet
  if run.deadline then deadlines.stop(run.deadline) end
  if run.on_over then run.on_over(run) end
  run.waiters:wake()
  loop.adapter.arm()
end

--- End the run with a failure of its own.
local function fail(run, kind, code, message)
  local info = failures.info(run, kind, code, message)
  finish(run, nil, tostring(info), info)
end

local function emit(run, kind, value, more)
  if run.listen then run.listen(kind, value, more) end
end

local function add_usage(run, result)
  local usage = type(result) == "table" and readers.usage(result) or nil
  if not usage then return end
  sums.add(run.facts.usage, usage)
  run.has_usage = true
end

local function conclude(run)
  if run.has_usage then
    local sum = {}
    for key, value in pairs(run.facts.usage) do sum[key] = value end
    emit(run, "usage", sum)
  end
  emit(run, "done", readers.finish(run.answer))
  finish(run, run.answer, nil, run.answer_info)
end

-- Requests --------------------------------------------------------------------------

local function start(run)
  return core.start(run.client, run.name, run.facts.body, run.call_options, "run_tools")
end

--- Start the next request, whose tools may be others.
local function start_next(run)
  local functions = {}
  local body, problem = options.prepare_tools(run.name, run.facts.body, functions)
  if not body then error(run.what .. ": " .. problem, 0) end
  for name, tool in pairs(functions) do run.functions[name] = tool end
  run.facts.body = body
  run.request, run.streamed = options.guarded(run.what, start, run)
  if not run.request then error(run.what .. ": " .. run.streamed, 0) end
end

--- The answer of the next round, or nil where the run is over.
local function ask(run)
  if not run.request then start_next(run) end
  local request, streamed = run.request, run.streamed
  run.facts.rounds = run.facts.rounds + 1
  emit(run, "round", run.facts.rounds)
  if run.over then return nil end -- on_part has survived its end
  run.request, run.asked = nil, request
  local answer, message, info = run.complete(run.client, request, run.name, streamed, run.call_options)
  run.asked = nil
  if answer == nil then
    add_usage(run, info.partial)
    if info.kind == "limit" and info.partial == nil then info.partial = run.answer end
    finish(run, nil, message, info)
    return nil
  end
  add_usage(run, answer)
  if run.over then return nil end
  run.answer, run.answer_info = answer, info
  return answer
end

-- Turns -----------------------------------------------------------------------------

local function begin_turn(run, calls, answer)
  for i = 1, #calls do run.facts.calls[#run.facts.calls + 1] = calls[i] end
  run.turn, run.turn_answer = turns.new(run, calls), answer
end

--- The body that goes on after an answer.
local function after_answer(run, answer, made, open)
  local body = wire.next_body(run.name, run.facts.body, answer, made, open)
  if wire.is_forced(body.tool_choice) then body.tool_choice = nil end
  return body
end

--- Add the turn to the body.  With a text each call without a result gets that.
local function end_turn(run, text)
  local turn, answer = run.turn, run.turn_answer
  local made = turn:results(text)
  if answer then
    run.facts.body = after_answer(run, answer, made, text and {} or turn:open())
  else
    run.facts.body = wire.answered(run.name, run.facts.body, made)
  end
  run.turn, run.turn_answer = nil, nil
end

--- Run the calls of the turn.  Returns whether the run goes on.
local function work(run)
  local turn = run.turn
  turn:work(function(call, value) emit(run, "result", call, value) end)
  if run.over then return false end
  local open = turn:open()
  end_turn(run)
  if not open[1] then return true end
  run.facts.pending = open
  fail(run, "pending", nil, counted(#open, "call") .. (#open == 1 and " waits" or " wait") .. " for an answer")
  return false
end

--- Do what an answer asks for.  Returns whether another round follows.
local function follow(run, answer)
  local calls = wire.calls_of(answer)
  if not calls[1] then
    run.facts.body = after_answer(run, answer, {}, {})
    return conclude(run)
  end
  if readers.finish(answer) ~= "calls" then
    return fail(run, "truncated", nil, "the answer was cut, so that its calls were not run")
  end
  local count = #run.facts.calls + #calls
  if count > run.max_calls then
    run.turn, run.turn_answer = turns.new(run, calls), answer
    end_turn(run, "not run: the limit of calls was reached")
    return fail(run, "limit", "max_calls", format("%s, at most %d may run", counted(count, "call"), run.max_calls))
  end
  begin_turn(run, calls, answer)
  return work(run)
end

--- What the user does between rounds.  Returns whether another round follows.
local function between(run)
  if run.facts.rounds >= run.max_rounds then
    fail(run, "limit", "max_rounds", "no answer without calls in " .. counted(run.max_rounds, "round"))
    return false
  end
  if not run.on_round or run.facts.rounds == 0 then return true end
  local body, goes_on = run.facts.body, run.on_round(run.facts)
  if type(run.facts.body) ~= "table" then
    run.facts.body = body
    error(run.what .. ": on_round left no table in run.body", 0)
  end
  if run.over then return false end
  if goes_on == false then
    conclude(run)
    return false
  end
  return true
end

local function drive(run)
  if run.turn and not work(run) then return end
  while between(run) do
    local answer = ask(run)
    if not answer or not follow(run, answer) then return end
  end
end

-- Ends ------------------------------------------------------------------------------

--- End it now: the request and all tools end; calls without a result are told so.  Does
-- nothing after the end.
function Run:stop(kind, code, message)
  if self.over then return end
  local turn, current = self.turn, loop.current()
  if turn then end_turn(self, "cancelled") end
  fail(self, kind, code, message)
  local runs_in_turn = turn and turn:cancel()
  if self.driver and self.driver ~= current then pcall(self.driver.cancel, self.driver) end
  -- Who has called this is part of the run itself: it ends, too.
  if self.driver == current and current or runs_in_turn then current:cancel() end
end

--- The driver has ended, by an error unless the outcome is known.
local function note_end(run, driver)
  if run.over then return end
  if driver:was_cancelled() then return run:stop("cancelled", nil, "the run was cancelled") end
  if run.asked then add_usage(run, failures.heard(run.asked, run.name)) end
  local err = loop.interruption(driver.err)
  if loop.is_interrupt(err) then err.run = run.facts end
  run.raised = { err }
  run:stop("cancelled", nil, loop.describe(err))
end

local source = {
  add = function(run, waiter) return run.waiters:add(waiter) end,
  remove = function(run, ticket) run.waiters:remove(ticket) end,
  abandon = function(run, err)
    if type(err) == "table" then err.run = run.facts end
    run:stop("cancelled", nil, "the run was cancelled") -- which raises in a task of the run itself
  end,
}

local function is_over(run) return run.over end

--- Wait until `ready(run)` is true.
function Run:wait_until(ready)
  wait.until_ready(source, self, ready, self)
end

function Run:wait()
  self:wait_until(is_over)
  if self.raised then error(self.raised[1], 0) end
  return self.value, self.message, self.info
end

-- Beginnings ------------------------------------------------------------------------

--- Start the run.  Returns nil and the words where its first request is refused.
function Run:begin(is_apart)
  if self.listen then
    self.call_options.on_part = function(kind, value, more)
      if kind ~= "usage" and kind ~= "done" then emit(self, kind, value, more) end
    end
  end
  if not self.turn then
    self.request, self.streamed = options.guarded(self.what, start, self)
    if not self.request then return nil, self.streamed end
  end
  self.deadline = deadlines.start(self, self.seconds)
  self.driver = (is_apart and tasks.spawn_apart or tasks.spawn)(drive, self)
  tasks.on_end(self.driver, function(task) note_end(self, task) end)
  return true
end

--- The calls at the end of a body that wait for an answer.  Returns what is wrong, or nil.
local function resume(run, answers)
  local calls = wire.open_calls(run.name, run.facts.body)
  local known = {}
  for i = 1, #calls do known[calls[i].id] = true end
  for id in pairs(answers or {}) do
    if not known[id] then return "option 'answers': no call '" .. tostring(id) .. "' waits in the body" end
  end
  if not calls[1] then return nil end
  begin_turn(run, calls, nil)
  run.turn.answers = answers or {}
end

local function new(complete, client, name, body, opts, what)
  local run, problem = options.settings(what, client, name, body, opts)
  if not run then return nil, problem end
  run.complete, run.client, run.name, run.what = complete, client, name, what
  run.over, run.waiters = false, loop.new_waiters()
  run.facts = { rounds = 0, calls = {}, usage = sums.new(), body = run.body }
  run.body = nil
  problem = resume(setmetatable(run, Run), run.answers)
  if problem then return nil, problem end
  return run
end

return { new = new }
