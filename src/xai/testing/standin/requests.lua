--- requests.lua - the types of the request bodies, as in the tables of the reference.
-- What breaks them is answered 422; limits and combinations are rules.lua's (400).

local shape = require("xai.testing.standin.shape")

local str, int, num, bool = shape.string, shape.integer, shape.number, shape.boolean
local list, fields, enum, tagged = shape.list, shape.fields, shape.enum, shape.tagged
local either, any = shape.either, shape.any

local M = {}

local tier = enum("auto", "default", "priority", "flex", "standard")
local tool_word = enum("none", "auto", "required")
local stream_options = fields({ include_usage = bool }, "include_usage")
local detail = enum("auto", "low", "high")

-- A function and a schema: chat nests them, responses has them flat.
local schema = shape.schema_fields
local func = fields({ name = str, description = str, parameters = schema, strict = bool }, "name parameters")
local schema_format = fields({ name = str, description = str, schema = schema, strict = bool }, "schema")

-- Chat completions -------------------------------------------------------------------

local chat_content = either(str, list(tagged("type", {
  text = fields({ text = str }, "text"),
  image_url = fields({ image_url = fields({ url = str, detail = detail }, "url") }, "image_url"),
  file = fields({ file = fields { file_id = str, url = str } }, "file"),
}), 1))

local tool_call = fields({
  id = str, type = str, index = int,
  ["function"] = fields({ name = str, arguments = str }, "name arguments"),
}, "id function")

local plain_message = fields({ content = chat_content, name = str }, "content")

local chat_message = tagged("role", {
  system = plain_message, developer = plain_message, user = plain_message, ["function"] = plain_message,
  assistant = fields {
    content = chat_content, name = str, reasoning_content = str, tool_calls = list(tool_call),
  },
  tool = fields({ content = chat_content, tool_call_id = str }, "content"),
})

local chat_tool = tagged("type", {
  ["function"] = fields({ ["function"] = func }, "function"),
  live_search = fields({ sources = list(shape.object) }, "sources"),
})

local chat_tool_choice = either(tool_word, tagged("type", {
  ["function"] = fields({ ["function"] = fields({ name = str }, "name") }, "function"),
}))

local response_format = tagged("type", {
  text = any,
  json_object = any,
  json_schema = fields({ json_schema = schema_format }, "json_schema"),
})

M.chat = fields({
  model = str, messages = list(chat_message, 1), stream = bool, stream_options = stream_options,
  temperature = num, top_p = num, max_completion_tokens = int, max_tokens = int, n = int,
  stop = list(str), seed = int, frequency_penalty = num, presence_penalty = num,
  logit_bias = shape.object, logprobs = bool, top_logprobs = int, reasoning_effort = str,
  response_format = response_format, tools = list(chat_tool), tool_choice = chat_tool_choice,
  parallel_tool_calls = bool, deferred = bool, service_tier = tier, prompt_cache_key = str,
  search_parameters = shape.object, web_search_options = shape.object, user = str,
}, "messages")

-- Responses --------------------------------------------------------------------------

-- `text` and `image_url` belong to chat; rules.lua answers them in the service's own words.
local input_content = either(str, list(tagged("type", {
  text = any, image_url = any,
  input_text = fields({ text = str }, "text"),
  output_text = fields({ text = str, annotations = list(shape.object) }, "text"),
  refusal = fields({ refusal = str }, "refusal"),
  input_image = fields({ image_url = str, detail = detail }, "image_url"),
  input_file = fields { file_id = str, file_url = str, file_data = str, filename = str },
})))

local input_item = tagged("type", {
  message = fields(
    { role = enum("user", "assistant", "system", "developer"), content = input_content, name = str }, "role content"),
  function_call = fields({ call_id = str, name = str, arguments = str }, "call_id name arguments"),
  function_call_output = fields({ call_id = str, output = input_content }, "call_id output"),
  reasoning = fields(
    { summary = list(shape.object), encrypted_content = str, content = list(shape.object) }, "summary"),
  custom_tool_call = fields({ call_id = str, name = str, input = str }, "call_id name input"),
  shell_call = any, shell_call_output = fields({ call_id = str }, "call_id"), compaction = any,
  web_search_call = any, x_search_call = any, code_interpreter_call = any, file_search_call = any, mcp_call = any,
  image_generation_call = any,
}, "message")

local domains = { allowed_domains = list(str), excluded_domains = list(str) }

local web_search = fields {
  allowed_domains = domains.allowed_domains, excluded_domains = domains.excluded_domains, filters = fields(domains),
  enable_image_understanding = bool, enable_image_search = bool, user_location = shape.object,
}

local response_tool = tagged("type", {
  ["function"] = func,
  web_search = web_search, web_search_preview = web_search,
  x_search = fields {
    allowed_x_handles = list(str), excluded_x_handles = list(str), from_date = str, to_date = str,
  },
  code_interpreter = any, code_execution = any,
  file_search = fields({ vector_store_ids = list(str, 1), max_num_results = int }, "vector_store_ids"),
  collections_search = fields { collection_ids = list(str), vector_store_ids = list(str), limit = int },
  mcp = fields({
    server_label = str, server_url = str, server_description = str, allowed_tools = list(str),
    authorization = str, headers = shape.object,
  }, "server_label server_url"),
  image_generation = fields { action = enum("auto", "generate", "edit") },
  shell = fields(
    { environment = fields({ type = enum("local"), skills = list(shape.object) }, "type") }, "environment"),
  view_image = any, view_x_video = any, tool_search = any,
})

local response_tool_choice = either(tool_word, tagged("type", { ["function"] = fields({ name = str }, "name") }))

local text_format = tagged("type", {
  text = any,
  json_object = any,
  json_schema = schema_format,
})

M.response = fields({
  model = str, input = either(str, list(input_item, 1)), instructions = str, previous_response_id = str,
  store = bool, include = list(str), max_output_tokens = int, max_turns = int,
  reasoning = fields { effort = str, summary = enum("auto", "concise", "detailed") },
  text = fields { format = text_format }, tools = list(response_tool), tool_choice = response_tool_choice,
  parallel_tool_calls = bool, temperature = num, top_p = num, logprobs = bool, top_logprobs = int,
  stream = bool, service_tier = tier, prompt_cache_key = str, user = str, truncation = str,
  background = bool, context_management = list(any), search_parameters = shape.object,
}, "input")

-- Messages ---------------------------------------------------------------------------

local source = tagged("type", {
  base64 = fields({ media_type = enum("image/jpeg", "image/png", "image/webp"), data = str }, "media_type data"),
  url = fields({ url = str }, "url"),
})

local text_block = fields({ text = str }, "text")
local image_block = fields({ source = source }, "source")
local text_blocks = either(str, list(tagged("type", { text = text_block })))

local block = tagged("type", {
  text = text_block, image = image_block,
  tool_use = fields({ id = str, name = str, input = shape.object }, "id name input"),
  tool_result = fields({
    tool_use_id = str, is_error = bool,
    content = either(str, list(tagged("type", { text = text_block, image = image_block }))),
  }, "tool_use_id content"),
  thinking = fields({ thinking = str, signature = str }, "thinking"),
  redacted_thinking = fields({ data = str }, "data"),
})

local function input_schema(v, path)
  return fields({ type = enum("object"), properties = any, required = list(str) }, "type properties required")(v, path)
    or shape.schema_fields(v, path)
end

M.message = fields({
  model = str, max_tokens = int, stream = bool, system = text_blocks,
  messages = list(fields({ role = enum("user", "assistant", "system"), content = either(str, list(block)) },
    "role content"), 1),
  stop_sequences = list(str), temperature = num, top_p = num, top_k = int,
  tools = list(fields({ name = str, description = str, input_schema = input_schema },
    "name description input_schema")),
  tool_choice = tagged("type", { auto = any, any = any, none = any, tool = fields({ name = str }, "name") }),
  metadata = fields { user_id = str },
  thinking = fields({ type = enum("enabled", "disabled", "adaptive"), budget_tokens = int }, "type"),
  reasoning_effort = str,
}, "model messages")

-- The rest ---------------------------------------------------------------------------

M.image = fields({
  prompt = str, model = str, n = int, user = str,
  response_format = enum("url", "b64_json"), resolution = enum("1k", "1.5k", "2k"),
  quality = enum("auto", "low", "medium", "high"),
  aspect_ratio = enum("1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "9:19.5", "19.5:9", "9:20", "20:9", "1:2",
    "2:1", "21:9", "5:2", "auto"),
  storage_options = fields({
    filename = str, expires_after = int, public_url = fields { expires_after = int },
  }, "filename"),
}, "prompt")

-- Videos -----------------------------------------------------------------------------

local media = fields { url = str, file_id = str, image_url = str, type = str }

M.video = fields {
  prompt = str, model = str, duration = either(int, str), seconds = either(int, str), image = media, last_frame = media,
  input_reference = media, keyframes = list(fields({ image = media, timestamp_s = num }, "image timestamp_s")),
  reference_images = list(media), reference_audios = list(fields { url = str, voice_id = str }),
  aspect_ratio = enum("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9", "5:2"),
  resolution = enum("480p", "720p", "1080p"), generate_audio = bool, user = str,
  output = fields({ upload_url = str }, "upload_url"),
  storage_options = fields({
    filename = str, expires_after = int, public_url = either(bool, fields { expires_after = int }),
  }, "filename"),
}

M.tokenize = fields({ model = str, text = str, user = str }, "model text")

M.completion = fields({
  model = str, prompt = either(str, list(str)), best_of = int, echo = bool, frequency_penalty = num,
  presence_penalty = num, logit_bias = shape.object, logprobs = bool, max_tokens = int, n = int,
  seed = int, stop = list(str), stream = bool, stream_options = stream_options, suffix = str,
  temperature = num, top_p = num, user = str,
}, "model prompt")

M.complete = fields({
  model = str, prompt = str, max_tokens_to_sample = int, metadata = fields { user_id = str },
  stop_sequences = list(str), stream = bool, temperature = num, top_p = num, top_k = int,
}, "model prompt max_tokens_to_sample")

return M
