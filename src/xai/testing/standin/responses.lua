--- responses.lua - POST /v1/responses, and GET and DELETE of what it stored.

local errors = require("xai.testing.standin.errors")
local histories = require("xai.testing.standin.history")
local json = require("xai.testing.standin.json")
local ledger = require("xai.testing.standin.ledger")
local mind = require("xai.testing.standin.mind")
local search = require("xai.testing.standin.search")
local stream = require("xai.testing.standin.response_stream")
local talk = require("xai.testing.standin.conversation")
local usage = require("xai.testing.standin.usage")

local M = {}

local given, null = json.given, json.null

-- Reading the conversation -----------------------------------------------------------------

local function add_parts(conversation, content)
  if type(content) == "string" then return content end
  local texts = {}
  for _, part in ipairs(content) do
    if part.type == "input_text" or part.type == "output_text" then texts[#texts + 1] = part.text end
    if part.type == "input_image" then
      conversation.pictures[#conversation.pictures + 1] = talk.picture_size(part.image_url)
    end
  end
  return table.concat(texts, " ")
end

local function add_item(conversation, item)
  if item.type == "function_call" then
    talk.add_call(conversation, item.call_id, item.arguments)
  elseif item.type == "function_call_output" then
    talk.add_result(conversation, item.call_id, add_parts(conversation, item.output))
  elseif item.role == "user" then
    talk.begin_turn(conversation)
    local said = conversation.said
    said[#said + 1] = add_parts(conversation, item.content)
  end
end

local function functions(tools)
  local list = {}
  for _, tool in ipairs(given(tools) or {}) do
    if tool.type == "function" then list[#list + 1] = tool end
  end
  return list
end

--- The effort that a model will make: asked for, or its default; nil: it does not think.
local function effort_of(body, model)
  local reasoning = given(body.reasoning) or {}
  local effort = given(reasoning.effort)
  if not model.thinks or effort == "none" then return nil end
  return effort == "minimal" and "low" or effort or model.thinks
end

local function wanted_schema(body)
  local format = given((given(body.text) or {}).format)
  if format and format.type == "json_object" then return mind.ANY_OBJECT end
  return format and format.type == "json_schema" and format.schema or nil
end

local function read_conversation(body, items, effort)
  local conversation = talk.new()
  conversation.reasons, conversation.thinks = effort ~= nil, effort ~= nil
  for _, item in ipairs(items) do add_item(conversation, item) end
  local tools, choice = functions(body.tools), given(body.tool_choice)
  if items[#items].role == "user" and #tools > 0 and choice ~= "none" then
    conversation.tools = tools
    conversation.choice = type(choice) == "table" and choice.name or nil
    conversation.forced = choice == "required" or type(choice) == "table"
    conversation.parallel = given(body.parallel_tool_calls) ~= false
  end
  conversation.schema = wanted_schema(body)
  conversation.searches = not conversation.tools and search.wanted(body)
  return conversation
end

--- The whole input: the stored history, then what this request adds.
local function all_items(history, input)
  local items = {}
  for _, item in ipairs(history or {}) do items[#items + 1] = item end
  if type(input) == "string" then input = { { role = "user", content = input } } end
  for _, item in ipairs(input) do items[#items + 1] = item end
  return items
end

-- Output items -------------------------------------------------------------------------------

local function wants_sealed(body)
  for _, name in ipairs(given(body.include) or {}) do
    if name == "reasoning.encrypted_content" then return true end
  end
  return false
end

local function reasoning_item(turn, id, model, sealed)
  local item = { type = "reasoning", id = "rs_" .. id, status = "completed", summary = json.array() }
  if model.shows_thinking then
    item.content = { { type = "reasoning_text", text = turn.thinking } }
  else
    item.summary[1] = { type = "summary_text", text = turn.thinking }
  end
  if sealed or model.sealed then
    item.encrypted_content = "b3BhcXVlLWJsb2ItZm9yLXRlc3RzLW9ubHktbm90LXJlYWwtY2lwaGVydGV4dA=="
  end
  return item
end

local function message_item(turn, id, cites)
  local text, annotations = turn.text, json.array()
  if turn.refusal then
    return {
      type = "message", id = "msg_" .. id, role = "assistant", status = "completed",
      content = { { type = "refusal", refusal = turn.refusal } },
    }
  end
  if cites then text, annotations[1] = search.cite(text) end
  for _, citation in ipairs(turn.citations or {}) do
    annotations[#annotations + 1] = {
      type = "url_citation", url = citation.url, title = citation.title, start_index = 0, end_index = 0,
    }
  end
  return {
    type = "message", id = "msg_" .. id, role = "assistant", status = "completed",
    content = { { type = "output_text", text = text, logprobs = json.array(), annotations = annotations } },
  }
end

local function call_item(call, id, nth)
  local call_id = call.id or ("call-%s-%d"):format(id, nth - 1)
  return {
    type = "function_call", id = ("fc_%s_%s"):format(id, call_id), call_id = call_id, name = call.name,
    arguments = call.arguments, status = "completed",
  }
end

--- The items of an output that say this turn.  `searched` is the item of a search, if there was one.
function M.output(turn, id, model, sealed, searched)
  local output = json.array()
  local function put(item) output[#output + 1] = item end
  if turn.thinking then put(reasoning_item(turn, id, model, sealed)) end
  if searched then put(searched) end
  if not turn.calls or turn.text ~= "" then put(message_item(turn, id, searched)) end
  for nth, call in ipairs(turn.calls or {}) do put(call_item(call, id, nth)) end
  return output
end

local function output_items(request, turn, conversation, id)
  local body = request.json
  local searched = conversation.searches and search.item(body, id, conversation.said[#conversation.said] or "")
  return M.output(turn, id, request.model, wants_sealed(body), searched)
end

-- The response object ------------------------------------------------------------------------

local function or_null(value)
  value = given(value)
  if value == nil then return null end
  return value
end

local function or_default(value, default)
  value = given(value)
  if value == nil then return default end
  return value
end

--- `text` without what the service leaves out of the echo.
local function text_echo(text)
  local format = given((given(text) or {}).format)
  if not format then return { format = { type = "text" } } end
  return { format = { type = format.type, schema = format.schema } }
end

--- The echoes of the request and the fields that never change.
local function echoes(body, effort, tier)
  return {
    background = false, frequency_penalty = 0, instructions = or_null(body.instructions),
    max_output_tokens = or_null(body.max_output_tokens), max_tool_calls = null,
    metadata = { system_fingerprint = "fp_9d20c6e41ab7f350" },
    parallel_tool_calls = or_default(body.parallel_tool_calls, true), presence_penalty = 0,
    previous_response_id = or_null(body.previous_response_id),
    prompt_cache_key = or_null(body.prompt_cache_key),
    reasoning = { effort = effort or null, summary = effort and "detailed" or null },
    safety_identifier = null, service_tier = tier, store = or_default(body.store, true),
    temperature = or_default(body.temperature, 0.7), text = text_echo(body.text),
    tool_choice = or_default(body.tool_choice, "auto"), tools = or_default(body.tools, json.array()),
    top_logprobs = or_default(body.top_logprobs, 0), top_p = or_default(body.top_p, 0.95),
    truncation = "disabled", user = or_null(body.user),
  }
end

--- The finished response; response_stream.lua derives the unfinished one from it.
local function response_object(service, request, turn, conversation, effort)
  local body = request.json
  local tier = given(body.service_tier) == "priority" and "priority" or "default"
  local response, id, created = echoes(body, effort, tier), service:new_id(), service:now()
  local cut = turn.finish == "length"
  response.id, response.object, response.model = id, "response", request.model.id
  response.created_at, response.completed_at = created, cut and null or created + 2
  response.status, response.error = cut and "incomplete" or "completed", null
  response.incomplete_details = cut and { reason = "max_output_tokens" } or null
  response.output = output_items(request, turn, conversation, id)
  response.usage = usage.response(request.model, conversation, { turn }, tier)
  if conversation.searches then search.charge(response.usage) end
  return response
end

-- Endpoints ----------------------------------------------------------------------------------

local function store(service, response, items)
  for _, item in ipairs(response.output) do items[#items + 1] = item end
  service.responses[response.id] = { response = response, items = items }
end

function M.create(service, request)
  local body = request.json
  local previous = given(body.previous_response_id)
  local earlier = previous and service.responses[previous]
  if previous and not earlier then return errors.unknown_response(previous) end
  if previous and given(body.instructions) then
    return errors.argument "The field instructions cannot be used with previous_response_id."
  end
  local items = all_items(earlier and earlier.items, body.input)
  local refused = histories.response(service, earlier and earlier.items, body.input, items)
  if refused then return refused end
  local effort = effort_of(body, request.model)
  local conversation = read_conversation(body, items, effort)
  conversation.spoiled = request.spoiled
  local turn = mind.turn(conversation, 1, given(body.max_output_tokens))
  local response = response_object(service, request, turn, conversation, effort)
  histories.issue(service, response.output)
  if response.store then store(service, response, items) end
  ledger.charge(request, response.usage)
  if request.stream then return stream.answer(response) end
  return errors.json(200, response)
end

--- The stored form: no reasoning item, and neither instructions nor cache key.
function M.get(service, request)
  local entry = service.responses[request.id]
  if not entry then return errors.unknown_response(request.id) end
  local copy = {}
  for key, value in pairs(entry.response) do copy[key] = value end
  copy.output, copy.instructions, copy.prompt_cache_key = json.array(), null, null
  for _, item in ipairs(entry.response.output) do
    if item.type ~= "reasoning" then copy.output[#copy.output + 1] = item end
  end
  return errors.json(200, copy)
end

function M.delete(service, request)
  if not service.responses[request.id] then return errors.unknown_response(request.id) end
  service.responses[request.id] = nil
  return errors.json(200, { id = request.id, object = "response", deleted = true })
end

return M
