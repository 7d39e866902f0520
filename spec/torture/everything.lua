--- everything.lua - pieces of work that use all of the library, for memory.c; what must hold
-- after each; and which errors a lack of memory may lead to.
--
-- The stand-in server is in XAI_BASE_URL.  A piece raises when anything but the right answer
-- comes; with memory at hand none does.

local xai
local deadline = 20

-- What was reported by xai.on_error, looked at when memory is back.
local reported, count = {}, 0

local function on_error(err)
  count = count + 1
  reported[count % 8] = err
end

local HI = { { role = "user", content = "What is Lua?" } }
local TEXT = "Lua is a small, quick language that lives happily inside other programs."
local MODEL = "grok-4.5"

local BODIES = {
  chat = function() return { model = MODEL, messages = HI } end,
  respond = function() return { model = MODEL, input = "What is Lua?" } end,
  message = function() return { model = MODEL, max_tokens = 100, messages = HI } end,
  complete = function() return { model = "grok-3", prompt = "What is Lua?" } end,
  complete_legacy = function()
    return { model = "grok-3", prompt = "\n\nHuman: What is Lua?\n\nAssistant:", max_tokens_to_sample = 100 }
  end,
}

local function streamed(name)
  local body = BODIES[name or "chat"]()
  body.stream = true
  return body
end

local function fault(text)
  return { headers = { ["x-fault"] = text } }
end

local function new(options)
  options = options or {}
  options.api_key = "xai-torture-0123456789"
  options.deadline = deadline
  options.max_retries = options.max_retries or 0
  return xai.new(options)
end

local function same(a, b)
  if a ~= b then error(("expected %s, got %s"):format(tostring(a), tostring(b)), 2) end
end

--- nil, message, info of that kind; another failure is raised as it is.
local function fails(kind, value, _, info)
  if value ~= nil or not info then error("a failure was taken for an answer", 2) end
  if info.kind ~= kind then error(info, 0) end
  return info
end

--- The value, or the error object raised.
local function got(value, message, info)
  if value == nil then error(info or message, 0) end
  return value
end

-- What a streamed answer says, by its merged result.
local SAYS = {
  chat = function(result) return result.choices[1].message.content end,
  respond = function(result) return result.output[#result.output].content[1].text end,
  message = function(result) return result.content[#result.content].text end,
  complete = function(result) return result.choices[1].text end,
  complete_legacy = function(result) return (result.completion:gsub("^ ", "")) end,
}

local function text_of(stream)
  local pieces = {}
  while true do
    local piece, message, info = stream:next()
    if not piece then
      if message then error(info, 0) end
      return table.concat(pieces)
    end
    local choice = piece.choices[1]
    pieces[#pieces + 1] = choice and choice.delta.content or ""
  end
end

local pieces = {}

local function piece(name, run)
  pieces[#pieces + 1] = { name = name, run = run }
end

piece("load", function()
  xai = require "xai"
  xai.on_error = on_error
  local _ = xai.run
  new():close()
end)

piece("client", function()
  local client = new {
    base_url = os.getenv "XAI_BASE_URL" .. "/v1/", timeout = 30, connect_timeout = 5, idle_timeout = 6,
    headers = { ["x-one"] = "1", ["X-Two"] = "2" }, user_agent = "torture", max_body = 1e6, max_event = 1e5,
    max_buffer = 1e4, no_proxy = "*", on_request = print, debug = false,
  }
  assert(tostring(client):find "^xai.client %(http")
  local ok, err = pcall(xai.new, { time_out = 5 })
  if ok or type(err) ~= "string" or not err:find "did you mean 'timeout'" then error(err, 0) end
  ok, err = pcall(client.get_model, client, "")
  if ok or not tostring(err):find "empty" then error(err, 0) end
  ok, err = pcall(client.chat, client, { model = MODEL, messages = { { content = print } } })
  if ok or not tostring(err):find "messages%[1%].content" then error(err, 0) end
  client:close()
  ok, err = pcall(client.chat, client, BODIES.chat())
  if ok or not tostring(err):find "closed" then error(err, 0) end
end)

local function json_is_right()
  same('{"required":[]}', xai.encode { required = xai.array {} })
  same('{"a":{}}', xai.encode { a = {} })
  same("[1,null,[],[[]]]", xai.encode { 1, xai.null, xai.array {}, { xai.array {} } })
  same('["a\\"b",true,0.1]', xai.encode { 'a"b', true, 0.1 })
  local value = got(xai.decode
    '{"n":null,"a":[null,[],{}],"s":"\\ud83d\\ude00","h":"\\ud83d","big":1234567890123456789}')
  same(nil, value.n)
  same(xai.null, value.a[1])
  same("[]", xai.encode(value.a[2]))
  same("{}", xai.encode(value.a[3]))
  same("\240\159\152\128", value.s)
  same("\239\191\189", value.h)
  if math.type then
    same("integer", math.type(value.big))
    same("1234567890123456789", xai.encode(value.big))
    same("integer", math.type(got(xai.decode "[7]")[1]))
  end
  for _, wrong in ipairs { "[NaN]", "[1", "", "{]", "nul" } do
    local nothing, why = xai.decode(wrong)
    if nothing ~= nil or type(why) ~= "string" then error("taken for JSON: " .. wrong) end
  end
  for _, wrong in ipairs { { 0 / 0 }, { print }, { [1.5] = 1 }, { 1, a = 2 } } do
    local ok, err = pcall(xai.encode, wrong)
    if ok or not tostring(err):find "xai.encode" then error(err, 0) end
  end
  local deep = {}
  deep[1] = deep
  local ok, err = pcall(xai.encode, deep)
  if ok or not tostring(err):find "xai.encode" then error(err, 0) end
end

piece("json", json_is_right)

piece("chat", function()
  local client = new()
  local result, message, info = client:chat(BODIES.chat())
  same(TEXT, SAYS.chat(got(result, message, info)))
  same(200, info.status)
  assert(info.request_id and info.rate_limit.limit_requests and info.headers["content-type"])
  assert(#got(client:list_models()).data > 0)
  assert(#got(client:request { path = "/v1/models", query = { a = "b c", n = 1 } }).data > 0)
  same("grok-3", got(client:get_model "grok-3").id)
  client:close()
end)

piece("options", function()
  local lines, infos = {}, {}
  local client = new {
    debug = function(line) lines[#lines + 1] = line end,
    on_request = function(info) infos[#infos + 1] = info.url end, headers = { ["x-a"] = "b", accept = false },
  }
  local opts = {
    headers = { ["x-a"] = false, ["x-c"] = "d" }, timeout = 30, api_key = function() return "xai-other-012345678" end,
    on_response = function(info) infos[#infos + 1] = info.status end,
  }
  got(client:tokenize({ model = MODEL, text = "one two" }, opts))
  for _, line in ipairs(lines) do assert(not line:find "xai%-other") end -- a hook may have found no memory
  for _, info in ipairs(infos) do assert(info == 200 or tostring(info):find "^http") end
  client:close()
end)

piece("errors", function()
  local client = new()
  for _, pair in ipairs {
    { "status,400", "bad_request" }, { "status,404", "not_found" }, { "status,422", "unprocessable" },
    { "status,503", "server" }, { "soft-error", "server" }, { "old-style-code", "rate_limit" },
    { "openai-error", "rate_limit" }, { "anthropic-error", "bad_request" }, { "html-502", "server" },
    { "html-200", "decode" }, { "empty-200", "decode" }, { "null-body", "decode" }, { "string-body", "decode" },
    { "half-json", "decode" }, { "echo-key", "authentication" }, { "redirect,http://127.0.0.2/", "redirect" },
    { "close-before-head", "connection" }, { "short-length", "truncated" }, { "half-head", "truncated" },
    { "garbage", "protocol" },
  } do
    local info = fails(pair[2], client:chat(BODIES.chat(), fault(pair[1])))
    if tostring(info):find "torture" then error "the key is shown" end
  end
  got(client:chat(BODIES.chat(), fault "wrong-shape"))
  fails("limit", client:chat(BODIES.chat(), { max_body = 20 }))
  client:close()
end)

piece("retry", function()
  local told = 0
  local client = new { max_retries = 2, on_retry = function() told = told + 1 end }
  same(TEXT, SAYS.chat(got(client:chat(BODIES.chat(), fault "flaky,1"))))
  client:close()
end)

piece("events", function()
  local client = new()
  same(TEXT, text_of(got(client:chat(streamed()))))
  for event in got(client:message(streamed "message")) do assert(event.type) end
  local stream = got(client:chat(streamed(), { raw = true, headers = { ["x-fault"] = "crlf;comments;split,7" } }))
  local last
  for event in stream do last = event end
  same("[DONE]", last.data)
  client:close()
end)

piece("text", function()
  local client = new()
  local said = {}
  for words in got(client:chat(streamed())):text() do said[#said + 1] = words end
  same(TEXT, table.concat(said))
  said = {}
  local halves = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\ud83d\"}}]}\n\n"
    .. "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ude00\\ud83d\"},\"finish_reason\":\"stop\"}]}\n\n"
    .. "data: [DONE]\n\n"
  local sent = "say," .. halves:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)
  for words in got(client:chat(streamed(), fault(sent))):text() do said[#said + 1] = words end
  same("a\240\159\152\128\239\191\189", table.concat(said))
  client:close()
end)

--- A function for parts, and one that gives the text in them, without blanks in front.
local function part_taker()
  local said = {}
  local function take(kind, value)
    if kind == "text" then said[#said + 1] = value end
  end
  return take, function() return (table.concat(said):gsub("^%s+", "")) end
end

for _, name in ipairs { "chat", "respond", "message", "complete", "complete_legacy" } do
  piece("parts-" .. name, function()
    local client = new()
    local take, text = part_taker()
    local stream = got(client[name](client, streamed(name)))
    for kind, value in stream:parts() do take(kind, value) end
    same(TEXT, text())
    same(TEXT, (xai.text(got(stream:result())):gsub("^%s+", "")))
    take, text = part_taker()
    got(client[name](client, streamed(name), { on_part = take }))
    same(TEXT, text())
    client:close()
  end)
end

piece("parts-of-calls", function()
  local client = new()
  local raw = [[{"choices":[{"index":0,"delta":{"content":"a\ud83d","tool_calls":[{"index":0,"id":"c",]]
    .. [["function":{"name":"f","arguments":"{\"x\":"}}]}}]}]]
  local rest = [[{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},]]
    .. [["finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}]]
  local sent = "say," .. ("data: " .. raw .. "\n\ndata: " .. rest .. "\n\ndata: [DONE]\n\n")
    :gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)
  local stream, kinds = got(client:chat(streamed(), fault(sent))), {}
  local kind, value, more = stream:next_part()
  while kind do
    kinds[#kinds + 1] = kind
    if kind == "call" then same(1, value.args.x) end
    kind, value, more = stream:next_part()
  end
  if value then error(more, 0) end
  same("text arguments arguments call text usage done", table.concat(kinds, " "))
  client:close()
end)

for _, name in ipairs { "chat", "respond", "message", "complete", "complete_legacy" } do
  piece("result-" .. name, function()
    local client = new()
    local stream = got(client[name](client, streamed(name)))
    stream:next()
    same(TEXT, (SAYS[name](got(stream:result())):gsub("^%s+", "")))
    client:close()
  end)
end

piece("broken", function()
  local client = new()
  local stream = got(client:chat(streamed(), fault "cut-stream,3"))
  local info = fails("truncated", stream:result())
  same("Lua is a", info.partial.choices[1].message.content)
  fails("api", got(client:respond(streamed "respond", fault "error-midway")):result())
  local half = fault "say,data%3A%20{%22choices%22%3A[%0A%0Adata%3A%20[DONE]%0A%0A"
  fails("decode", got(client:chat(streamed(), half)):next())
  fails("decode", got(client:chat(streamed(), half)):result())
  fails("limit", got(client:chat(streamed(), { max_event = 50 })):result())
  same(TEXT, SAYS.chat(got(got(client:chat(streamed(), fault "ignore-stream")):result())))
  client:close()
end)

piece("callbacks", function()
  local client = new()
  local events, done = 0, 0
  local opts = { on_event = function() events = events + 1 end }
  same(TEXT, SAYS.chat(got(client:chat(streamed(), opts))))
  same(true, events > 0)
  opts.on_done = function() done = done + 1 end
  local call = client:start("chat", streamed(), opts)
  same("pending", select(2, call:result()))
  same(TEXT, SAYS.chat(got(call:wait())))
  same(1, done)
  call = client:start("chat", BODIES.chat(), { on_done = function() error "of the callback" end })
  while not call:done() do xai.step(0.1) end
  call = client:start("list_models", { on_done = opts.on_done })
  call:cancel()
  fails("cancelled", call:result())
  client:close()
end)

--- A call that is to be cancelled; where there was no memory for that it ends by itself.
local function too_late(client)
  local options = fault "stall-before-head"
  options.deadline = 2
  local result, message, info = client:chat(BODIES.chat(), options)
  if info.kind ~= "timeout" then got(result, message, info) end
end

piece("tasks", function()
  local client = new()
  local function say() return SAYS.chat(got(client:chat(BODIES.chat()))) end
  local result = xai.run(function()
    local task = xai.spawn(say)
    local texts = xai.all { say, function() return text_of(got(client:chat(streamed()))) end }
    same(TEXT .. TEXT, table.concat(texts))
    local sizes = xai.map({ "one", "two" }, function(text)
      return #got(client:tokenize { model = MODEL, text = text }).token_ids
    end, 1)
    same(2, #sizes)
    local fastest = xai.race {
      function() return too_late(client) end,
      function() xai.sleep(0.001) return "fast" end,
    }
    same("fast", fastest)
    local failing = xai.spawn(function() error "of the task" end)
    if pcall(failing.wait, failing) then error "a failed task has a result" end
    return task:wait()
  end)
  same(TEXT, result)
  client:close()
end)

piece("update", function()
  local client = new()
  local said
  local task = xai.spawn(function() said = SAYS.chat(got(client:chat(BODIES.chat()))) end)
  local events = 0
  local call = client:start("chat", streamed(), { on_event = function() events = events + 1 end })
  local frames = 0
  while not (said or task:status() == "failed") or not call:done() do
    frames = frames + 1
    if frames > 5 then xai.step(0.01) end
    xai.update(2)
    if xai.active() == 0 and frames > 2000 then break end
  end
  if task:status() == "failed" then task:wait() end
  same(TEXT, said)
  same(TEXT, SAYS.chat(got(call:result())))
  client:close()
end)

for _, streams in ipairs { false, true } do
  piece(streams and "tools-streamed" or "tools", function()
    local client = new()
    local tool = { name = "get_weather", parameters = xai.schema.object(xai.schema.string "city") }
    function tool.run(args)
      xai.sleep(0)
      return args.city .. " is fine"
    end
    local body = { model = MODEL, input = "Is it warmer in Oslo or in Rome?", tools = { tool }, store = false,
      stream = streams }
    local result, message, info = client:run_tools("respond", body, { deadline = deadline })
    if streams then
      for _ in got(result):parts() do end -- luacheck: ignore 542
      result, message, info = result:result()
    end
    -- (What a tool found no memory for is told to the model.)
    assert(xai.text(got(result, message, info)):find "^Here is what I found. Oslo: .*; Rome: ")
    same(2, info.run.rounds)
    client:close()
  end)
end

piece("tape", function()
  local told = {}
  local function record()
    return {
      record = true,
      done = function(_, head, body, sizes) told[#told + 1] = { head = head, body = body, sizes = sizes } end,
    }
  end
  local client = new { tape = { answer = record } }
  same(TEXT, SAYS.chat(got(client:chat(BODIES.chat()))))
  same(TEXT, text_of(got(client:chat(streamed()))))
  client:close()
  if #told < 2 then return end -- there was no memory to tell
  local function replay()
    return { kind = "connection", phase = "connect", why = "gone", again = function() return told[2] end }
  end
  client = new { max_retries = 1, tape = { answer = replay } }
  same(TEXT, text_of(got(client:chat(streamed()))))
  client:close()
end)

piece("guards", function()
  local budget, told = xai.budget { calls = 4, usd = 1 }, 0
  local client = new {
    budget = budget, limiter = xai.limiter { requests_per_minute = 1e6, at_once = 2 },
    on_usage = function() told = told + 1 end,
  }
  same(TEXT, SAYS.chat(got(client:chat(BODIES.chat()))))
  same(TEXT, (xai.text(got(got(client:message(streamed "message")):result()))))
  xai.run(function()
    local function ask() return got(client:respond(BODIES.respond())) end
    xai.all { ask, ask }
  end)
  same(4, budget.spent.calls)
  same(4, told)
  same("budget", fails("limit", client:chat(BODIES.chat())).code)
  client:close()
end)

local job_path = os.tmpname()

--- The values of a job's file, each of which is there once.
local function values_in(path)
  local values, there = {}, 0
  for line in io.lines(path) do
    local record = got(xai.decode(line))
    if record.value ~= nil then
      if values[record.key] ~= nil then error "an item was done twice" end
      values[record.key], there = record.value, there + 1
    end
  end
  return there
end

piece("bulk", function()
  local client, told = new(), 0
  os.remove(job_path)
  local function ask(item)
    if item == 2 then error "of the item" end
    return xai.text(got(client:respond(BODIES.respond())))
  end
  local opts = { file = job_path, at_once = 2, on_done = function(_, value) told = told + (value and 1 or 0) end }
  for _ = 1, 2 do
    local report = got(xai.bulk({ 1, 2, 3 }, ask, opts))
    same(3, report.done + report.failed + report.skipped)
    same(told, values_in(job_path))
  end
  if told < 2 then error "not enough memory" end -- which is told of the item
  client:close()
  os.remove(job_path)
end)

piece("bulk-batch", function()
  local client = new { max_retries = 1 }
  os.remove(job_path)
  local function request() return { "respond", { model = "grok-4.3", input = "What is Lua?" } } end
  local opts = { file = job_path, batch = true, client = client, every = 0.001 }
  for _ = 1, 2 do
    local report = got(xai.bulk({ 1, 2 }, request, opts))
    same(2, report.done + report.failed + report.skipped)
  end
  if values_in(job_path) < 2 then error "not enough memory" end -- which is told of the item
  client:close()
  os.remove(job_path)
end)

piece("guarded attempts", function()
  local budget, told = xai.budget { calls = 10 }, 0
  local client = new {
    budget = budget, limiter = xai.limiter { at_once = 1 }, max_retries = 1,
    on_usage = function() told = told + 1 end,
  }
  same(TEXT, SAYS.chat(got(client:chat(BODIES.chat(), fault "flaky,1;header,retry-after-ms,1"))))
  same(1, budget.spent.calls)
  same(1, told)
  client:close()
end)

piece("fallback", function()
  local client = new()
  local patches = { { model = MODEL }, { model = MODEL, temperature = xai.null } }
  local body = BODIES.chat()
  body.model = "grok-none"
  local result, message, info = client:chat(body, { fallback = patches, headers = { ["Idempotency-Key"] = "x" } })
  same(TEXT, SAYS.chat(got(result, message, info)))
  same("1 grok-none", info.fallback .. " " .. info.tried[1].model)
  body = streamed "respond"
  body.model = "grok-none"
  local stream = got(client:respond(body, { fallback = patches }))
  same(TEXT, SAYS.respond(got(stream:result())))
  same(1, stream:info().fallback)
  client:close()
end)

piece("wait", function()
  local client = new()
  local asked = 0
  local started = got(client:generate_video { prompt = "A moth circles a lamp." })
  local opts = { every = 0.001, on_wait = function() asked = asked + 1 end }
  same("done", got(client:wait("get_video", started.request_id, opts)).status)
  same(2, asked)
  started = got(client:generate_video { prompt = "[withhold]" })
  fails("permission", client:wait("get_video", started.request_id, { every = 0.001 }))
  client:close()
end)

piece("batches", function()
  local client = new()
  local id = got(client:create_batch { name = "torture" }).batch_id
  local entries = {}
  for i = 1, 3 do
    local request = { model = "grok-4.3", input = "What is Lua?", temperature = i == 3 and 9 or nil }
    entries[i] = { batch_request_id = "r" .. i, batch_request = { responses = request } }
  end
  got(client:add_to_batch(id, { batch_requests = entries }))
  local batch = got(client:get_batch(id))
  while xai.batch_status(batch) == "running" do batch = got(client:get_batch(id)) end
  same(1, batch.state.num_error)
  local good, seen = 0, client:each("list_batch_results", id, { limit = 1 })
  for entry in seen do
    local answer, message, info = xai.batch_result(entry)
    if answer then same(TEXT, xai.text(answer)) else fails("bad_request", answer, message, info) end
    good = good + (answer and 1 or 0)
  end
  same(2, good)
  seen = client:each("list_batch_requests", id, { limit = 2 })
  local state = got(seen:next()).state
  same(true, state == "succeeded" or state == "failed")
  client:close()
end)

local function size_of(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local size = file:seek "end"
  file:close()
  return size
end

--- Nothing that a call has not finished is there.
local function is_clean(base)
  for _, name in ipairs { "", "-1", "-2", "-1.part", "-2.part", ".part" } do
    if size_of(base .. name) then error("a file is left: " .. base .. name, 2) end
  end
end

piece("files", function()
  local base = os.tmpname()
  os.remove(base)
  local client = new()
  local ok, err = pcall(function()
    same("foobar", got(xai.unbase64(xai.base64 "foobar")))
    same("data:image/gif;base64,R0lGODlhMTIzNA==", xai.data_url { bytes = "GIF89a1234" })
    local body = { model = "grok-imagine-image", prompt = "x", n = 2, response_format = "b64_json" }
    local result = got(client:generate_image(body, { save = base }))
    for i = 1, 2 do same(base .. "-" .. i .. ".png", result.data[i].path) end
    same(base .. ".png", got(client:save({ b64_json = "iVBORw0KGgo=" }, base)))
    same(8, size_of(base .. ".png"))
    result = got(client:generate_image({ model = "grok-imagine-image", prompt = "x" }))
    same(base .. ".png", got(client:save(result.data[1], base)))
    same(base, got(client:download(result.data[1].url, base)))
    os.remove(base)
    fails("not_found", client:get_model("nonesuch", { file = base }))
    fails("limit", client:list_models { file = base .. "/no" })
    local call = client:start("list_models", { file = base, headers = { ["x-fault"] = "bytes,100000" } })
    same(base, got(call:wait()))
    same(100000, size_of(base))
    local size = 0
    local stream = got(client:request({ path = "/v1/models", stream = true }, fault "bytes,100000"))
    for bytes in stream:chunks() do size = size + #bytes end
    same(100000, size)
  end)
  client:close()
  collectgarbage()
  collectgarbage()
  for _, name in ipairs { "-1.png", "-2.png", ".png", "" } do os.remove(base .. name) end
  if not ok then error(err, 0) end
  is_clean(base)
end)

piece("ends", function()
  local client = new()
  local stream = got(client:chat(streamed(), fault "stall-in-stream,2"))
  assert(stream:next())
  stream:close()
  fails("closed", stream:next())
  stream = got(client:chat(streamed(), fault "stall-in-stream,2"))
  assert(stream:next())
  client:start("chat", BODIES.chat(), fault "stall-before-head")
  client:start("list_models")
  stream = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  stream = got(client:chat(streamed(), fault "stall-in-stream,2"))
  client:close()
  fails("closed", stream:next())
  client = new() -- luacheck: ignore 311
  stream = got(client:chat(streamed(), fault "stall-in-stream,2"))
  client = nil -- luacheck: ignore 311
  collectgarbage()
  assert(stream:next())
end)

-- What memory.c asks for -----------------------------------------------------------------

--- Before a piece.
function pieces.ready(which, mode)
  deadline = mode == "curl" and 3 or 20
  if which.name == "load" then return end
  xai = require "xai"
  xai.on_error = on_error
end

-- Lua says "stack overflow" where there is no memory for a larger stack.
local function is_memory(err)
  if type(err) == "table" and err.kind == "memory" then return true end
  local text = tostring(err)
  return text:find "not enough memory" ~= nil or text:find "stack overflow" ~= nil
end

-- What libcurl makes of an allocation of its own that fails.  Where it loses a transfer, the
-- deadline ends the call.
local CURL = { memory = true, timeout = true, connection = true, truncated = true, protocol = true, server = true }

pieces.kinds = {}

--- May a piece end with this error?
function pieces.expected(err, mode)
  if is_memory(err) then return true end
  if mode ~= "curl" or type(err) ~= "table" or not CURL[err.kind] then return false end
  return true
end

local ALLOWED = { "of the callback", "of the task" }

local function check_reported(mode)
  for _, err in pairs(reported) do
    local fine = pieces.expected(err, mode)
    for _, words in ipairs(ALLOWED) do fine = fine or tostring(err):find(words, 1, true) end
    if not fine then error("reported: " .. tostring(err), 0) end
  end
  reported = {}
end

--- After a piece, with memory at hand.
function pieces.works(mode)
  deadline = 20
  for name, value in pairs(package.loaded) do -- Lua 5.1 does not try again
    if type(value) == "userdata" then package.loaded[name] = nil end
  end
  xai = require "xai"
  xai.on_error = on_error
  check_reported(mode)
  json_is_right()
  local client = new()
  same(TEXT, SAYS.chat(got(client:chat(BODIES.chat()))))
  same(TEXT, text_of(got(client:chat(streamed()))))
  same(TEXT, xai.run(function() return SAYS.chat(got(client:chat(BODIES.chat()))) end))
  client:close()
  check_reported(mode)
end

return pieces
