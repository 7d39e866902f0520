--- A turn whose answer is a value that fits a JSON schema: talk:ask with `schema`.

local answers = require "xai.schema.answer"
local forms = require "xai.schema.forms"
local plan = require "xai.schema.plan"
local root = require "xai.schema.root"
local states = require "xai.conversation.state"

local setmetatable, type = setmetatable, type

-- A turn is a table with the run; form, schema and is_wrapped, see xai.schema.forms and
-- root; after its end value, or problem, see xai.schema.answer.
local Turn = {}
Turn.__index = Turn

local function nothing() return "" end
local function stop() return false end
local function allow() return true end

--- Messages have a tool whose arguments are the answer.  The run ends with its call.
local function with_own_tool(body)
  local tool = states.copy_of(body.tools[1])
  tool.parameters, tool.input_schema, tool.run = tool.input_schema, nil, nothing
  body.tools = { tool }
  return body
end

--- May the turn go into the history?
local function accept(turn, run, record)
  local value, problem, text = answers.value_of(turn.form, run.answer, turn.schema, turn.is_wrapped)
  turn.value, turn.problem = value, problem
  if problem then return false end
  if turn.form == forms.message then record:say(run, text) end -- the tool is not in later requests
  return true
end

--- What talk:ask returns.
function Turn:outcome()
  local run = self.run
  local info = run.info
  if run.answer and not run.message then info.result = run.answer end
  if run.message then return nil, run.message, info end
  if not self.problem then return self.value, nil, info end
  local _, message, failure = answers.failure(self.problem, info, run.answer)
  failure.run = run.facts
  return nil, message, failure
end

--- Begin such a turn.  `begin` is that of xai.conversation.talk.  Returns nil and what is
-- wrong where something is.
return function(state, input, opts, begin)
  local form, schema = forms[state.name], opts.schema
  if type(schema) ~= "table" then return nil, "option 'schema' must be a table, got a " .. type(schema) end
  local made, problem = plan.of(schema)
  if not made then return nil, "option 'schema': " .. problem end
  local taken = form.taken(states.with_tools(state.body, opts))
  if taken then return nil, "option 'schema': the conversation's body has '" .. taken .. "' already" end
  local own = states.copy_of(opts)
  own.schema = nil
  if state.name == "message" then own.on_round, own.max_rounds, own.approve = stop, 2, allow end
  local turn = setmetatable({ form = form }, Turn)
  turn.schema, turn.is_wrapped = root.of(schema)
  turn.run, problem = begin(state, input, own, false, function(body)
    body = form.with_schema(body, turn.schema)
    return state.name == "message" and with_own_tool(body) or body
  end)
  if not turn.run then return nil, problem end
  turn.run.accept = function(run, record) return accept(turn, run, record) end
  return turn
end
