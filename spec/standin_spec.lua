--- The stand-in server keeps what the reference says of the service, and breaks it on demand.

local uv = require("luv")
local standin = require("xai.testing.server")
local raw = require("spec.support.raw_client")
local json = require("xai.testing.standin.json")
local programs = require("spec.support.programs")

local KEY = { Authorization = "Bearer xai-spec" }
local SEND = { Authorization = "Bearer xai-spec", ["Content-Type"] = "application/json" }

local server

local function headers_with(base, extra)
  local all = {}
  for name, value in pairs(base) do all[name] = value end
  for name, value in pairs(extra or {}) do all[name] = value end
  return all
end

local function get(path, extra) return raw.call(server.port, "GET", path, headers_with(KEY, extra)) end

local function post(path, body, extra)
  if type(body) == "table" then body = json.encode(body) end
  return raw.call(server.port, "POST", path, headers_with(SEND, extra), body)
end

local function fixture(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

local function fixtures(pattern)
  local names = {}
  local scan = uv.fs_scandir("spec/fixtures")
  for name in function() return (uv.fs_scandir_next(scan)) end do
    if name:find(pattern) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- The decoded events of a stream; the end marker stays a string.
local function events(answer)
  local list = {}
  for data in answer.body:gmatch("data: ([^\n]*)\n\n") do list[#list + 1] = json.decode(data) or data end
  return list
end

local function chat(fields)
  local body = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
  for name, value in pairs(fields or {}) do body[name] = value end
  return body
end

local PATHS = {
  { "^chat%-completion%.", "/v1/chat/completions" }, { "^responses%.", "/v1/responses" },
  { "^messages%.", "/v1/messages" }, { "^images%.", "/v1/images/generations" },
  { "^videos%.", "/v1/videos/generations" },
  { "^batches%.create", "/v1/batches" }, { "^tokenize", "/v1/tokenize-text" },
  { "^completions%.", "/v1/completions" }, { "^complete%.", "/v1/complete" },
}

local function path_of(name)
  if name:find "^batches%.add" then
    local batch = json.decode(post("/v1/batches", { name = "spec" }).body)
    return "/v1/batches/" .. batch.batch_id .. "/requests"
  end
  for _, row in ipairs(PATHS) do
    if name:find(row[1]) then return row[2] end
  end
end

describe("the stand-in server", function()
  before_each(function() server = standin.start { rates = 0 } end)
  after_each(function()
    server:close()
    uv.run()
  end)

  describe("checks as the service does:", function()
    it("accepts every unusual body that is right", function()
      for _, row in ipairs(json.decode(fixture("requests.valid.json"))) do
        assert.equal(200, post(row.path, row.body).status, row.why)
      end
    end)

    it("refuses every body that is wrong, before the key is looked at for types", function()
      for _, row in ipairs(json.decode(fixture("requests.invalid.json"))) do
        local status = post(row.path, row.body).status
        assert.is_true(status == 400 or status == 422, row.why .. ": " .. status)
        if status == 422 then
          assert.equal(422, post(row.path, row.body, { Authorization = "Bearer wrong" }).status, row.why)
        end
      end
    end)

    it("answers every sample request", function()
      for _, name in ipairs(fixtures("%.request%.json$")) do
        local expected = name:find("function%-call%-output") and 404 -- goes on from another server's id
          or name:find("from%-file") and 400 or 200 -- names a file of another server
        assert.equal(expected, post(path_of(name), fixture(name)).status, name)
      end
    end)

    it("looks at JSON, types, model, key and arguments in this order", function()
      local url, wrong_key = "/v1/chat/completions", { Authorization = "Bearer xai-wrong" }
      assert.equal(415, post(url, "{", { ["Content-Type"] = "text/plain" }).status)
      assert.matches("^Failed to parse the request body as JSON: .* line 1 column", post(url, "{", wrong_key).body)
      assert.equal(422, post(url, chat { model = "none", stop = "x" }, wrong_key).status)
      assert.matches("Model not found: none", post(url, chat { model = "none", n = 0 }, wrong_key).body)
      assert.matches("Incorrect API key provided: xa%*%*%*ng", post(url, chat { n = 0 }, wrong_key).body)
      assert.equal(400, post(url, chat { n = 0 }).status)
    end)

    it("says 401 without a key, takes x-api-key, and gives each answer a request id", function()
      assert.equal(401, raw.call(server.port, "GET", "/v1/models").status)
      local answer = raw.call(server.port, "GET", "/v1/models", { ["x-api-key"] = "xai-1" })
      assert.equal(200, answer.status)
      assert.matches("^%x+%-%x+%-", answer.headers["x-request-id"])
    end)

    it("refuses penalties even at 0, and live search as retired", function()
      assert.equal(400, post("/v1/chat/completions", chat { presence_penalty = 0 }).status)
      assert.equal(410, post("/v1/chat/completions", chat { search_parameters = {} }).status)
    end)

    it("answers wrong methods with an empty 405 and unknown routes with 404", function()
      local answer = raw.call(server.port, "PUT", "/v1/models", KEY)
      assert.same({ 405, "" }, { answer.status, answer.body })
      assert.equal(404, get("/v1/nowhere").status)
      assert.equal(404, get("/v1/models/grok-99").status)
    end)
  end)

  describe("says the same whole and streamed:", function()
    it("chat, with several choices, thinking and usage", function()
      local body = chat { model = "grok-4.3", n = 3 }
      local whole = json.decode(post("/v1/chat/completions", body).body)
      body.stream, body.stream_options = true, { include_usage = true }
      local list = events(post("/v1/chat/completions", body))
      local said = { "", "", "" }
      for _, chunk in ipairs(list) do
        for _, choice in ipairs(chunk.choices or {}) do
          said[choice.index + 1] = said[choice.index + 1] .. (choice.delta.content or "")
        end
      end
      for i, choice in ipairs(whole.choices) do assert.equal(choice.message.content, said[i]) end
      assert.equal("[DONE]", list[#list])
      assert.same(whole.usage, list[#list - 1].usage)
    end)

    it("responses, whose last event carries the whole", function()
      for _, name in ipairs(fixtures("^responses%..*request%.json$")) do
        local body = json.decode(fixture(name))
        local first = type(body.input) == "table" and body.input[1]
        if first and first.type == "function_call_output" then body.input = "Hi" end -- its call is not here
        body.stream, body.previous_response_id = true, nil
        local list = events(post("/v1/responses", body))
        for i, event in ipairs(list) do assert.equal(i - 1, event.sequence_number, name) end
        local text, whole = "", list[#list].response
        for _, event in ipairs(list) do
          if event.type == "response.output_text.delta" then text = text .. event.delta end
        end
        local last = whole.output[#whole.output]
        assert.equal(last.content and last.content[1].text or "", text, name)
      end
    end)

    it("messages, without an index in the deltas", function()
      local body = json.decode(fixture("messages.basic.request.json"))
      local whole = json.decode(post("/v1/messages", body).body)
      body.stream = true
      local text = ""
      for _, event in ipairs(events(post("/v1/messages", body))) do
        if event.type == "content_block_delta" then
          assert.is_nil(event.index)
          text = text .. event.delta.text
        end
      end
      assert.equal(whole.content[1].text, text)
    end)

    it("completions and complete", function()
      for path, name in pairs { ["/v1/completions"] = "completions", ["/v1/complete"] = "complete" } do
        local body = json.decode(fixture(name .. ".request.json"))
        local whole = json.decode(post(path, body).body)
        body.stream = true
        local text = ""
        for _, event in ipairs(events(post(path, body))) do
          if type(event) == "table" then
            text = text .. (event.completion or event.choices and event.choices[1].text or "")
          end
        end
        assert.equal(whole.completion or whole.choices[1].text, text)
      end
    end)
  end)

  describe("has state:", function()
    it("a deferred result is pending twice, there once, then gone", function()
      local id = json.decode(post("/v1/chat/completions", chat { deferred = true }).body).request_id
      local seen = {}
      for i = 1, 4 do seen[i] = get("/v1/chat/deferred-completion/" .. id).status end
      assert.same({ 202, 202, 200, 404 }, seen)
    end)

    it("a response is stored, remembered and deleted once", function()
      local function respond(fields) return json.decode(post("/v1/responses", fields).body) end
      local first = respond { model = "grok-4.7", input = "My name is Ada.", instructions = "Be kind." }
      local second = respond { model = "grok-4.7", input = "What is my name?", previous_response_id = first.id }
      assert.equal("Your name is Ada.", second.output[#second.output].content[1].text)
      local stored = json.decode(get("/v1/responses/" .. first.id).body)
      assert.equal(json.null, stored.instructions)
      assert.equal("message", stored.output[1].type)
      local path = "/v1/responses/" .. first.id
      assert.equal(200, raw.call(server.port, "DELETE", path, KEY).status)
      assert.equal(404, raw.call(server.port, "DELETE", path, KEY).status)
    end)

    it("a picture is a PNG at an address of its own", function()
      local body = json.decode(post("/v1/images/generations", { prompt = "A boat", n = 2 }).body)
      assert.equal(2, #body.data)
      local answer = raw.call(server.port, "GET", body.data[1].url:match("//[^/]+(/.*)"))
      assert.equal("image/png", answer.headers["content-type"])
      assert.equal("\137PNG\r\n\26\n", answer.body:sub(1, 8))
    end)

    it("a tool is not called for a name that is only told or asked for, unless it must be", function()
      local tools = { { type = "function", name = "get_weather", parameters = { type = "object" } } }
      local function kind(input, choice)
        local body = { model = "grok-4.5", input = input, tools = tools, tool_choice = choice }
        local output = json.decode(post("/v1/responses", body).body).output
        return output[#output].type
      end
      assert.equal("message", kind "My name is Ada.")
      assert.equal("message", kind "What is my name?")
      assert.equal("function_call", kind "My name is Ada. Is it warm in Rome?")
      assert.equal("function_call", kind("My name is Ada.", "required"))
    end)

    it("a tool is called, and its result comes back in words", function()
      local body = json.decode(fixture("chat-completion.tool-calls.request.json"))
      local message = json.decode(post("/v1/chat/completions", body).body).choices[1].message
      assert.equal(2, #message.tool_calls)
      assert.same({ city = "Oslo", unit = "C" }, json.decode(message.tool_calls[1]["function"].arguments))
      body = fixture("chat-completion.tool-results.request.json")
      message = json.decode(post("/v1/chat/completions", body).body).choices[1].message
      assert.matches("Oslo: sky sleet, temp 4", message.content)
    end)
  end)

  describe("of several tools", function()
    local function calls_of(question, choice)
      local tools = {}
      for i, name in ipairs { "look_around", "walk_to" } do
        tools[i] = { type = "function", ["function"] = { name = name, parameters = { type = "object" } } }
      end
      local body = chat { messages = { { role = "user", content = question } }, tools = tools, tool_choice = choice }
      local message = json.decode(post("/v1/chat/completions", body).body).choices[1].message
      return message.tool_calls and message.tool_calls[1]["function"].name or message.content
    end

    it("that which the question names is called", function()
      assert.equal("walk_to", calls_of "Walk to the Well.")
      assert.equal("look_around", calls_of "What do you see around you?")
    end)

    it("none is called for what is known, unless one is required", function()
      assert.matches("^Air scatters", calls_of "Why is the sky blue?")
      assert.equal("look_around", calls_of("Why is the sky blue?", "required"))
    end)
  end)

  describe("misbehaves on demand:", function()
    local function fault(name, fields)
      local body = json.encode(chat(fields or { stream = true }))
      local request = raw.request("POST", "/v1/chat/completions", headers_with(SEND, { ["x-fault"] = name }), body)
      return raw.exchange(server.port, request, function(bytes) return bytes:find("\r\n0\r\n\r\n$") end)
    end

    it("plays every recorded stream byte for byte", function()
      for _, name in ipairs(fixtures("%.sse$")) do
        local answer = get("/fault/fixture," .. name .. "/v1/models")
        assert.equal("text/event-stream", answer.headers["content-type"])
        assert.equal(fixture(name), answer.body, name)
      end
    end)

    it("gives recorded errors their status", function()
      assert.equal(422, get("/fault/fixture,error.422.json/v1/models").status)
      assert.matches("Retry%-After: 2\r\n", (fault("fixture,error.429.http")))
      assert.equal(404, get("/v1/models", { ["x-fault"] = "fixture,../standin_spec.lua" }).status)
    end)

    it("breaks off where it is told to", function()
      local bytes, fate = fault("reset-before-head")
      assert.same({ "", "reset" }, { bytes, fate })
      bytes, fate = fault("reset-in-stream,2")
      local _, count = bytes:gsub("data: {", "")
      assert.same({ 2, "reset" }, { count, fate })
      bytes, fate = fault("truncated-chunked")
      assert.equal("closed", fate)
      assert.is_nil(bytes:find("\r\n0\r\n", 1, true))
      bytes = fault("cut-stream,1")
      assert.matches("\r\n0\r\n\r\n$", bytes)
      assert.is_nil(bytes:find("[DONE]", 1, true))
    end)

    it("promises more than it sends", function()
      local bytes, fate = fault("short-length", {})
      local answer = raw.parse(bytes)
      assert.equal("closed", fate)
      assert.is_true(#answer.body < tonumber(answer.headers["content-length"]))
    end)

    it("changes line ends and lets two faults follow each other", function()
      local answer = raw.parse((fault("crlf;split,3")))
      assert.matches("^data: [^\r\n]*\r\n\r\n", answer.body)
      assert.matches("data: %[DONE%]\r\n\r\n$", answer.body)
    end)

    it("fails as often as asked and then succeeds", function()
      local seen = {}
      for i = 1, 3 do seen[i] = post("/fault/flaky,2/v1/chat/completions", chat()).status end
      assert.same({ 503, 503, 200 }, seen)
    end)

    it("says so when there is no such fault", function()
      assert.matches("There is no fault 'nonsense'", get("/fault/nonsense/v1/models").body)
    end)
  end)

  it("reads chunked bodies, answers Expect, and keeps the connection", function()
    local body = json.encode(chat())
    local head = headers_with(SEND, { ["Transfer-Encoding"] = "chunked", Expect = "100-continue" })
    local request = raw.request("POST", "/v1/chat/completions", head)
      .. ("%x\r\n%s\r\n0\r\n\r\n"):format(#body, body)
    local bytes = raw.exchange(server.port, request .. request, function(bytes)
      return select(2, bytes:gsub("chat%.completion", "")) == 2
    end)
    assert.matches("^HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", bytes)
  end)

  it("remembers its requests and who left early", function()
    local function open() return json.decode(get("/_/open").body).open end
    local stalled = headers_with(SEND, { ["x-fault"] = "stall-before-head" })
    get("/v1/models")
    local socket = uv.new_tcp()
    socket:connect("127.0.0.1", server.port, function()
      socket:write(raw.request("POST", "/v1/chat/completions", stalled, json.encode(chat())))
    end)
    repeat until open() == 1
    socket:close()
    repeat until open() == 0
    local list = json.decode(get("/_/requests").body)
    assert.same({ "/v1/models", false }, { list[1].path, list[1].aborted })
    assert.same({ "stall-before-head", true }, { list[2].fault, list[2].aborted })
  end)
end)

describe("with-server", function()
  local function run(command)
    local pipe = io.popen(command .. "; echo $?")
    local out = pipe:read("*a")
    pipe:close()
    return out
  end

  it("gives the command an address and a key, and passes on its exit code", function()
    local out = run("src/xai/testing/with-server -- sh -c 'echo $XAI_BASE_URL $XAI_API_KEY; exit 7'")
    assert.matches("^http://127%.0%.0%.1:%d+ xai%-demo\n7\n$", out)
  end)

  it("serves a program that goes on with what another run of it has saved", function()
    local file = os.tmpname()
    local program = ([[
      local xai, tool = require "xai", { name = "get_weather", run = function() return "warm" end }
      local file = io.open "FILE"
      local saved = file:read "*a"
      file:close()
      local body = saved == "" and { model = "grok-4.5" } or xai.decode(saved)
      local talk = xai.new():conversation(body, { tools = { tool } })
      print((assert(talk:ask(saved == "" and "My name is Ada." or "What is my name?"))))
      print((assert(talk:ask(saved == "" and "Is it warm in Rome?" or "Is it warm in Oslo?"))))
      file = assert(io.open("FILE", "w"))
      file:write(xai.encode(talk:dump()))
      file:close()
    ]]):gsub("FILE", file)
    local first, code = programs.run_text(program)
    assert.equal(0, code, first)
    assert.equal("Nice to meet you, Ada.\nHere is what I found. warm.\n", first)
    local second, again = programs.run_text(program)
    os.remove(file)
    assert.equal(0, again, second)
    assert.equal("Your name is Ada.\nHere is what I found. warm.\n", second)
  end)

  it("leaves no server behind, even when it is killed", function()
    local out = run("src/xai/testing/with-server -- sh -c 'echo $XAI_BASE_URL; kill -9 $PPID' 2>/dev/null")
    local port = tonumber(out:match(":(%d+)\n"))
    local fate
    for _ = 1, 100 do
      fate = select(2, raw.exchange(port, "GET / HTTP/1.0\r\n\r\n"))
      if fate == "refused" then break end
      uv.sleep(20)
    end
    assert.equal("refused", fate)
  end)
end)
