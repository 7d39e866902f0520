-- vercel.lua - a second opinion on the stand-in server: Vercel's client for xAI
-- (vercel.mjs), which checks the shape of answers, reads in them what we read.
--
-- It tells texts, thoughts and calls apart, in an order of its own; so these are
-- compared, with the reason for the end and the tokens, and nothing else.

local cjson = require "cjson"
local difference = require "spec.contract.compare"
local xai = require "xai"

local KEY = "xai-spec-0123456789abcdef"
local CITY = { type = "object", properties = { city = { type = "string" } }, required = { "city" } }
local TOOL = { name = "get_weather", description = "Current weather for one city." }

-- ---- What is asked -------------------------------------------------------------------

--- Each as their client is asked (`prompt`, in the parts of its own) and as ours is, by both APIs.
local QUESTIONS = {
  { "text", "What is Lua?" },
  { "umlauts and quotes", 'Wie heißt "das" auf Grüezi\\n?' },
  { "tools", "What is the weather in Oslo and Lima?", tools = true },
  { "JSON", "Where is Oslo?", schema = CITY },
  { "search", "What is new in Oslo?", search = true },
  { "no such model", "hi", model = "grok-99" },
}

local MODELS = { "grok-4.7", "grok-4.3", "grok-4.20-0309-non-reasoning" }

local function for_them(url, api, question, model, stream)
  return {
    url = url, key = KEY, api = api, stream = stream, model = question.model or model,
    prompt = { { role = "user", content = { { type = "text", text = question[2] } } } },
    tools = question.tools and { { type = "function", name = TOOL.name, description = TOOL.description,
      inputSchema = CITY } },
    schema = question.schema, search = question.search,
  }
end

local ours = {}

function ours.chat(question, model, stream)
  local format = question.schema and { type = "json_schema", json_schema = { name = "answer", schema = CITY } }
  return "chat", {
    model = question.model or model, stream = stream, response_format = format,
    stream_options = stream and { include_usage = true } or nil,
    messages = { { role = "user", content = question[2] } },
    tools = question.tools and { { type = "function", ["function"] = {
      name = TOOL.name, description = TOOL.description, parameters = CITY } } } or nil,
  }
end

function ours.responses(question, model, stream)
  local format = question.schema and { format = { type = "json_schema", name = "answer", schema = CITY } }
  return "respond", {
    model = question.model or model, stream = stream, input = question[2], store = false, text = format or nil,
    tools = question.tools and { { type = "function", name = TOOL.name, description = TOOL.description,
      parameters = CITY } } or question.search and { { type = "web_search" } } or nil,
  }
end

-- ---- What was read -------------------------------------------------------------------

local function new_reading()
  return { texts = {}, thoughts = {}, calls = {} }
end

local function add(list, value)
  if value and value ~= "" then list[#list + 1] = value end
end

local function read_theirs(answer)
  local reading = new_reading()
  for _, part in ipairs(answer.content) do
    if part.type == "tool-call" then
      if part.name == TOOL.name then add(reading.calls, part.input) end
    else
      add(part.type == "text" and reading.texts or reading.thoughts, part.text)
    end
  end
  reading.finish, reading.input, reading.output = answer.finish, answer.input, answer.output
  return reading
end

local read_ours = {}

function read_ours.chat(answer)
  local reading = new_reading()
  local choice, usage = answer.choices[1], answer.usage
  add(reading.texts, choice.message.content)
  add(reading.thoughts, choice.message.reasoning_content)
  for _, call in ipairs(choice.message.tool_calls or {}) do add(reading.calls, call["function"].arguments) end
  -- Their output counts the thoughts, which the service counts apart.
  reading.output = usage.completion_tokens + usage.completion_tokens_details.reasoning_tokens
  reading.finish, reading.input = choice.finish_reason, usage.prompt_tokens
  return reading
end

function read_ours.responses(answer)
  local reading = new_reading()
  for _, item in ipairs(answer.output) do
    for _, part in ipairs(item.content or {}) do
      add(item.type == "message" and reading.texts or reading.thoughts, part.text)
    end
    for _, part in ipairs(item.summary or {}) do add(reading.thoughts, part.text) end
    if item.type == "function_call" then add(reading.calls, item.arguments) end
  end
  reading.finish, reading.input, reading.output = answer.status, answer.usage.input_tokens, answer.usage.output_tokens
  return reading
end

-- ---- Asking --------------------------------------------------------------------------

--- Our answer, whole or merged; or nil, message, info.
local function ask(client, name, body)
  local answer, message, info = client[name](client, body)
  if not body.stream or not answer then return answer, message, info end
  return answer:result()
end

local function check(client, row, theirs)
  local name, body = ours[row.api](row.question, row.model, row.stream)
  local answer, message, info = ask(client, name, body)
  if row.question.model then
    if not theirs.error or answer then return "should be refused" end
    if theirs.error.status ~= info.status then return "another status" end
    return not theirs.error.message:find(info.message, 1, true) and theirs.error.message .. " | " .. message or nil
  end
  if theirs.error then return ("%s: %s"):format(theirs.error.message, tostring(theirs.error.cause)) end
  if not answer then return message end
  return difference(read_theirs(theirs), read_ours[row.api](answer))
end

local function each_row()
  local rows = {}
  for _, api in ipairs { "chat", "responses" } do
    for _, model in ipairs(MODELS) do
      for _, question in ipairs(QUESTIONS) do
        for _, stream in ipairs { false, true } do
          if api == "responses" or not question.search then
            rows[#rows + 1] = { api = api, model = model, question = question, stream = stream }
          end
        end
      end
    end
  end
  return rows
end

--- Ask both of the server at `url`; how many questions there were.
return function(tally, url)
  local rows, file = each_row(), os.tmpname()
  local out = assert(io.open(file, "wb"))
  for _, row in ipairs(rows) do
    out:write(cjson.encode(for_them(url, row.api, row.question, row.model, row.stream)), "\n")
  end
  out:close()
  local client = xai.new { api_key = KEY, base_url = url, max_retries = 0 }
  local pipe, n = assert(io.popen("node spec/contract/vercel.mjs < " .. file)), 0
  for line in pipe:lines() do
    n = n + 1
    local row = rows[n]
    local how = row.stream and ", streamed" or ""
    local what = ("Vercel: %s of %s, %s%s"):format(row.api, row.model, row.question[1], how)
    tally:try(what, check, client, row, cjson.decode(line))
  end
  pipe:close()
  os.remove(file)
  client:close()
  if n < #rows then tally:note("Vercel's client", "it ended too early") end
  return #rows
end
