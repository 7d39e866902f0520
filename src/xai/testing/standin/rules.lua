--- rules.lua - limits, combinations and what a model refuses: 400, after types, model and key.
-- Each endpoint has a function(body, model) that returns the error answer or nothing.

local errors = require("xai.testing.standin.errors")
local json = require("xai.testing.standin.json")

local M = {}

local given = json.given

local function out_of_range(name, text)
  return errors.argument(("Invalid value for %s: %s."):format(name, text))
end

--- { field, least, most } rows; `most` may be nil.
local function ranges(body, rows)
  for _, row in ipairs(rows) do
    local value = given(body[row[1]])
    if value and (value < row[2] or (row[3] and value > row[3])) then
      return out_of_range(row[1], row[3] and ("must be from %g to %g"):format(row[2], row[3])
        or ("must be at least %g"):format(row[2]))
    end
  end
  if given(body.top_p) and body.top_p <= 0 then return out_of_range("top_p", "must be over 0") end
end

--- { field, most } rows: lists that may not be longer.
local function lengths(body, rows)
  for _, row in ipairs(rows) do
    local list = given(body[row[1]])
    if list and #list > row[2] then
      return errors.argument(("Too many entries in %s: %d, at most %d."):format(row[1], #list, row[2]))
    end
  end
end

local PENALTIES = { frequency_penalty = "frequencyPenalty", presence_penalty = "presencePenalty" }

--- Current models refuse penalties whatever the value, so 0 is refused too.
local function penalties(body, model)
  for _, field in ipairs { "frequency_penalty", "presence_penalty" } do
    if given(body[field]) and not model.old then return errors.unsupported(model, PENALTIES[field]) end
  end
  return ranges(body, { { "frequency_penalty", -2, 2 }, { "presence_penalty", -2, 2 } })
end

local function effort(value, model)
  if not given(value) then return nil end
  if not model.efforts then return errors.unsupported(model, "reasoningEffort") end
  if not model.efforts[value] then return errors.argument("Invalid reasoning effort.") end
end

local function stops(list, model)
  if not given(list) then return nil end
  if model.no_stop then return errors.unsupported(model, "stop") end
  if #list > 4 then return errors.argument("At most 4 stop sequences are allowed.") end
end

local function retired_search(body)
  if given(body.search_parameters) or given(body.web_search_options) then return errors.live_search() end
end

local SAMPLING = { { "temperature", 0, 2 }, { "top_p", 0, 1 }, { "top_logprobs", 0, 8 } }

function M.chat(body, model)
  if model.responses_only then
    return errors.argument(("Model %s is only served by /v1/responses."):format(model.id))
  end
  if given(body.deferred) and given(body.stream) then
    return errors.argument("deferred and stream exclude each other.")
  end
  if given(body.top_logprobs) and given(body.logprobs) ~= true then
    return errors.argument("top_logprobs needs logprobs.")
  end
  return retired_search(body) or ranges(body, SAMPLING)
    or ranges(body, { { "n", 1, 128 }, { "max_tokens", 1 }, { "max_completion_tokens", 1 } })
    or lengths(body, { { "tools", 128 } })
    or penalties(body, model) or stops(body.stop, model) or effort(body.reasoning_effort, model)
end

-- Responses --------------------------------------------------------------------------

local RENAMED = { { "response_format", "text.format" }, { "max_tokens", "max_output_tokens" } }

local function chat_names(body)
  for _, names in ipairs(RENAMED) do
    if given(body[names[1]]) then
      return errors.bare(400, ("'%s' is not supported on /v1/responses — use '%s'"):format(names[1], names[2]))
    end
  end
end

--- Content parts in the shape of chat count as empty here.
local function chat_parts(input)
  for _, item in ipairs(type(input) == "table" and input or {}) do
    for _, part in ipairs(type(item.content) == "table" and item.content or {}) do
      if part.type == "text" or part.type == "image_url" then return errors.argument("Empty content block.") end
    end
  end
end

local LISTS = {
  { "allowed_domains", 5 }, { "excluded_domains", 5 }, { "allowed_x_handles", 10 }, { "excluded_x_handles", 10 },
  { "vector_store_ids", 10 },
}
local REFUSED = { "container", "external_web_access", "ranking_options" }

local function tool(entry)
  for _, field in ipairs(REFUSED) do
    if given(entry[field]) ~= nil then return errors.argument(("'%s' is not supported on a tool."):format(field)) end
  end
  for _, kind in ipairs { "domains", "x_handles" } do
    if given(entry["allowed_" .. kind]) and given(entry["excluded_" .. kind]) then
      return errors.argument(("allowed_%s and excluded_%s exclude each other."):format(kind, kind))
    end
  end
  return lengths(entry, LISTS) or (json.is_object(entry.filters) and tool(entry.filters)) or nil
end

local function tools(list)
  for _, entry in ipairs(given(list) or {}) do
    local refused = tool(entry)
    if refused then return refused end
  end
end

function M.response(body, model)
  if given(body.background) then return errors.argument("background is not supported.") end
  return chat_names(body) or retired_search(body) or chat_parts(body.input)
    or ranges(body, SAMPLING) or ranges(body, { { "max_output_tokens", 1 }, { "max_turns", 1 } })
    or lengths(body, { { "tools", 128 } }) or tools(body.tools)
    or penalties(body, model) or effort(given(body.reasoning) and body.reasoning.effort, model)
end

-- The rest ---------------------------------------------------------------------------

function M.message(body, model)
  if not given(body.max_tokens) then return errors.argument("max_tokens is required.") end
  return ranges(body, SAMPLING) or ranges(body, { { "max_tokens", 1 } }) or lengths(body, { { "tools", 128 } })
    or stops(body.stop_sequences, model) or effort(body.reasoning_effort, model)
end

local function legacy(body, model)
  if model.thinks then
    return errors.argument(("Model %s does not support this endpoint; use /v1/chat/completions."):format(model.id))
  end
  return ranges(body, SAMPLING)
end

function M.completion(body, model)
  return legacy(body, model) or ranges(body, { { "n", 1, 128 }, { "max_tokens", 1 } }) or penalties(body, model)
    or stops(body.stop, model)
end

function M.complete(body, model)
  return legacy(body, model) or ranges(body, { { "max_tokens_to_sample", 1 } })
    or stops(body.stop_sequences, model)
end

function M.image(body, model)
  for _, field in ipairs { "size", "style" } do
    if given(body[field]) then return errors.argument(("Argument not supported: %s"):format(field)) end
  end
  if given(body.quality) and (not model.has_quality or body.quality == "high") then
    return errors.unsupported(model, "quality")
  end
  if #body.prompt == 0 or #body.prompt > 8000 then
    return errors.argument("The prompt must have 1 to 8000 characters.")
  end
  return ranges(body, { { "n", 1, 10 } })
end

-- Videos ---------------------------------------------------------------------------

--- One source: an address or a file, not both.
local function source(media, name)
  if not given(media) then return nil end
  local url = given(media.url) or given(media.image_url)
  if (url ~= nil) == (given(media.file_id) ~= nil) then
    return errors.argument(("%s needs either url or file_id."):format(name))
  end
  local kind = url and url:match("^data:([^;,]*)")
  if url and not kind and not url:find("^https://") then
    return errors.argument(("%s: only https addresses are fetched."):format(name))
  end
end

local function sources(body)
  for _, name in ipairs { "image", "last_frame", "input_reference" } do
    local wrong = source(body[name], name)
    if wrong then return wrong end
  end
  for _, one in ipairs(given(body.reference_images) or {}) do
    local wrong = source(one, "reference_images")
    if wrong then return wrong end
  end
  for _, frame in ipairs(given(body.keyframes) or {}) do
    local wrong = source(frame.image, "keyframes")
    if wrong then return wrong end
  end
end

local VOICES = { ara = true, eve = true, leo = true, rex = true, sal = true }

local function voices(list)
  for _, one in ipairs(given(list) or {}) do
    local voice = given(one.voice_id)
    if voice and not VOICES[voice:lower()] then
      return errors.argument(("Voice %s is unknown. Known voices: ara, eve, leo, rex, sal."):format(voice))
    end
  end
end

--- What only some models take.
local function video_model(body, model)
  for _, name in ipairs { "last_frame", "keyframes", "reference_audios" } do
    if given(body[name]) and not model.has_frames then
      return errors.argument(name .. " cannot be used with this model.")
    end
  end
  if given(body.reference_images) and model.no_references then
    return errors.argument("reference_images cannot be used with this model.")
  end
  if body.resolution == "1080p" and (model.classic or given(body.reference_images)) then
    return errors.argument("resolution 1080p cannot be used here.")
  end
end

local function seconds(body, model)
  local value = given(body.duration) or given(body.seconds) or 8
  local most = model.classic and given(body.reference_images) and 10 or 15
  value = tonumber(value)
  if not value or value < 1 or value > most then
    return out_of_range("duration", ("must be from 1 to %d"):format(most))
  end
  for _, frame in ipairs(given(body.keyframes) or {}) do
    if frame.timestamp_s <= 0 or frame.timestamp_s >= value then
      return out_of_range("timestamp_s", "must lie within the clip")
    end
  end
end

function M.video(body, model)
  local has_picture = given(body.image) or given(body.reference_images) or given(body.last_frame)
    or given(body.keyframes)
  if not has_picture and (given(body.prompt) or "") == "" then
    return errors.argument("A prompt is needed for a video from text.")
  end
  return sources(body) or video_model(body, model) or seconds(body, model) or voices(body.reference_audios)
    or lengths(body, { { "keyframes", 4 }, { "reference_images", 7 }, { "reference_audios", 3 } })
end

return M
