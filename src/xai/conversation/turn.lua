--- Turns of a conversation: how they begin and how they end.
--
--   turns.begin(state, input, opts, is_streamed[, patch])   begins one
--   turns.settle(state)    takes a run that is over into the history, or leaves it out
--   turns.move(state)      lets a run end whose end is here
--
-- A turn is a run of tools (xai.tools.run), which a task of its own drives.  The history
-- changes when somebody looks at a run that is over.

local core = require "xai.core"
local loop = require "xai.runtime.loop"
local new_handle = require "xai.tools.handle"
local readers = require "xai.results.readers"
local records = require "xai.conversation.record"
local runs = require "xai.tools.run"
local states = require "xai.conversation.state"
local sums = require "xai.results.usage_sum"
local wire = require "xai.tools.wire"

local ipairs, pairs, rawget, type = ipairs, pairs, rawget, type
local string_find, string_lower = string.find, string.lower

local copy_of = states.copy_of
local RUN = "client:run_tools"

local turns = {}

-- Ends of turns -----------------------------------------------------------------------

--- Can the next request go on from the id of an answer?  Not where its calls have results,
-- which the service does not know yet: a run may be ended between rounds.
local function is_kept_by_service(state, answer)
  return wire.is_chained(state.name, state.body, answer) and not readers.has_open_call(readers.calls(answer))
end

local function commit(state, run, record)
  record:conclude(run)
  local usage = readers.usage(run.answer)
  state.failed = nil
  state.turns[#state.turns + 1] = {
    items = record.items,
    id = is_kept_by_service(state, run.answer) and run.answer.id or nil,
    tokens = usage and usage.input + usage.output or nil,
  }
end

--- Take a turn that is over into the history, or leave it out.
function turns.settle(state)
  local run, record = state.run, state.record
  if not run or not run.over then return end
  state.run, state.record, state.handle = nil, nil, nil
  sums.add(state.usage, run.facts.usage)
  if run.message == nil and not run.raised and (not run.accept or run.accept(run, record)) then
    return commit(state, run, record)
  end
  if run.info.kind == "pending" then record:pause(run) end
  state.failed = { run = run, record = record }
end

local MOST_STEPS = 20

--- Let a turn end whose end is here, though nobody has read it.
function turns.move(state)
  local run = state.run
  if not run or run.over or loop.current() then return end
  for _ = 1, MOST_STEPS do
    loop.step(0)
    if run.over then return end
  end
end

-- Beginnings of turns -------------------------------------------------------------------

--- The budgets of a conversation and of a turn: all of them hold.
local function budgets(first, second)
  if type(first) ~= "table" or type(second) ~= "table" then return second or first end
  local all = {}
  for _, one in ipairs { first, second } do
    for _, budget in ipairs(rawget(one, "ledger") and { one } or one) do all[#all + 1] = budget end
  end
  return all
end

--- The options of a turn: those of the conversation, and its own.
local function merged(first, second)
  local all = copy_of(first)
  for name, value in pairs(second or {}) do all[name] = value end
  all.budget = budgets(first.budget, second and second.budget)
  if second and type(second.headers) == "table" and type(first.headers) == "table" then
    all.headers = copy_of(first.headers)
    for name, value in pairs(second.headers) do
      for other in pairs(first.headers) do
        if type(name) == "string" and string_lower(other) == string_lower(name) then all.headers[other] = nil end
      end
      all.headers[name] = value
    end
  end
  return all
end

--- Does a failure say that the service does not have the answer any more?
local function is_gone(info)
  if info.kind == "not_found" or info.status == 404 then return true end
  local message = type(info.message) == "string" and info.message or ""
  return info.status == 400 and string_find(message, "[Rr]espons") ~= nil and string_find(message, "not found") ~= nil
end

--- Where the service has lost the chain: the body with the whole history; else nil.
local function replayed(state, run, record, info)
  local body = run.facts.body
  if body.previous_response_id == nil or not is_gone(info) then return nil end
  local copy, list = copy_of(body), states.items(state)
  for _, item in ipairs(record.items) do list[#list + 1] = item end
  copy.input, copy.previous_response_id = list, nil
  return copy
end

--- Gather the rounds of a run.  A round whose chain is gone is asked again, once.
local function follow(state, run, record)
  local complete, on_round = run.complete, run.on_round
  record:watch(run)
  if on_round and not run.is_patched then
    function run.on_round(facts)
      record:note(run) -- before the body may lose the results
      return on_round(facts)
    end
  end
  function run.complete(client, request, name, streamed, options)
    record:note(run)
    local answer, message, info = complete(client, request, name, streamed, options)
    local body = answer == nil and replayed(state, run, record, info)
    if not body then return answer, message, info end
    run.facts.body = body
    request, streamed = core.start(client, name, body, options, "run_tools")
    answer, message, info = complete(client, request, name, streamed, options)
    if answer ~= nil then
      for _, turn in ipairs(state.turns) do turn.id = nil end
    end
    return answer, message, info
  end
end

--- The record and the body of the turn that goes on after a pause; or nil and the reason.
local function resumed(state)
  local failed = states.paused(state)
  if not failed then return nil, "option 'answers': no call waits for one" end
  local body = copy_of(failed.run.facts.body)
  body.tools = state.body.tools -- with their functions
  return failed.record, body
end

--- What a turn is made of; or nil and what is wrong.
local function prepare(state, input, opts)
  if input == nil and opts and opts.answers ~= nil then return resumed(state) end
  if input == nil and states.paused(state) then return nil, "calls wait for an answer; give option 'answers'" end
  local items, problem = states.as_items(state.name, input)
  if not items then return nil, problem end
  return records.new(state.name, items), states.next_body(state, items)
end

--- Begin a turn.  `patch`, if given, makes its body of the usual one.  Returns its run;
-- or nil and what is wrong.
function turns.begin(state, input, opts, is_streamed, patch)
  if opts ~= nil and type(opts) ~= "table" then return nil, "options must be a table, got " .. type(opts) end
  if opts and opts.endpoint ~= nil then return nil, "option 'endpoint' is one of client:conversation" end
  local record, body = prepare(state, input, opts)
  if not record then return nil, body end
  local all = merged(state.options, opts)
  if is_streamed and all.on_event then return nil, "option 'on_event': the run gives parts" end
  if is_streamed then all.on_part = nil end
  body.stream = (is_streamed or all.on_part ~= nil or all.on_event ~= nil) and true or nil
  body = states.with_tools(body, opts)
  if patch then body = patch(body) end
  local run, problem = runs.new(state.complete, state.client, state.name, body, all, RUN)
  if not run then return nil, problem end
  run.is_patched = patch ~= nil
  local handle = is_streamed and new_handle(run) or nil
  follow(state, run, record)
  local ok
  ok, problem = run:begin(is_streamed)
  if not ok then return nil, problem end
  state.run, state.record, state.handle = run, record, handle
  return run
end

--- What is wrong with the options of a conversation, or nil.
function turns.problem(state)
  local body = states.next_body(state, {})
  local run, problem = runs.new(state.complete, state.client, state.name, body, state.options, RUN)
  return not run and problem or nil
end

return turns
