--- legacy.lua - POST /v1/completions and POST /v1/complete.

local errors = require("xai.testing.standin.errors")
local json = require("xai.testing.standin.json")
local ledger = require("xai.testing.standin.ledger")
local mind = require("xai.testing.standin.mind")
local sse = require("xai.testing.standin.sse")
local talk = require("xai.testing.standin.conversation")
local usage = require("xai.testing.standin.usage")
local words = require("xai.testing.standin.words")

local M = {}

local given, null = json.given, json.null

local function conversation_of(prompt)
  local conversation = talk.new()
  conversation.said[1] = prompt
  return conversation
end

local function finish_reason(turn)
  return turn.finish == "sequence" and "stop" or turn.finish
end

-- Completions ----------------------------------------------------------------------------------

--- One turn for each prompt and each of `n`; `echo` puts the prompt in front.
local function completion_turns(body)
  local prompts = type(body.prompt) == "string" and { body.prompt } or body.prompt
  local turns = {}
  for _, prompt in ipairs(prompts) do
    for nth = 1, given(body.n) or 1 do
      local turn = mind.turn(conversation_of(prompt), nth, given(body.max_tokens), given(body.stop))
      if given(body.echo) then turn.text = prompt .. turn.text end
      turns[#turns + 1] = turn
    end
  end
  return turns, conversation_of(table.concat(prompts, " "))
end

local function completion(base, choices, counts)
  return {
    id = base.id, object = "text_completion", created = base.created, model = base.model,
    choices = choices, usage = counts, system_fingerprint = "fp_4b7e90c2d1",
  }
end

local function whole_completion(base, turns, counts)
  local choices = json.array()
  for i, turn in ipairs(turns) do
    choices[i] = { index = i - 1, text = turn.text, finish_reason = finish_reason(turn) }
  end
  return completion(base, choices, counts)
end

--- Choice after choice; the last piece of each carries its finish reason.
local function completion_stream(base, turns, counts)
  local events = sse.list()
  for i, turn in ipairs(turns) do
    local pieces = words.pieces(turn.text)
    for p = 1, math.max(#pieces, 1) do
      local reason = p >= #pieces and finish_reason(turn) or null
      local one = { index = i - 1, text = pieces[p] or "", finish_reason = reason }
      events:slow(completion(base, { one }, null))
    end
  end
  if counts then events:add(completion(base, json.array(), counts)) end
  events:done()
  return events
end

--- The answer that says these turns.  `base` has id, created and model.
function M.answer_completions(base, turns, counts, streams, include_usage)
  if not streams then return errors.json(200, whole_completion(base, turns, counts)) end
  return sse.answer(completion_stream(base, turns, include_usage and counts))
end

function M.completions(service, request)
  local body = request.json
  local turns, conversation = completion_turns(body)
  local base = { id = service:new_id(), created = service:now(), model = request.model.id }
  local counts = usage.chat(request.model, conversation, turns)
  local options = given(body.stream_options)
  local tells = options and options.include_usage
  ledger.charge(request, counts, request.stream and not tells)
  return M.answer_completions(base, turns, counts, request.stream, tells)
end

-- Complete -------------------------------------------------------------------------------------

local STOP_REASONS = { stop = "stop_sequence", sequence = "stop_sequence", length = "max_tokens" }

local function piece_of(base, text, reason)
  return {
    type = "completion", id = base.id, completion = text, stop_reason = reason, model = base.model,
  }
end

--- The text begins with a space, as it follows "Assistant:".
local function complete_stream(base, turn)
  local events, pieces = sse.list(), words.pieces(" " .. turn.text)
  for p, piece in ipairs(pieces) do
    local reason = p == #pieces and STOP_REASONS[turn.finish] or null
    events:slow(piece_of(base, piece, reason), "completion")
    if p == 1 then events:add({ type = "ping" }, "ping") end
  end
  return events
end

--- The answer that says this turn.  `base` has id and model.
function M.answer_complete(base, turn, streams)
  if streams then return sse.answer(complete_stream(base, turn)) end
  return errors.json(200, piece_of(base, " " .. turn.text, STOP_REASONS[turn.finish]))
end

function M.complete(service, request)
  local body = request.json
  local asked = body.prompt:match(".*Human:%s*(.-)%s*\n+Assistant:%s*$") or body.prompt
  local turn = mind.turn(conversation_of(asked), 1, body.max_tokens_to_sample, given(body.stop_sequences))
  local base = { id = service:new_id(), model = request.model.id }
  ledger.charge(request, usage.chat(request.model, conversation_of(asked), { turn }), true)
  return M.answer_complete(base, turn, request.stream)
end

return M
