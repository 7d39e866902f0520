--- batch_work.lua - what a request of a batch is, and what comes of it.  It is answered by the same
-- code as a request of its own, at half the price.

local chat = require("xai.testing.standin.chat")
local errors = require("xai.testing.standin.errors")
local images = require("xai.testing.standin.images")
local json = require("xai.testing.standin.json")
local ledger = require("xai.testing.standin.ledger")
local models = require("xai.testing.standin.models")
local requests = require("xai.testing.standin.requests")
local responses = require("xai.testing.standin.responses")
local rules = require("xai.testing.standin.rules")
local videos = require("xai.testing.standin.videos")

local M = {}

local given = json.given

-- A chat completion in place of a response ---------------------------------------------------

local function message_of(response)
  local message = { role = "assistant", content = json.null, refusal = json.null }
  for _, item in ipairs(response.output) do
    if item.type == "message" then
      for _, part in ipairs(item.content) do
        if part.text then message.content = (given(message.content) or "") .. part.text end
        if part.refusal then message.refusal = part.refusal end
      end
    elseif item.type == "function_call" then
      message.tool_calls = message.tool_calls or json.array()
      table.insert(message.tool_calls, {
        id = item.call_id, type = "function", ["function"] = { name = item.name, arguments = item.arguments },
      })
    end
  end
  return message
end

local function finish_of(response, message)
  if response.status == "incomplete" then return "length" end
  return message.tool_calls and "tool_calls" or "stop"
end

--- `usage` in the form of chat, which counts the thinking outside of the completion.
local function chat_usage(usage)
  local thinking = usage.output_tokens_details.reasoning_tokens
  return {
    prompt_tokens = usage.input_tokens, completion_tokens = usage.output_tokens - thinking,
    total_tokens = usage.total_tokens, prompt_tokens_details = {
      text_tokens = usage.input_tokens, audio_tokens = 0, image_tokens = 0,
      cached_tokens = usage.input_tokens_details.cached_tokens,
    },
    completion_tokens_details = {
      reasoning_tokens = thinking, audio_tokens = 0, accepted_prediction_tokens = 0, rejected_prediction_tokens = 0,
    },
    num_sources_used = usage.num_sources_used, cost_in_usd_ticks = usage.cost_in_usd_ticks,
  }
end

local function as_completion(response)
  local message = message_of(response)
  return {
    id = response.id, object = "chat.completion", created = response.created_at, model = response.model,
    choices = { { index = 0, message = message, finish_reason = finish_of(response, message) } },
    usage = chat_usage(response.usage), system_fingerprint = "fp_4b7e90c2d1", service_tier = "default",
  }
end

-- Kinds --------------------------------------------------------------------------------------

--- A clip, made at once.
local function film(service, request)
  local result = videos.make(service, request)
  if result.usage then ledger.charge(request, result.usage) end
  return errors.json(200, result)
end

local CHAT = {
  body = requests.chat, rules = rules.chat, find = models.find_language, default = "latest", run = chat.create,
  key = "chat_get_completion", endpoint = "xai_api.Chat/GetCompletion",
}
local PICTURE = {
  body = requests.image, rules = rules.image, find = models.find_image, default = "grok-imagine-image",
  run = images.create, key = "image_generation", endpoint = "xai_api.Image/GenerateImage",
}
local CLIP = {
  body = requests.video, rules = rules.video, find = models.find_video, default = "grok-imagine-video", run = film,
  key = "video_generation", endpoint = "xai_api.Video/GenerateVideo",
}

--- By the key of a request in `batch_request`: how it is checked and run, and the key of its result.
M.KINDS = {
  chat_get_completion = CHAT,
  responses = {
    body = requests.response, rules = rules.response, find = models.find_language, default = "latest",
    run = responses.create, convert = as_completion, key = CHAT.key, endpoint = CHAT.endpoint,
  },
  image_generation = PICTURE, image_edit = PICTURE, video_generation = CLIP, video_extension = CLIP,
}

-- From grok-4.5 on they take no part in batches.
local NO_BATCH = { ["grok-4.5"] = true, ["grok-4.6"] = true }

-- Checks -------------------------------------------------------------------------------------

--- Kind, name of the kind and body of a batch_request; or nil and what is wrong with its shape.
local function read_request(value, path)
  local found
  if not json.is_object(value) then return nil, path .. ": invalid type, expected a map" end
  for name in pairs(value) do
    if not M.KINDS[name] then return nil, ("%s: unknown variant `%s`"):format(path, name) end
    if found then return nil, path .. ": expected one key, got `" .. found .. "` and `" .. name .. "`" end
    found = name
  end
  if not found then return nil, path .. ": missing field `responses`" end
  return M.KINDS[found], found, value[found]
end

--- A body of add_to_batch: a list of { id, kind, name, json, model }, or nil and the answer that refuses it.
function M.read(body)
  local list = {}
  for i, entry in ipairs(body.batch_requests) do
    local path = ("batch_requests[%d].batch_request"):format(i - 1)
    local kind, name, inner = read_request(entry.batch_request, path)
    local wrong = not kind and name or kind.body(inner, path .. "." .. name)
    if wrong then
      return nil, errors.bare(422, "Failed to deserialize the JSON body into the target type: " .. wrong)
    end
    local id = given(inner.model) or kind.default
    local model = kind.find(id)
    if not model then return nil, errors.unknown_model(id) end
    if NO_BATCH[model.id] then
      return nil, errors.argument(("Model %s takes no part in batches."):format(model.id))
    end
    for _, field in ipairs { "stream", "deferred" } do
      if given(inner[field]) then return nil, errors.argument(field .. " is not supported in batches.") end
    end
    list[i] = { id = given(entry.batch_request_id), kind = kind, name = name, json = inner, model = model }
  end
  return list
end

-- Work ---------------------------------------------------------------------------------------

--- Halve what a result has cost, and write it into the ledger; gives the ticks.
local function charge(service, request, result)
  local usage = result.usage
  usage.cost_in_usd_ticks = math.floor(usage.cost_in_usd_ticks / 2)
  request.charged.ticks = usage.cost_in_usd_ticks
  ledger.close(service, request, false)
  return usage.cost_in_usd_ticks
end

--- Do the work of an entry: the result and its ticks; or nil and the error's words.
function M.run(service, entry)
  local request = { json = entry.json, model = entry.model, headers = {}, method = "POST" }
  local kind = entry.kind
  local answer = kind.rules and kind.rules(entry.json, entry.model) or kind.run(service, request)
  local result = json.decode(answer.body)
  if answer.status ~= 200 then return nil, type(result) == "table" and result.error or answer.body end
  if not result.usage then return nil, result.error and result.error.message or "The video has expired." end
  if kind.convert then result = kind.convert(result) end
  return result, charge(service, request, result)
end

return M
