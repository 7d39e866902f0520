--- chat.lua - POST /v1/chat/completions, and the deferred results.

local errors = require("xai.testing.standin.errors")
local histories = require("xai.testing.standin.history")
local json = require("xai.testing.standin.json")
local ledger = require("xai.testing.standin.ledger")
local mind = require("xai.testing.standin.mind")
local sse = require("xai.testing.standin.sse")
local talk = require("xai.testing.standin.conversation")
local usage = require("xai.testing.standin.usage")
local words = require("xai.testing.standin.words")

local M = {}

local given = json.given

-- Reading the conversation -------------------------------------------------------------

local function add_part(conversation, part, texts)
  if part.type == "text" then texts[#texts + 1] = part.text end
  if part.type == "image_url" then
    conversation.pictures[#conversation.pictures + 1] = talk.picture_size(part.image_url.url)
  end
end

local function add_content(conversation, content)
  if type(content) == "string" then return content end
  local texts = {}
  for _, part in ipairs(content) do add_part(conversation, part, texts) end
  return table.concat(texts, " ")
end

local function add_message(conversation, message)
  local content = given(message.content)
  if message.role == "user" then
    talk.begin_turn(conversation)
    conversation.said[#conversation.said + 1] = add_content(conversation, content)
  elseif message.role == "tool" then
    talk.add_result(conversation, given(message.tool_call_id), add_content(conversation, content))
  end
  for _, call in ipairs(given(message.tool_calls) or {}) do
    talk.add_call(conversation, call.id, call["function"].arguments)
  end
end

local function functions(tools)
  local list = {}
  for _, tool in ipairs(given(tools) or {}) do
    if tool.type == "function" then list[#list + 1] = tool["function"] end
  end
  return list
end

local function read_conversation(body, model)
  local conversation = talk.new()
  for _, message in ipairs(body.messages) do add_message(conversation, message) end
  local tools, choice = functions(body.tools), given(body.tool_choice)
  local last = body.messages[#body.messages]
  if last.role == "user" and #tools > 0 and choice ~= "none" then
    conversation.tools = tools
    conversation.choice = type(choice) == "table" and choice["function"].name or nil
    conversation.forced = choice == "required" or type(choice) == "table"
    conversation.parallel = given(body.parallel_tool_calls) ~= false
  end
  local format = given(body.response_format)
  if format and format.type == "json_object" then conversation.schema = mind.ANY_OBJECT end
  if format and format.type == "json_schema" then conversation.schema = format.json_schema.schema end
  conversation.reasons = model.thinks and given(body.reasoning_effort) ~= "none"
  conversation.thinks = conversation.reasons and model.shows_thinking
  return conversation
end

-- The whole answer -----------------------------------------------------------------------

local function tool_calls(turn, id)
  local calls = json.array()
  for i, call in ipairs(turn.calls) do
    calls[i] = {
      id = call.id or ("call-%s-%d"):format(id, i - 1), type = "function",
      ["function"] = { name = call.name, arguments = call.arguments },
    }
  end
  return calls
end

local function finish_reason(turn)
  return turn.finish == "sequence" and "stop" or turn.finish
end

local function choice(turn, index, id, logprobs)
  return {
    index = index,
    message = {
      role = "assistant", content = turn.refusal and json.null or turn.text, reasoning_content = turn.thinking,
      refusal = turn.refusal or json.null,
      tool_calls = turn.calls and tool_calls(turn, id),
    },
    finish_reason = finish_reason(turn),
    logprobs = logprobs and { content = usage.logprobs(words.pieces(turn.text), logprobs) } or nil,
  }
end

local function completion(base, turns, logprobs)
  local choices = json.array()
  for i, turn in ipairs(turns) do choices[i] = choice(turn, i - 1, base.id, logprobs) end
  return {
    id = base.id, object = "chat.completion", created = base.created, model = base.model, choices = choices,
    usage = base.usage, system_fingerprint = base.system_fingerprint, service_tier = base.service_tier,
    citations = base.citations,
  }
end

-- The stream -----------------------------------------------------------------------------

--- The deltas of one choice in order: thinking, text, each tool call whole, the finish.
local function deltas(turn, id, logprobs)
  local list = {}
  for _, piece in ipairs(words.pieces(turn.thinking or "")) do
    list[#list + 1] = { delta = { reasoning_content = piece } }
  end
  for _, piece in ipairs(words.pieces(turn.text)) do
    list[#list + 1] = {
      delta = { content = piece }, logprobs = logprobs and { content = usage.logprobs({ piece }, logprobs) } or nil,
    }
  end
  if turn.refusal then list[#list + 1] = { delta = { refusal = turn.refusal } } end
  for i, call in ipairs(turn.calls and tool_calls(turn, id) or {}) do
    call.index = i - 1
    list[#list + 1] = { delta = { tool_calls = { call } } }
  end
  list[1] = list[1] or { delta = { content = "" } }
  list[1].delta.role = "assistant"
  list[#list + 1] = { delta = {}, finish_reason = finish_reason(turn) }
  return list
end

--- One chunk after the other; with several choices, one of each in turn.
local function interleave(lists)
  local all, row = {}, 1
  repeat
    local more = false
    for index, list in ipairs(lists) do
      if list[row] then
        list[row].index = index - 1
        all[#all + 1], more = list[row], true
      end
    end
    row = row + 1
  until not more
  return all
end

local function chunk(base, choices)
  return {
    id = base.id, object = "chat.completion.chunk", created = base.created, model = base.model, choices = choices,
    system_fingerprint = base.system_fingerprint, service_tier = base.service_tier,
  }
end

local function stream(base, turns, logprobs, include_usage)
  local lists, events = {}, sse.list()
  for i, turn in ipairs(turns) do lists[i] = deltas(turn, base.id, logprobs) end
  local all = interleave(lists)
  for i, one in ipairs(all) do
    local event = chunk(base, { one })
    if i == #all then event.citations = base.citations end
    events:slow(event)
  end
  if include_usage then
    local last = chunk(base, json.array())
    last.usage = base.usage
    events:add(last)
  end
  events:done()
  return events
end

--- The answer that says these turns.  `base` has id, created, model, usage and so on; `options` stream,
-- include_usage, logprobs.
function M.answer(base, turns, options)
  if options.stream then return sse.answer(stream(base, turns, options.logprobs, options.include_usage)) end
  return errors.json(200, completion(base, turns, options.logprobs))
end

-- Endpoints --------------------------------------------------------------------------------

local function wanted_logprobs(body, model)
  if not model.old or given(body.logprobs) ~= true then return nil end
  return given(body.top_logprobs) or 0
end

local function base_of(service, request, conversation, turns)
  local body = request.json
  local tier = given(body.service_tier) == "priority" and "priority" or "default"
  return {
    id = service:new_id(), created = service:now(), model = request.model.id,
    usage = usage.chat(request.model, conversation, turns, tier),
    system_fingerprint = "fp_4b7e90c2d1", service_tier = tier,
  }
end

function M.create(service, request)
  local body = request.json
  local refused = histories.chat(body.messages)
  if refused then return refused end
  local conversation, turns = read_conversation(body, request.model), {}
  conversation.spoiled = request.spoiled
  local limit = given(body.max_completion_tokens) or given(body.max_tokens)
  for nth = 1, given(body.n) or 1 do turns[nth] = mind.turn(conversation, nth, limit, given(body.stop)) end
  local base, logprobs = base_of(service, request, conversation, turns), wanted_logprobs(body, request.model)
  local options = given(body.stream_options)
  local tells = options and options.include_usage
  if request.stream then
    ledger.charge(request, base.usage, not tells)
  else
    ledger.charge(request, base.usage, given(body.deferred))
  end
  if given(body.deferred) and not request.stream then
    service.deferred[base.id] = { polls = service.options.polls, completion = completion(base, turns, logprobs) }
    return errors.json(200, { request_id = base.id })
  end
  return M.answer(base, turns, { stream = request.stream, include_usage = tells, logprobs = logprobs })
end

--- 202 for the first polls, then the completion once, then 404.
function M.deferred(service, request)
  local id = request.id
  local entry = service.deferred[id]
  if not id:find("^%x+%-%x+%-%x+%-%x+%-%x+$") then return errors.argument("Invalid request id.") end
  if not entry then return errors.coded(404, "not-found", ("Request with id %s was not found."):format(id)) end
  if entry.polls > 0 then
    entry.polls = entry.polls - 1
    return errors.empty(202)
  end
  service.deferred[id] = nil
  ledger.tell(service, request, entry.completion.model, entry.completion.usage)
  return errors.json(200, entry.completion)
end

return M
