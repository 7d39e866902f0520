--- messages.lua - POST /v1/messages, the endpoint in Anthropic's shape.

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

local given, null = json.given, json.null

-- Reading the conversation -----------------------------------------------------------------

local function text_of(blocks)
  if type(blocks) == "string" then return blocks end
  local texts = {}
  for _, block in ipairs(blocks) do
    if block.type == "text" then texts[#texts + 1] = block.text end
  end
  return table.concat(texts, " ")
end

local function add_block(conversation, block)
  local pictures = conversation.pictures
  if block.type == "image" then
    local source = block.source
    pictures[#pictures + 1] = talk.picture_size(source.type == "base64" and source.data or source.url)
  elseif block.type == "tool_result" then
    talk.add_result(conversation, block.tool_use_id, text_of(block.content))
  elseif block.type == "tool_use" then
    talk.add_call(conversation, block.id, block.input)
  end
end

local function add_message(conversation, message)
  if message.role == "user" then talk.begin_turn(conversation) end
  if type(message.content) == "table" then
    for _, block in ipairs(message.content) do add_block(conversation, block) end
  end
  local text = text_of(message.content)
  if message.role == "user" and text ~= "" then conversation.said[#conversation.said + 1] = text end
end

local function functions(tools)
  local list = {}
  for i, tool in ipairs(given(tools) or {}) do
    list[i] = { name = tool.name, parameters = tool.input_schema }
  end
  return list
end

local function wants_thinking(body)
  local thinking, effort = given(body.thinking), given(body.reasoning_effort)
  return (thinking and thinking.type ~= "disabled") or (effort ~= nil and effort ~= "none")
end

local function read_conversation(body, model)
  local conversation = talk.new()
  for _, message in ipairs(body.messages) do add_message(conversation, message) end
  conversation.reasons = model.thinks
  conversation.thinks = model.thinks and wants_thinking(body)
  local tools, choice = functions(body.tools), given(body.tool_choice) or { type = "auto" }
  local asked = body.messages[#body.messages].role == "user"
    and (#conversation.results == 0 or choice.type == "tool")
  if asked and #tools > 0 and choice.type ~= "none" then
    conversation.tools, conversation.choice, conversation.parallel = tools, choice.name, true
    conversation.forced = choice.type ~= "auto"
  end
  return conversation
end

-- The whole answer ---------------------------------------------------------------------------

local STOP_REASONS = {
  stop = "end_turn", length = "max_tokens", tool_calls = "tool_use", sequence = "stop_sequence",
  refusal = "refusal",
}

local function content_blocks(turn, id)
  local blocks = json.array()
  if turn.thinking then
    blocks[1] = { type = "thinking", thinking = turn.thinking, signature = "c2lnbmF0dXJlLXBsYWNlaG9sZGVy" }
  end
  if not turn.calls or turn.text ~= "" then
    blocks[#blocks + 1] = { type = "text", text = turn.refusal or turn.text }
  end
  for i, call in ipairs(turn.calls or {}) do
    blocks[#blocks + 1] = {
      type = "tool_use", id = call.id or ("call-%s-%d"):format(id, i - 1), name = call.name,
      input = json.decode(call.arguments) or call.arguments,
    }
  end
  return blocks
end

local function message_object(base, turn)
  return {
    id = base.id, type = "message", role = "assistant", model = base.model,
    content = content_blocks(turn, base.id), stop_reason = STOP_REASONS[turn.refusal and "refusal" or turn.finish],
    stop_sequence = turn.stopped_by or null, usage = base.usage,
  }
end

-- The stream ---------------------------------------------------------------------------------

local function send(events, kind, fields)
  fields.type = kind
  if kind == "content_block_delta" then events:slow(fields, kind) else events:add(fields, kind) end
end

--- Deltas carry no index, as the real service leaves it out.
local function send_pieces(events, kind, field, pieces)
  for _, piece in ipairs(pieces) do
    send(events, "content_block_delta", { delta = { type = kind, [field] = piece } })
  end
end

local BLOCKS = {}

function BLOCKS.text(events, block)
  send_pieces(events, "text_delta", "text", words.pieces(block.text))
end

function BLOCKS.thinking(events, block)
  send_pieces(events, "thinking_delta", "thinking", words.pieces(block.thinking))
  send_pieces(events, "signature_delta", "signature", { block.signature })
end

function BLOCKS.tool_use(events, block)
  local input = block.input
  if type(input) == "table" and next(input) == nil then return end
  local text = type(input) == "table" and json.encode(input) or input -- one that is no JSON
  send_pieces(events, "input_json_delta", "partial_json", words.pieces(text))
end

local function empty(block)
  if block.type == "text" then return { type = "text", text = "" } end
  if block.type == "thinking" then return { type = "thinking", thinking = "", signature = "" } end
  return { type = "tool_use", id = block.id, name = block.name, input = {} }
end

local function opening(message)
  local start = {}
  for key, value in pairs(message) do start[key] = value end
  start.content, start.stop_reason, start.stop_sequence = json.array(), null, null
  start.usage = {}
  for key, value in pairs(message.usage) do start.usage[key] = value end
  start.usage.output_tokens = 0
  return start
end

--- Every start and stop says index 0: the service's own deviation.
local function stream(message)
  local events = sse.list()
  send(events, "message_start", { message = opening(message) })
  for _, block in ipairs(message.content) do
    send(events, "content_block_start", { index = 0, content_block = empty(block) })
    BLOCKS[block.type](events, block)
    send(events, "content_block_stop", { index = 0 })
  end
  send(events, "message_delta", {
    delta = { stop_reason = message.stop_reason, stop_sequence = message.stop_sequence },
    usage = { output_tokens = message.usage.output_tokens },
  })
  send(events, "message_stop", {})
  return events
end

--- The answer that says this turn.  `base` has id, model and usage.
function M.answer(base, turn, streams)
  local message = message_object(base, turn)
  if streams then return sse.answer(stream(message)) end
  return errors.json(200, message)
end

-- Endpoint -----------------------------------------------------------------------------------

function M.create(service, request)
  local body = request.json
  local refused = histories.message(body.messages)
  if refused then return refused end
  local conversation = read_conversation(body, request.model)
  conversation.spoiled = request.spoiled
  local turn = mind.turn(conversation, 1, body.max_tokens, given(body.stop_sequences))
  local base = { id = service:new_id(), model = request.model.id, usage = usage.message(conversation, { turn }) }
  ledger.charge(request, base.usage, false, request.stream and opening(base).usage or nil)
  return M.answer(base, turn, request.stream)
end

return M
