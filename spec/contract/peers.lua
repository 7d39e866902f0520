-- peers.lua - a second opinion: what this library and the clients of OpenAI
-- and Anthropic (peers.mjs) make of the same answers is the same.
--
-- Two readings are equal but for this, and for these reasons only:
--   null is absent      we drop a null in an object; the others keep it, and add some
--   ids are numbered, times are nought, timings are left out
--                       a server draws them anew for each request
--   no `output_text`    openai adds it to a response; it is held against our text
--   no pings            Anthropic's client swallows them, we hand them on
--   no text is ""       merged beside tool calls, as the service says it; openai has null
--   reasoning, reasoning_content   are unknown to openai, which keeps the last piece alone
--   errors' words       the others put the status, or the whole body, around the words
-- What Anthropic's client merges is not asked where deltas have no `index`, as
-- the service sends them: it loses their text.

local cjson = require "cjson"
local difference = require "spec.contract.compare"
local llama = require "spec.contract.llama.llama"
local xai = require "xai"

local KEY = "xai-spec-0123456789abcdef"

-- ---- Normal form -------------------------------------------------------------------

local IDS = { id = true, item_id = true, call_id = true, tool_call_id = true, previous_response_id = true }
local TIMES = { created = true, created_at = true, completed_at = true }

local function sorted_keys(map)
  local list = {}
  for key in pairs(map) do list[#list + 1] = key end
  table.sort(list, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  return list
end

local function numbered(id, seen)
  if not seen[id] then
    seen.n = seen.n + 1
    seen[id] = "#" .. seen.n
  end
  return seen[id]
end

local UUID = "%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-" .. ("%x"):rep(12)

local function normal(value, seen)
  if type(value) == "string" then
    return (value:gsub(UUID, function(id) return numbered(id, seen) end))
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for _, key in ipairs(sorted_keys(value)) do
    local member = value[key]
    if key == "timings" then -- llama-server's
      copy[key] = nil
    elseif IDS[key] and type(member) == "string" then
      copy[key] = numbered(member, seen)
    elseif TIMES[key] and type(member) == "number" then
      copy[key] = 0
    else
      copy[key] = normal(member, seen)
    end
  end
  return copy
end

local function differ(theirs, ours)
  return difference(normal(theirs, { n = 0 }), normal(ours, { n = 0 }))
end

-- ---- Our reading ---------------------------------------------------------------------

local NO_BODY = { get_response = true, get_model = true }

local function ask(client, question)
  local method = client[question.api]
  if question.api == "list_models" then return method(client) end
  if NO_BODY[question.api] then return method(client, question.id) end
  return method(client, assert(xai.decode(cjson.encode(question.body))))
end

local function collect(client, question)
  local stream, message, info = ask(client, question)
  if not stream then return nil, message, info end
  local events = {}
  while true do
    local event, why, broken = stream:next()
    if event == nil then return events, why, broken end
    if event.type ~= "ping" then events[#events + 1] = event end
  end
end

-- ---- Theirs against ours -----------------------------------------------------------

local function text_of(response)
  local parts = {}
  for _, item in ipairs(response.output) do
    for _, part in ipairs(item.type == "message" and item.content or {}) do parts[#parts + 1] = part.text end
  end
  return table.concat(parts)
end

local function check_result(api, theirs, ours)
  if api == "respond" or api == "get_response" then
    if theirs.output_text and theirs.output_text ~= text_of(ours) then return "output_text differs" end
    theirs.output_text = nil
  end
  if api == "list_models" then ours = { object = ours.object, data = ours.data } end -- what openai keeps of it
  return differ(theirs, ours)
end

local function is_given(value)
  return value ~= nil and value ~= cjson.null
end

--- Let what openai merges of chat chunks differ where it must.
local function forgive_merged(theirs, ours)
  for i, choice in ipairs(theirs.choices or {}) do
    local message, own = choice.message, ours.choices[i].message
    for _, name in ipairs { "reasoning_content", "reasoning" } do
      local last, whole = message[name], own[name]
      if last and whole and whole:sub(-#last) == last then message[name] = whole end
    end
    if not is_given(message.content) and own.content == "" then message.content = "" end
  end
end

--- The words may stand in a body that is quoted as a whole.
local function says(text, words)
  return text:gsub('\\"', '"'):find(words, 1, true)
end

local function check_error(theirs, message, info)
  if not message then return "they failed, we did not: " .. theirs.message end
  if theirs.status ~= 0 and theirs.status ~= info.status then return "another status" end
  local words = info.message
  if theirs.status == 403 then words = words:match "^[^:]*" end -- we add the reasons that a gateway gives
  if not says(theirs.message, words) then return ("%s | %s"):format(theirs.message, info.message) end
  if is_given(theirs.request_id) and not info.request_id then return "has no request id" end
  for _, name in ipairs { "code", "type" } do
    local value = theirs[name]
    if type(value) == "string" and value ~= info[name] then return ("%s is %s"):format(name, tostring(info[name])) end
  end
end

local function check_whole(client, question, theirs)
  local result, message, info = ask(client, question)
  if theirs.error then return check_error(theirs.error, message, info) end
  if result == nil then return message end
  return check_result(question.api, theirs.result, result)
end

--- What is merged of a stream against the whole answer to the same question.
local function check_merged(client, question, merged)
  local body = {}
  for name, value in pairs(question.body) do body[name] = value end
  body.stream, body.stream_options = nil, nil
  local whole, why = ask(client, { api = question.api, body = body })
  if not whole then return why end
  if question.api == "message" then return differ(whole.content, merged.content) end
  for i, choice in ipairs(question.api == "chat" and whole.choices or {}) do
    local said, own = choice.message, merged.choices[i].message
    if own.content == "" then said.content = said.content or "" end
    if not own.reasoning then said.reasoning = nil end -- aimock has it twice in whole answers alone
  end
  for i, item in ipairs(whole.output or {}) do
    if not merged.output[i].status then item.status = nil end -- llama-server's last event leaves it out
  end
  return differ(whole.choices or whole.output, merged.choices or merged.output)
end

local function check_stream(client, question, theirs)
  local events, message, info = collect(client, question)
  if not theirs.events then return check_error(theirs.error, message, info) end
  local problem = message or differ(theirs.events, events)
  if problem then return problem end
  local result, why = assert(ask(client, question)):result()
  if not result then return why end
  problem = check_merged(client, question, result)
  if problem then return "merged, unlike the whole answer: " .. problem end
  if not theirs.result then return theirs.error and theirs.error.message end
  forgive_merged(theirs.result, result)
  problem = check_result(question.api, theirs.result, result)
  return problem and "merged: " .. problem
end

-- ---- Questions -----------------------------------------------------------------------

local Questions = {}
Questions.__index = Questions

local function questions_for(url, key)
  return setmetatable({ url = url, key = key or KEY }, Questions)
end

function Questions:add(what, api, body, id)
  local question = { what = what, url = self.url, key = self.key, api = api, body = body, id = id }
  self[#self + 1] = question
  return question
end

--- Ask for a stream, read event by event and, unless `events_only`, merged.
function Questions:add_stream(what, api, body, events_only)
  local streamed = { stream = true }
  for name, value in pairs(body) do streamed[name] = value end
  local question = self:add(what .. ", streamed", api, streamed)
  question.stream, question.events_only = true, events_only
end

function Questions:add_both(what, api, body, events_only)
  self:add(what, api, body)
  self:add_stream(what, api, body, events_only)
end

local function chat(text)
  return { model = "grok-4.7", messages = { { role = "user", content = text } } }
end

local function message(text)
  return { model = "grok-4.7", max_tokens = 400, messages = { { role = "user", content = text } } }
end

--- Let all that is asked from the `first` question on be refused: else an answer is expected.
function Questions:refused(first)
  for i = first, #self do self[i].refused = true end
end

--- What the stand-in of others is asked: it answers by the last word.
local WORDS = {
  "text", "tool", "tools", "both", "thought", "long", "cut", "counted", "first", "mixed", "reasoned", "signed",
  "searched", "odd", "long_call", "many", "filtered", "crumbs",
}
local REFUSED = { "bad", "unknown", "slow", "broken", "busy", "blocked" }

local function ask_aimock(url)
  local list = questions_for(url)
  local function say(word)
    list:add_both("chat " .. word, "chat", chat("say " .. word))
    if word ~= "filtered" then -- a response whose status is "failed": to us that is a failure, openai hands it on
      list:add_both("respond " .. word, "respond", { model = "grok-4.7", input = "say " .. word })
    end
    list:add_both("message " .. word, "message", message("say " .. word))
  end
  for _, word in ipairs(REFUSED) do say(word) end
  list:refused(1)
  for _, word in ipairs(WORDS) do say(word) end
  local counted = chat "say text"
  counted.stream_options = { include_usage = true }
  list:add_stream("chat with usage", "chat", counted)
  list:add("image", "generate_image", { model = "grok-imagine-image", prompt = "one dog" })
  list:add("images", "generate_image", { model = "grok-imagine-image", prompt = "two dogs", n = 2 })
  list:add("models", "list_models")
  return list
end

--- The same by the rules of OpenRouter: `reasoning`, `provider`, errors of another shape.
local function ask_openrouter(url)
  local list = questions_for(url)
  for _, word in ipairs(REFUSED) do list:add_both("chat " .. word, "chat", chat("say " .. word)) end
  list:refused(1)
  for _, word in ipairs(WORDS) do list:add_both("chat " .. word, "chat", chat("say " .. word)) end
  return list
end

local WEATHER = {
  name = "get_weather",
  description = "Current weather for one city.",
  parameters = { type = "object", properties = { city = { type = "string" } }, required = { "city" } },
}

local function with(body, more)
  for name, value in pairs(more) do body[name] = value end
  return body
end

--- What a conversation may contain: thoughts, several tools, what they gave, pictures, limits.
local function ask_conversations(list)
  local two = "What is the weather in Oslo and Lima?"
  local chat_tools = { { type = "function", ["function"] = WEATHER } }
  local flat = { { type = "function", name = WEATHER.name, parameters = WEATHER.parameters } }
  local uses = { { name = WEATHER.name, description = WEATHER.description, input_schema = WEATHER.parameters } }
  local oslo = { name = WEATHER.name, arguments = '{"city":"Oslo"}' }
  local called = { id = "call_1", type = "function", ["function"] = oslo }
  local result = { role = "tool", tool_call_id = "call_1", content = "mild" }
  local PICTURE = "data:image/png;base64,iVBORw0KGgo="
  local schema = { type = "object", properties = { city = { type = "string" } }, required = { "city" },
    additionalProperties = false }
  local user = { role = "user", content = "What is the weather in Oslo?" }

  list:add_both("chat tools", "chat", with(chat(two), { tools = chat_tools }))
  list:add_both("chat result", "chat", { model = "grok-4.7", messages = {
    { role = "system", content = "Be short." }, user, { role = "assistant", tool_calls = { called } }, result } })
  list:add_both("chat thought", "chat", with(chat "Is 221 a prime?", { model = "grok-4.3", reasoning_effort = "high" }))
  list:add_both("chat limit", "chat", with(chat "once upon a time", { max_completion_tokens = 3 }))
  list:add_both("chat usage", "chat", with(chat "joke", { stream_options = { include_usage = true } }))
  list:add_both("chat schema", "chat", with(chat "Where is Oslo?", { response_format = {
    type = "json_schema", json_schema = { name = "place", schema = schema, strict = true } } }))
  list:add_both("chat picture", "chat", { model = "grok-4.7", messages = { { role = "user", content = {
    { type = "image_url", image_url = { url = PICTURE } }, { type = "text", text = "What is this?" } } } } })
  list:add_both("respond tools", "respond", { model = "grok-4.7", input = two, store = false, tools = flat })
  list:add_both("respond result", "respond", { model = "grok-4.7", store = false, input = { user,
    { type = "function_call", call_id = "call_1", name = WEATHER.name, arguments = '{"city":"Oslo"}' },
    { type = "function_call_output", call_id = "call_1", output = "mild" } } })
  list:add_both("respond thought", "respond", { model = "grok-4.3", store = false, input = "Is 221 a prime?",
    reasoning = { effort = "high" } })
  list:add_both("respond summary", "respond", { model = "grok-4.7", store = false, input = "Is 221 a prime?",
    reasoning = { effort = "high", summary = "detailed" }, include = { "reasoning.encrypted_content" } })
  list:add_both("respond limit", "respond", { model = "grok-4.7", store = false, input = "once upon a time",
    max_output_tokens = 3 })
  list:add_both("respond search", "respond", { model = "grok-4.7", store = false, input = "What is new in Oslo?",
    tools = { { type = "web_search" } } })
  list:add_both("respond schema", "respond", { model = "grok-4.7", store = false, input = "Where is Oslo?",
    text = { format = { type = "json_schema", name = "place", schema = schema, strict = true } } })
  list:add_both("message tools", "message", with(message(two), { tools = uses }), true)
  local use = { type = "tool_use", id = "call_1", name = WEATHER.name, input = { city = "Oslo" } }
  local used = { type = "tool_result", tool_use_id = "call_1", content = "mild" }
  list:add_both("message result", "message", { model = "grok-4.7", max_tokens = 400, system = "Be short.", messages = {
    user, { role = "assistant", content = { use } }, { role = "user", content = { used } } } }, true)
  list:add_both("message thought", "message",
    with(message "Is 221 a prime?", { thinking = { type = "enabled", budget_tokens = 1024 }, max_tokens = 2048 }), true)
  list:add_both("message limit", "message", with(message "once upon a time", { max_tokens = 3 }), true)
  list:add_both("message stop", "message", with(message "once upon a time",
    { model = "grok-4.20-0309-non-reasoning", stop_sequences = { "small" } }), true)
  list:add_both("complete two", "complete", { model = "grok-3", prompt = "once upon", n = 2 })
  list:add_both("complete echo", "complete", { model = "grok-3", prompt = "once upon", echo = true, max_tokens = 3 })
end

--- llama-server, whose model answers by the last message: see llama/mkgguf.py.
local function ask_llama(url)
  local list = questions_for(url, llama.KEY)
  local fresh = { cache_prompt = false } -- so that the same prompt costs the same
  local long = ("x"):rep(9000)
  list:add_both("chat too long", "chat", llama.chat(long))
  list:add_both("complete too long", "complete", llama.complete(long))
  list:add_both("respond too long", "respond", llama.respond(long))
  list:add_both("message too long", "message", llama.message(long), true)
  list:add("no messages", "chat", { model = "tiny", messages = "hi" })
  list:refused(1)
  for _, text in ipairs { "hi", "[think]", "[tool]" } do
    local tools = text == "[tool]"
    list:add_both("chat " .. text, "chat",
      with(llama.chat(text, fresh), { tools = tools and llama.tools "chat" or nil }))
    -- openai's client wants the places of items, which llama-server does not tell, to merge.
    list:add_both("respond " .. text, "respond",
      with(llama.respond(text, fresh), { tools = tools and llama.tools "respond" or nil }), true)
    list:add_both("message " .. text, "message",
      with(llama.message(text, fresh), { tools = tools and llama.tools "message" or nil }))
  end
  list:add_both("chat usage", "chat", with(llama.chat("hi", fresh), { stream_options = { include_usage = true } }))
  list:add_both("chat limit", "chat", with(llama.chat("[loop]", fresh), { max_tokens = 5 }))
  list:add_both("chat twice", "chat", with(llama.chat("hi", fresh), { n = 2 }))
  list:add_both("chat probabilities", "chat", with(llama.chat("hi", fresh), { logprobs = true, max_tokens = 3 }))
  list:add_both("message limit", "message", with(llama.message("[loop]", fresh), { max_tokens = 5 }))
  list:add_both("message stop", "message", with(llama.message("hi", fresh), { stop_sequences = { "world" } }))
  list:add_both("complete", "complete", llama.complete("hi", fresh))
  list:add("models", "list_models")
  return list
end

--- Our own stand-in answers what the service would, all of it.
local function ask_standin(url, client)
  local list = questions_for(url)
  local tool = chat "What is the weather in Oslo?"
  tool.tools = { { type = "function", ["function"] = WEATHER } }
  local use = message "What is the weather in Oslo?"
  use.tools = { { name = WEATHER.name, description = WEATHER.description, input_schema = WEATHER.parameters } }
  local two = chat "Tell me a story"
  two.n = 2
  list:add_both("chat", "chat", chat "Tell me a story about a fox")
  list:add_both("chat tool", "chat", tool)
  list:add_both("chat twice", "chat", two)
  list:add_both("respond", "respond", { model = "grok-4.7", input = "Tell me a story about a fox", store = false })
  list:add_both("respond tool", "respond", {
    model = "grok-4.7", input = "What is the weather in Oslo?", store = false,
    tools = { { type = "function", name = WEATHER.name, parameters = WEATHER.parameters } },
  })
  list:add_both("message", "message", message "Tell me a story about a fox", true)
  list:add_both("message tool", "message", use, true)
  list:add_both("complete", "complete", { model = "grok-3", prompt = "Once upon a time" })
  ask_conversations(list)
  list:add("image", "generate_image", { model = "grok-imagine-image", prompt = "a dog", response_format = "b64_json" })
  list:add("image address", "generate_image", { model = "grok-imagine-image", prompt = "a dog" })
  list:add("models", "list_models")
  list:add("model", "get_model", nil, "grok-4.7")
  local stored = assert(client:respond { model = "grok-4.7", input = "Remember this" })
  list:add("response", "get_response", nil, stored.id)
  local first = #list + 1
  list:add("no such model", "get_model", nil, "grok-99")
  list:add("no such response", "get_response", nil, "00000000-0000-4000-8000-000000000000")
  list:add_both("unknown model", "chat", { model = "grok-99", messages = chat("hi").messages })
  list:add_both("wrong type", "chat", { model = "grok-4.7", messages = "hi" })
  list:add("wrong type", "message", { model = "grok-4.7", max_tokens = "many", messages = chat("hi").messages })
  list:refused(first)
  return list
end

-- ---- Asking --------------------------------------------------------------------------

--- lua-cjson alone refuses half a surrogate pair, which a stream may bring in pieces.
local function read_answer(line)
  local ok, answer = pcall(cjson.decode, line)
  return ok and answer or assert(xai.decode(line))
end

--- What the others answer, in the order of the questions.
local function their_answers(questions)
  local file = os.tmpname()
  local out = assert(io.open(file, "wb"))
  for _, question in ipairs(questions) do out:write(cjson.encode(question), "\n") end
  out:close()
  local answers = {}
  local pipe = assert(io.popen("node spec/contract/peers.mjs < " .. file))
  for line in pipe:lines() do answers[#answers + 1] = read_answer(line) end
  pipe:close()
  os.remove(file)
  return answers
end

local function compare(tally, name, questions, client)
  local answers = their_answers(questions)
  for i, question in ipairs(questions) do
    local check = question.stream and check_stream or check_whole
    local theirs = answers[i] or { error = { status = 0, message = "no answer" } }
    local what = name .. ": " .. question.what
    if (theirs.error ~= nil) == (question.refused == true) then
      tally:try(what, check, client, question, theirs)
    else
      tally:note(what, theirs.error and theirs.error.message or "should be refused")
    end
  end
  return #questions
end

local function new_client(url, key)
  return xai.new { api_key = key or KEY, base_url = url, max_retries = 0 }
end

local peers = {}

function peers.on_aimock(tally, url)
  local client = new_client(url)
  local n = compare(tally, "aimock", ask_aimock(url), client)
  client:close()
  return n
end

function peers.on_openrouter(tally, url)
  url = url .. "/api"
  local client = new_client(url)
  local n = compare(tally, "aimock as OpenRouter", ask_openrouter(url), client)
  client:close()
  return n
end

function peers.on_llama(tally, url)
  local client = new_client(url, llama.KEY)
  local n = compare(tally, "llama-server", ask_llama(url), client)
  client:close()
  return n
end

function peers.on_standin(tally, url)
  local client = new_client(url)
  local n = compare(tally, "stand-in", ask_standin(url, client), client)
  client:close()
  return n
end

return peers
