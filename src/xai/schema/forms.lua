--- Structured answers on the wire: where each endpoint has the schema and the answer.
--
-- A form has these functions:
--
--   taken(body)                    the member that is set already, or nil
--   with_schema(body, schema)      a copy of the body that asks for such an answer
--   answer(result)                 the answer's text, and its value where that is known
--   open_calls(result)             the names of tools that the caller should have run, or nil
--   refusal(result)                the words of a refusal, or nil
--   asked_again(body, result, words)   a copy of the body with the answer and these words

local core = require "xai.core"
local readers = require "xai.results.readers"
local results = require "xai.results.result"
local lazy_require = require("xai.runtime.environment").lazy_require

local getmetatable, ipairs, next, setmetatable, type = getmetatable, ipairs, next, setmetatable, type
local concat = table.concat
local object, objects, words = results.object, results.objects, results.words
local NULL = core.null

local NAME = "answer" -- of the schema, and of the tool

local function is_set(value) return value ~= nil and value ~= NULL end

local function copy_of(t)
  local copy = setmetatable({}, getmetatable(t)) -- it may be marked by xai.ordered
  for key, value in next, t do copy[key] = value end
  return copy
end

--- The elements of lists, one after the other.
local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, one in ipairs(list) do all[#all + 1] = one end
  end
  return all
end

local function user(content) return { role = "user", content = content } end

--- What goes into the next request of an answer.
local function replayed(result) return lazy_require "xai.results.as_input".as_input(result) end

--- The names of the tools that the model asks the caller to run, or nil.
local function open_calls(result)
  local names = {}
  for _, call in ipairs(readers.calls(result)) do
    if not call.server then names[#names + 1] = call.name or "a tool" end
  end
  return names[1] and concat(names, ", ") or nil
end

local forms = {}

-- respond -----------------------------------------------------------------------------

local respond = { open_calls = open_calls }
forms.respond = respond

function respond.taken(body)
  local text = body.text
  if type(text) == "table" then return is_set(text.format) and "text.format" or nil end
  return is_set(text) and "text" or nil
end

function respond.with_schema(body, schema)
  local copy = copy_of(body)
  copy.text = copy_of(type(body.text) == "table" and body.text or {})
  copy.text.format = { type = "json_schema", name = NAME, strict = true, schema = schema }
  return copy
end

--- The last message that says something: of several the last one is the answer.
local function last_message(result)
  local list = objects(result.output)
  for i = #list, 1, -1 do
    local item = list[i]
    if item.type == "message" and #objects(item.content) > 0 then return item end
  end
  return {}
end

function respond.answer(result) return readers.text { output = { last_message(result) } } end

function respond.refusal(result)
  for _, part in ipairs(objects(last_message(result).content)) do
    if part.type == "refusal" then return words(part.refusal) or "no reason given" end
  end
end

--- Does the service say that it keeps the answer, so that the next request may name it?
local function is_stored(result) return words(result.id) and result.store == true end

function respond.asked_again(body, result, request)
  local copy = copy_of(body)
  if is_set(body.previous_response_id) or not is_set(body.instructions) then
    if is_stored(result) then
      copy.previous_response_id, copy.input = result.id, { user(request) }
      return copy
    end
  end
  local input = type(body.input) == "table" and body.input or { user(body.input) }
  -- Items of reasoning do not stand beside the id of an earlier response.
  local said = is_set(body.previous_response_id)
    and { { role = "assistant", content = words(readers.text(result)) or "(nothing)" } } or replayed(result)
  copy.input = joined(input, said, { user(request) })
  return copy
end

-- chat --------------------------------------------------------------------------------

local chat = { open_calls = open_calls }
forms.chat = chat

function chat.taken(body) return is_set(body.response_format) and "response_format" or nil end

function chat.with_schema(body, schema)
  local copy = copy_of(body)
  copy.response_format = {
    type = "json_schema", json_schema = { name = NAME, strict = true, schema = schema },
  }
  return copy
end

function chat.answer(result) return readers.text(result) end

function chat.refusal(result) return words(results.message(result, 1).refusal) end

function chat.asked_again(body, result, request)
  local copy = copy_of(body)
  copy.messages = joined(object(body.messages), replayed { choices = { results.choice(result, 1) } },
    { user(request) })
  return copy
end

-- message -----------------------------------------------------------------------------

-- There are no structured answers there: the model must call a tool whose arguments are
-- the answer.

local message = {}
forms.message = message

function message.taken(body)
  return is_set(body.tools) and "tools" or is_set(body.tool_choice) and "tool_choice" or nil
end

function message.with_schema(body, schema)
  local copy = copy_of(body)
  if schema.required == nil or schema.properties == nil then -- the service wants both, be they empty
    schema = copy_of(schema)
    schema.required, schema.properties = schema.required or core.array {}, schema.properties or {}
  end
  copy.tools = { { name = NAME, description = "Gives the answer.", input_schema = schema } }
  copy.tool_choice = { type = "tool", name = NAME }
  return copy
end

local function answer_call(result)
  for _, call in ipairs(readers.calls(result)) do
    if call.name == NAME and not call.server then return call end
  end
end

function message.answer(result)
  local call = answer_call(result)
  if not call then return readers.text(result) end
  return call.arguments, call.args
end

--- All calls are answered with the mistakes.
function message.open_calls() end

function message.refusal(result)
  if result.stop_reason == "refusal" then return words(readers.text(result)) or "no reason given" end
end

--- The words as the result of each call; all calls must have one.
local function results_of_calls(result, request)
  local blocks = {}
  for _, call in ipairs(readers.calls(result)) do
    if not call.server then
      blocks[#blocks + 1] = { type = "tool_result", tool_use_id = call.id, is_error = true, content = request }
    end
  end
  return blocks[1] and blocks
end

function message.asked_again(body, result, request)
  local copy = copy_of(body)
  local said = user(results_of_calls(result, request) or request)
  copy.messages = joined(object(body.messages), replayed(result), { said })
  return copy
end

return forms
