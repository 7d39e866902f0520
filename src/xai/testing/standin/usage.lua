--- usage.lua - token counts, prices and log probabilities.
-- A token is a piece of a word as words.pieces cuts it; every prompt gets a hidden part.

local json = require("xai.testing.standin.json")
local words = require("xai.testing.standin.words")

local M = {}

local HIDDEN_PROMPT, PICTURE, CACHE_BLOCK = 180, 256, 128
local REASONING = 32

--- The counts that all endpoints report in their own way.
function M.count(conversation, turns)
  local text, pictures, output, reasoning = HIDDEN_PROMPT, #conversation.pictures * PICTURE, 0, 0
  for _, said in ipairs(conversation.said) do text = text + words.count(said) end
  for _, result in ipairs(conversation.results) do text = text + words.count(result) end
  for _, turn in ipairs(turns) do
    output = output + words.count(turn.text)
    for _, call in ipairs(turn.calls or {}) do output = output + words.count(call.arguments) + 10 end
    if conversation.reasons then reasoning = reasoning + REASONING end
  end
  return {
    text = text, pictures = pictures, prompt = text + pictures, cached = text - text % CACHE_BLOCK, output = output,
    reasoning = reasoning,
  }
end

--- The price in ticks, 10^10 of which are a dollar; priority doubles it.
function M.cost(model, count, tier)
  local price = model.price
  local ticks = (count.text - count.cached) * price[1] + count.cached * price[2] + count.pictures * price[3]
    + (count.output + count.reasoning) * price[4]
  return tier == "priority" and ticks * 2 or ticks
end

--- `usage` of chat completions and completions.
function M.chat(model, conversation, turns, tier)
  local count = M.count(conversation, turns)
  return {
    prompt_tokens = count.prompt, completion_tokens = count.output,
    total_tokens = count.prompt + count.output + count.reasoning,
    prompt_tokens_details = {
      text_tokens = count.text, audio_tokens = 0, image_tokens = count.pictures, cached_tokens = count.cached,
    },
    completion_tokens_details = {
      reasoning_tokens = count.reasoning, audio_tokens = 0, accepted_prediction_tokens = 0,
      rejected_prediction_tokens = 0,
    },
    num_sources_used = 0, cost_in_usd_ticks = M.cost(model, count, tier),
  }
end

--- `usage` of a response: here the output counts include the thinking.
function M.response(model, conversation, turns, tier)
  local count = M.count(conversation, turns)
  local output = count.output + count.reasoning
  return {
    input_tokens = count.prompt, input_tokens_details = { cached_tokens = count.cached },
    output_tokens = output, output_tokens_details = { reasoning_tokens = count.reasoning },
    total_tokens = count.prompt + output, num_sources_used = 0, num_server_side_tools_used = 0,
    cost_in_usd_ticks = M.cost(model, count, tier),
    context_details = { input_tokens = count.prompt, output_tokens = output },
  }
end

--- `usage` of a message.
function M.message(conversation, turns)
  local count = M.count(conversation, turns)
  return {
    input_tokens = count.prompt, cache_creation_input_tokens = 0,
    cache_read_input_tokens = count.cached, output_tokens = count.output + count.reasoning,
  }
end

local function token(piece, logprob)
  local bytes = json.array()
  for i = 1, #piece do bytes[i] = piece:byte(i) end
  return { token = piece, logprob = logprob, bytes = bytes }
end

--- `logprobs.content` of chat completions, with the first `top` alternatives.
function M.logprobs(pieces, top)
  local list = json.array()
  for i, piece in ipairs(pieces) do
    list[i] = token(piece, -0.0213)
    list[i].top_logprobs = json.array()
    for rank = 1, top do
      list[i].top_logprobs[rank] = token(rank == 1 and piece or piece .. ("?"):rep(rank - 1), -0.0213 * rank * rank)
    end
  end
  return list
end

return M
