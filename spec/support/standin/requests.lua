--- requests.lua - the types of the request bodies, as in the tables of the reference.
-- What breaks them is answered 422; limits and combinations are rules.lua's (400).

local shape = require("standin.shape")

local string, integer, number, boolean = shape.string, shape.integer, shape.number, shape.boolean
local list, fields, enum, tagged, either, any = shape.list, shape.fields, shape.enum, shape.tagged, shape.either, shape.any

local M = {}

local tier = enum("auto", "default", "priority", "flex", "standard")
local tool_word = enum("none", "auto", "required")
local stream_options = fields({ include_usage = boolean }, "include_usage")

-- Chat completions -------------------------------------------------------------------

local chat_content = either(string, list(tagged("type", {
  text = fields({ text = string }, "text"),
  image_url = fields({ image_url = fields({ url = string, detail = enum("auto", "low", "high") }, "url") }, "image_url"),
  file = fields({ file = fields { file_id = string, url = string } }, "file"),
}), 1))

local tool_call = fields({
  id = string, type = string, index = integer,
  ["function"] = fields({ name = string, arguments = string }, "name arguments"),
}, "id function")

local plain_message = fields({ content = chat_content, name = string }, "content")

local chat_message = tagged("role", {
  system = plain_message, developer = plain_message, user = plain_message, ["function"] = plain_message,
  assistant = fields {
    content = chat_content, name = string, reasoning_content = string, tool_calls = list(tool_call),
  },
  tool = fields({ content = chat_content, tool_call_id = string }, "content"),
})

local chat_tool = tagged("type", {
  ["function"] = fields({
    ["function"] = fields(
      { name = string, description = string, parameters = shape.schema_fields, strict = boolean }, "name parameters"),
  }, "function"),
  live_search = fields({ sources = list(shape.object) }, "sources"),
})

local chat_tool_choice = either(tool_word, tagged("type", {
  ["function"] = fields({ ["function"] = fields({ name = string }, "name") }, "function"),
}))

local response_format = tagged("type", {
  text = any,
  json_object = any,
  json_schema = fields({
    json_schema = fields({ name = string, description = string, schema = shape.schema_fields, strict = boolean }, "schema"),
  }, "json_schema"),
})

M.chat = fields({
  model = string, messages = list(chat_message, 1), stream = boolean, stream_options = stream_options,
  temperature = number, top_p = number, max_completion_tokens = integer, max_tokens = integer, n = integer,
  stop = list(string), seed = integer, frequency_penalty = number, presence_penalty = number,
  logit_bias = shape.object, logprobs = boolean, top_logprobs = integer, reasoning_effort = string,
  response_format = response_format, tools = list(chat_tool), tool_choice = chat_tool_choice,
  parallel_tool_calls = boolean, deferred = boolean, service_tier = tier, prompt_cache_key = string,
  search_parameters = shape.object, web_search_options = shape.object, user = string,
}, "messages")

-- Responses --------------------------------------------------------------------------

-- `text` and `image_url` belong to chat; rules.lua answers them in the service's own words.
local input_content = either(string, list(tagged("type", {
  text = any, image_url = any,
  input_text = fields({ text = string }, "text"),
  output_text = fields({ text = string, annotations = list(shape.object) }, "text"),
  refusal = fields({ refusal = string }, "refusal"),
  input_image = fields({ image_url = string, detail = enum("auto", "low", "high") }, "image_url"),
  input_file = fields { file_id = string, file_url = string, file_data = string, filename = string },
})))

local input_item = tagged("type", {
  message = fields(
    { role = enum("user", "assistant", "system", "developer"), content = input_content, name = string }, "role content"),
  function_call = fields({ call_id = string, name = string, arguments = string }, "call_id name arguments"),
  function_call_output = fields({ call_id = string, output = input_content }, "call_id output"),
  reasoning = fields({ summary = list(shape.object), encrypted_content = string, content = list(shape.object) }, "summary"),
  custom_tool_call = fields({ call_id = string, name = string, input = string }, "call_id name input"),
  shell_call = any, shell_call_output = fields({ call_id = string }, "call_id"), compaction = any,
  web_search_call = any, x_search_call = any, code_interpreter_call = any, file_search_call = any, mcp_call = any,
  image_generation_call = any,
}, "message")

local domains = { allowed_domains = list(string), excluded_domains = list(string) }

local web_search = fields {
  allowed_domains = domains.allowed_domains, excluded_domains = domains.excluded_domains, filters = fields(domains),
  enable_image_understanding = boolean, enable_image_search = boolean, user_location = shape.object,
}

local response_tool = tagged("type", {
  ["function"] = fields(
    { name = string, description = string, parameters = shape.schema_fields, strict = boolean }, "name parameters"),
  web_search = web_search, web_search_preview = web_search,
  x_search = fields {
    allowed_x_handles = list(string), excluded_x_handles = list(string), from_date = string, to_date = string,
  },
  code_interpreter = any, code_execution = any,
  file_search = fields({ vector_store_ids = list(string, 1), max_num_results = integer }, "vector_store_ids"),
  collections_search = fields { collection_ids = list(string), vector_store_ids = list(string), limit = integer },
  mcp = fields({
    server_label = string, server_url = string, server_description = string, allowed_tools = list(string),
    authorization = string, headers = shape.object,
  }, "server_label server_url"),
  image_generation = fields { action = enum("auto", "generate", "edit") },
  shell = fields({ environment = fields({ type = enum("local"), skills = list(shape.object) }, "type") }, "environment"),
  view_image = any, view_x_video = any, tool_search = any,
})

local response_tool_choice = either(tool_word, tagged("type", { ["function"] = fields({ name = string }, "name") }))

local text_format = tagged("type", {
  text = any,
  json_object = any,
  json_schema = fields({ name = string, description = string, schema = shape.schema_fields, strict = boolean }, "schema"),
})

M.response = fields({
  model = string, input = either(string, list(input_item, 1)), instructions = string, previous_response_id = string,
  store = boolean, include = list(string), max_output_tokens = integer, max_turns = integer,
  reasoning = fields { effort = string, summary = enum("auto", "concise", "detailed") },
  text = fields { format = text_format }, tools = list(response_tool), tool_choice = response_tool_choice,
  parallel_tool_calls = boolean, temperature = number, top_p = number, logprobs = boolean, top_logprobs = integer,
  stream = boolean, service_tier = tier, prompt_cache_key = string, user = string, truncation = string,
  background = boolean, context_management = list(any), search_parameters = shape.object,
}, "input")

-- Messages ---------------------------------------------------------------------------

local source = tagged("type", {
  base64 = fields({ media_type = enum("image/jpeg", "image/png", "image/webp"), data = string }, "media_type data"),
  url = fields({ url = string }, "url"),
})

local text_block = fields({ text = string }, "text")
local image_block = fields({ source = source }, "source")
local text_blocks = either(string, list(tagged("type", { text = text_block })))

local block = tagged("type", {
  text = text_block, image = image_block,
  tool_use = fields({ id = string, name = string, input = shape.object }, "id name input"),
  tool_result = fields({
    tool_use_id = string, is_error = boolean,
    content = either(string, list(tagged("type", { text = text_block, image = image_block }))),
  }, "tool_use_id content"),
  thinking = fields({ thinking = string, signature = string }, "thinking"),
  redacted_thinking = fields({ data = string }, "data"),
})

local function input_schema(v, path)
  return fields({ type = enum("object"), properties = any, required = list(string) }, "type properties required")(v, path)
    or shape.schema_fields(v, path)
end

M.message = fields({
  model = string, max_tokens = integer, stream = boolean, system = text_blocks,
  messages = list(fields({ role = enum("user", "assistant", "system"), content = either(string, list(block)) },
    "role content"), 1),
  stop_sequences = list(string), temperature = number, top_p = number, top_k = integer,
  tools = list(fields({ name = string, description = string, input_schema = input_schema },
    "name description input_schema")),
  tool_choice = tagged("type", { auto = any, any = any, none = any, tool = fields({ name = string }, "name") }),
  metadata = fields { user_id = string },
  thinking = fields({ type = enum("enabled", "disabled", "adaptive"), budget_tokens = integer }, "type"),
  reasoning_effort = string,
}, "model messages")

-- The rest ---------------------------------------------------------------------------

M.image = fields({
  prompt = string, model = string, n = integer, user = string,
  response_format = enum("url", "b64_json"), resolution = enum("1k", "1.5k", "2k"),
  quality = enum("auto", "low", "medium", "high"),
  aspect_ratio = enum("1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "9:19.5", "19.5:9", "9:20", "20:9", "1:2",
    "2:1", "21:9", "5:2", "auto"),
  storage_options = fields({
    filename = string, expires_after = integer, public_url = fields { expires_after = integer },
  }, "filename"),
}, "prompt")

M.tokenize = fields({ model = string, text = string, user = string }, "model text")

M.completion = fields({
  model = string, prompt = either(string, list(string)), best_of = integer, echo = boolean, frequency_penalty = number,
  presence_penalty = number, logit_bias = shape.object, logprobs = boolean, max_tokens = integer, n = integer,
  seed = integer, stop = list(string), stream = boolean, stream_options = stream_options, suffix = string,
  temperature = number, top_p = number, user = string,
}, "model prompt")

M.complete = fields({
  model = string, prompt = string, max_tokens_to_sample = integer, metadata = fields { user_id = string },
  stop_sequences = list(string), stream = boolean, temperature = number, top_p = number, top_k = integer,
}, "model prompt max_tokens_to_sample")

return M
