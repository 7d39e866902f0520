--- xai.testing.client: a client whose answers are written down.

local core = require "xai.core"
local live = require "spec.support.live"
local programs = require "spec.support.programs"
local raised = require "spec.support.raised"
local testing = require "xai.testing"
local xai = require "xai"

local same = assert.same
local HI = { { role = "user", content = "Hi" } }

--- The bodies of the five functions that generate text.
local BODIES = {
  chat = { model = "m", messages = HI }, respond = { model = "m", input = "Hi" },
  message = { model = "m", max_tokens = 10, messages = HI }, complete = { model = "m", prompt = "Hi" },
  complete_legacy = { model = "m", prompt = "Hi", max_tokens_to_sample = 10 },
}
local NAMES = { "chat", "respond", "message", "complete", "complete_legacy" }
local WITH_CALLS = { "chat", "respond", "message" }

local function body_of(name, fields)
  local body = {}
  for key, value in pairs(BODIES[name]) do body[key] = value end
  for key, value in pairs(fields or {}) do body[key] = value end
  return body
end

local clients

local function client_of(answers, options)
  local client = testing.client(answers, options)
  clients[#clients + 1] = client
  return client
end

local function ask(client, name, fields, options) return client[name](client, body_of(name, fields), options) end

local KINDS = {
  "bad_request", "authentication", "permission", "not_found", "unprocessable", "too_large", "rate_limit", "quota",
  "server", "api", "connection", "timeout", "tls", "protocol", "decode", "truncated", "redirect", "limit", "pending",
  "cancelled",
  "closed", "memory",
}

local weather = {
  name = "get_weather", description = "The weather in a city", parameters = xai.schema.object(xai.schema.string "city"),
  run = function(args) return { celsius = args.city == "Rome" and 24 or 9 } end,
}

describe("xai.testing.client", function()
  before_each(function() clients = {} end)
  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    assert.equal(0, live())
  end)

  for _, name in ipairs(NAMES) do
    describe("for " .. name, function()
      it("gives a text", function()
        local result, message, info = ask(client_of { "Hello, Ada." }, name)
        assert.equal("Hello, Ada.", (xai.text(result):gsub("^ ", "")))
        assert.equal("stop", xai.finish(result))
        assert.is_nil(message)
        same({ 200, "scripted-1", 1 }, { info.status, info.request_id, info.attempts })
      end)

      it("streams in words", function()
        local words = {}
        local stream = ask(client_of { "Hello, dear Ada." }, name, { stream = true })
        for word in stream:text() do words[#words + 1] = word end
        same({ "Hello,", " dear", " Ada." }, { (words[1]:gsub("^ ", "")), words[2], words[3] })
      end)

      it("gives the same streamed and whole", function()
        local answer = name:find "complete" and "A long answer." or { { reasoning = "Well." }, "A long answer." }
        local client = client_of { answer, answer }
        local whole = ask(client, name)
        local streamed = ask(client, name, { stream = true, stream_options = { include_usage = true } }):result()
        assert.equal(xai.text(whole), xai.text(streamed))
        assert.equal(xai.finish(whole), xai.finish(streamed))
        assert.equal(xai.reasoning(whole) or "", xai.reasoning(streamed) or "")
        local one, other = xai.usage(whole), xai.usage(streamed)
        same({ one and one.output, one and one.reasoning }, { other and other.output, other and other.reasoning })
      end)

      it("breaks a stream off behind its parts", function()
        local stream = ask(client_of { { "Half of it", { kind = "truncated" } } }, name, { stream = true })
        local text = ""
        local err = raised(function() for word in stream:text() do text = text .. word end end)
        assert.equal("Half of it", (text:gsub("^ ", "")))
        same({ "truncated", "yes" }, { err.kind, err.billed })
        assert.equal("Half of it", (xai.text(err.partial):gsub("^ ", "")))
      end)

      it("reports an error in a stream", function()
        local client = client_of { { "Half of it", { kind = "server", message = "boom" } } }
        local stream = ask(client, name, { stream = true })
        local result, _, info = stream:result()
        same({ nil, "server", "boom" }, { result, info.kind, info.message })
      end)

      it("works by start, with on_event, on_part and in tasks", function()
        local client = client_of { "one two", "one two", "one two", "one two" }
        local kinds = {}
        local call = client:start(name, body_of(name, { stream = true }), {
          on_part = function(kind) kinds[#kinds + 1] = kind end,
        })
        assert.equal("one two", (xai.text(call:wait()):gsub("^ ", "")))
        same({ "text", "text" }, { kinds[1], kinds[2] })
        local events = 0
        ask(client, name, { stream = true }, { on_event = function() events = events + 1 end })
        assert.is_true(events >= 2)
        local texts = xai.run(function()
          local tasks = {}
          for i = 1, 2 do tasks[i] = xai.spawn(function() return (xai.text(ask(client, name)):gsub("^ ", "")) end) end
          return { tasks[1]:wait(), tasks[2]:wait() }
        end)
        same({ "one two", "one two" }, texts)
      end)
    end)
  end

  for _, name in ipairs(WITH_CALLS) do
    describe("for " .. name .. " with calls", function()
      local ANSWER = { "Let me see.", { call = "get_weather", args = { city = "Rome" } }, { call = "nothing" } }

      local function check(result)
        assert.equal("Let me see.", xai.text(result))
        assert.equal("calls", xai.finish(result))
        local calls = xai.calls(result)
        same({ 2, "get_weather", "Rome", "nothing" }, { #calls, calls[1].name, calls[1].args.city, calls[2].name })
        same({}, calls[2].args)
      end

      it("gives them, streamed or not", function()
        local client = client_of { ANSWER, ANSWER }
        check(ask(client, name))
        check(ask(client, name, { stream = true }):result())
      end)

      it("gives an id that the test chose, and arguments as they are", function()
        local result = ask(client_of { { { call = "f", args = '{"a": 01}', id = "call-x" } } }, name)
        local call = xai.calls(result)[1]
        same({ "f", "call-x" }, { call.name, call.id })
        assert.is_nil(call.args)
      end)

      it("runs tools", function()
        local client = client_of { { { call = "get_weather", args = { city = "Rome" } } }, "It is warm." }
        local result, message, info = client:run_tools(name, body_of(name, { tools = { weather } }))
        assert.equal("It is warm.", xai.text(result), message)
        same({ 2, 1, true }, { info.run.rounds, #info.run.calls, info.run.calls[1].ok })
        assert.matches('celsius\\":24', xai.encode(client.requests[2].body), 1, true)
      end)

      it("runs tools in a stream", function()
        local client = client_of { { { call = "get_weather", args = { city = "Rome" } } }, "It is warm." }
        local run = client:run_tools(name, body_of(name, { tools = { weather }, stream = true }))
        local text = ""
        for kind, value in run:parts() do if kind == "text" then text = text .. value end end
        assert.equal("It is warm.", text)
      end)

      it("keeps conversations", function()
        local client = client_of { "Hi, Ada.", "Ada." }
        local talk = client:conversation(
          { model = "m", max_tokens = name == "message" and 10 or nil }, { endpoint = name })
        assert.equal("Hi, Ada.", talk:ask "My name is Ada.")
        assert.equal("Ada.", talk:ask "What is my name?")
        assert.equal(3, #(client.requests[2].body.input or client.requests[2].body.messages))
      end)

      it("is parsed by a schema", function()
        local value = { city = "Oslo", day = 3 }
        local schema = xai.schema.object(xai.schema.string "city", xai.schema.integer "day")
        local client = client_of { { { json = value } }, { { json = { city = "Oslo" } } } }
        same(value, (client:parse(name, body_of(name), schema)))
        local _, _, info = client:parse(name, body_of(name), schema)
        same({ "decode", "schema" }, { info.kind, info.code })
      end)

      it("tells usage, finish, model and id that the test chose", function()
        local usage = { input = 100, cached = 40, output = 30, reasoning = 10, usd = 0.25 }
        local client = client_of { { "Cut", usage = usage, finish = "length", model = "grok-9", id = "one" } }
        local result = ask(client, name)
        local read = xai.usage(result)
        same({ 100, 40, 30, 10, 0.25, 130 },
          { read.input, read.cached, read.output, name == "message" and 10 or read.reasoning, read.usd, read.total })
        same({ "length", "grok-9", "one" }, { xai.finish(result), result.model, result.id })
      end)
    end)
  end

  it("gives citations, streamed or not", function()
    local answer = { "So they say.", { citation = "https://a.example", title = "A" } }
    local client = client_of { answer, answer, answer, answer }
    for _, name in ipairs { "chat", "respond" } do
      assert.equal("https://a.example", xai.citations((ask(client, name)))[1].url)
      local cited
      for kind, value in ask(client, name, { stream = true }):parts() do
        if kind == "citation" then cited = value.url end
      end
      assert.equal("https://a.example", cited)
    end
  end)

  it("gives refusals and what a filter withheld", function()
    local client = client_of { { { refusal = "No." } }, { "x", finish = "filter" }, { "x", finish = "filter" } }
    assert.equal("filter", (xai.finish((ask(client, "message")))))
    assert.equal("filter", (xai.finish((ask(client, "chat")))))
    assert.equal("filter", (xai.finish((ask(client, "respond")))))
  end)

  it("gives pictures", function()
    local result = client_of { { { image = "\137PNG\0" }, { image = "https://x.example/a.png" } } }
      :generate_image { model = "m", prompt = "a cat" }
    assert.equal("\137PNG\0", xai.unbase64(result.data[1].b64_json))
    assert.equal("https://x.example/a.png", result.data[2].url)
  end)

  it("gives results as they are, for any function", function()
    local client = client_of {
      { result = { data = { { id = "grok-4.5" } } } }, { result = { id = "r", deleted = true } },
      { status = 404, result = { code = "not-found", error = "no" }, headers = { ["X-Request-Id"] = "mine" } },
      { bytes = "plain", headers = { ["Content-Type"] = "text/plain" } }, { status = 204 },
    }
    assert.equal("grok-4.5", client:list_models().data[1].id)
    assert.is_true(client:delete_response("r").deleted)
    assert.equal("not_found", select(3, client:get_model "x").kind)
    assert.equal("plain", (client:request { path = "/v1/x" }))
    assert.is_true((client:request { path = "/v1/x", method = "DELETE" }))
    same({ name = "list_models" }, client.requests[1])
    same({ name = "delete_response", id = "r" }, client.requests[2])
    same({ name = "request", method = "DELETE", path = "/v1/x" }, client.requests[5])
  end)

  it("answers requests by path, deferred ones and stored ones with texts", function()
    local client = client_of { "one", { kind = "pending" }, "two", "three" }
    assert.equal("one", xai.text((client:request { path = "/v1/chat/completions", body = BODIES.chat })))
    assert.equal("pending", select(3, client:get_deferred "a").kind)
    assert.equal("two", xai.text((client:get_deferred "a")))
    assert.equal("three", xai.text((client:get_response "b")))
  end)

  it("warms, which is no call", function()
    local client = client_of { "one" }
    assert.is_true((client:warm():wait()))
    same({ 0, 1 }, { #client.requests, client.left })
  end)

  it("remembers what was asked, as it was then", function()
    local client = client_of { "one", "two" }
    local body = { model = "m", messages = { { role = "user", content = "Hi" } } }
    client:chat(body)
    body.messages[1].content = "changed"
    client:chat(body)
    same({ name = "chat", body = { model = "m", messages = HI } }, client.requests[1])
    assert.equal("changed", client.requests[2].body.messages[1].content)
    same({ 2, 0 }, { #client.requests, client.left })
  end)

  it("asks a function for an answer", function()
    local client = client_of { function(name, body) return name .. " " .. body.messages[1].content end }
    assert.equal("chat Hi", xai.text((ask(client, "chat"))))
  end)

  for _, kind in ipairs(KINDS) do
    it("fails as " .. kind, function()
      local client = client_of { { kind = kind }, { kind = kind, message = "so it is" }, { kind = kind } }
      local result, message, info = ask(client, "chat")
      assert.is_nil(result)
      assert.is_string(message)
      same({ kind, 1 }, { info.kind, info.attempts })
      assert.truthy(info.billed)
      info = select(3, ask(client, "respond"))
      assert.equal(kind, info.kind)
      if kind ~= "pending" and kind ~= "redirect" then assert.equal("so it is", info.message) end
      info = select(3, ask(client, "chat", { stream = true }))
      if info.kind == nil then info = select(3, client:chat(body_of "chat")) end
      assert.equal(kind, info.kind)
    end)
  end

  it("fails with the facts that the test chose", function()
    local client = client_of {
      { kind = "rate_limit", retry_after = 7, message = "slow down", code = "busy", type = "limit", param = "n" },
      { kind = "timeout", phase = "connect" },
    }
    local _, message, info = ask(client, "chat")
    assert.matches("slow down", message)
    same({ 429, 7, "busy", "limit", "n", true, "no" },
      { info.status, info.retry_after, info.code, info.type, info.param, info.retryable, info.billed })
    info = select(3, ask(client, "chat"))
    same({ "connect", "no" }, { info.phase, info.billed })
  end)

  it("answers each attempt of a call that tries again, at once", function()
    local client = client_of({ { kind = "rate_limit", retry_after = 30 }, { kind = "server" }, "third" },
      { max_retries = 2 })
    local waits = {}
    local result, _, info = ask(client, "chat", nil, { on_retry = function(i) waits[#waits + 1] = i.kind end })
    assert.equal("third", xai.text(result))
    same({ 3, 3 }, { info.attempts, #client.requests })
    same({ "rate_limit", "server" }, waits)
    client = client_of({ { kind = "rate_limit" }, "second" }, { max_retries = 2 })
    assert.equal("second", xai.text(client:start("chat", body_of "chat"):wait()))
  end)

  it("says so when another attempt has no answer", function()
    local client = client_of({ { kind = "server" } }, { max_retries = 2 })
    assert.equal("client:chat: the script has 1 answer, and this is call 2", raised(function()
      ask(client, "chat")
    end))
  end)

  it("answers the bodies of a fallback", function()
    local client = client_of { { kind = "server" }, "second" }
    local result, _, info = ask(client, "chat", nil, { fallback = { { model = "b" } } })
    assert.equal("second", xai.text(result))
    same({ 1, "m", "b" }, { info.fallback, client.requests[1].body.model, client.requests[2].body.model })
  end)

  it("counts in a budget", function()
    local budget = xai.budget { usd = 0.30 }
    local client = client_of({ { "one", usage = { input = 1, output = 1, usd = 0.25 } },
      { "two", usage = { input = 1, output = 1, usd = 0.25 } } }, { budget = budget })
    ask(client, "chat")
    ask(client, "respond")
    same({ 0.5, 2 }, { budget.spent.usd, budget.spent.calls })
    local _, _, info = ask(client, "chat")
    same({ "limit", "budget", 2 }, { info.kind, info.code, #client.requests }) -- nothing was asked
  end)

  it("counts in a bulk job, each item once", function()
    local client = client_of { "one", { kind = "server" }, "three" }
    local report = xai.bulk({ "a", "b", "c" }, function(item)
      local result, message, info = client:chat(body_of("chat", { user = item }))
      return result and xai.text(result), message, info
    end, { at_once = 1 })
    same({ 2, 1, 3, 0 }, { report.done, report.failed, #client.requests, client.left })
  end)

  it("waits its turn in a limiter", function()
    local client = client_of({ "one", "two", "three" }, { limiter = xai.limiter { at_once = 1 } })
    local tasks = {}
    for i = 1, 3 do tasks[i] = xai.spawn(function() return xai.text((ask(client, "chat"))) end) end
    same({ "one", "two", "three" }, { tasks[1]:wait(), tasks[2]:wait(), tasks[3]:wait() })
    assert.equal(0, client.left)
  end)

  it("is waited for, and read page by page", function()
    local client = client_of {
      { kind = "pending" }, "done", { result = { status = "pending" } },
      { result = { status = "done", video = { url = "x" } } },
      { result = { batches = { { batch_id = "a" } }, pagination_token = "t" } },
      { result = { batches = { { batch_id = "b" } } } },
    }
    assert.equal("done", xai.text((client:wait("get_deferred", "a", { every = 0.01 }))))
    assert.equal("done", client:wait("get_video", "v", { every = 0.01 }).status)
    local ids = {}
    for batch in client:each "list_batches" do ids[#ids + 1] = batch.batch_id end
    same({ "a", "b" }, ids)
    same({ pagination_token = "t" }, client.requests[6].query)
  end)

  it("gives bytes to files", function()
    local PNG = "\137PNG\r\n\26\n" .. ("x"):rep(100000)
    local client = client_of {
      { { image = PNG } }, { { image = PNG } }, { bytes = PNG }, { bytes = PNG }, { bytes = PNG },
    }
    local path = os.tmpname()
    local function written(name)
      local file = assert(io.open(name, "rb"))
      local bytes = file:read "*a"
      file:close()
      os.remove(name)
      return bytes == PNG
    end
    local picture = { model = "m", prompt = "a cat" }
    assert.is_true(written(client:generate_image(picture, { save = path .. ".1" }).data[1].path))
    assert.is_true(written((client:save(client:generate_image(picture).data[1], path .. ".2"))))
    assert.is_true(written((client:download("https://x.example/a.png", path .. ".3"))))
    client:request({ path = "/v1/files/x" }, { file = path .. ".4" })
    assert.is_true(written(path .. ".4"))
    local parts = {}
    for chunk in client:request({ path = "/v1/files/x", stream = true }):chunks() do parts[#parts + 1] = chunk end
    assert.is_true(table.concat(parts) == PNG)
    os.remove(path)
  end)

  it("runs hooks", function()
    local heard = {}
    local client = client_of({ "one" }, {
      on_request = function() heard[#heard + 1] = "request" end,
      on_response = function(info) heard[#heard + 1] = "response " .. info.status end,
    })
    ask(client, "chat")
    same({ "request", "response 200" }, heard)
  end)

  it("obeys deadlines and cancels", function()
    local client = client_of { "one two three", "one two three" }
    local call = client:start("chat", body_of("chat", { stream = true }), { deadline = 5 })
    core.skip_time(6)
    assert.equal("deadline", select(3, call:wait()).phase)
    call = client:start("chat", body_of("chat", { stream = true }))
    call:cancel()
    assert.equal("cancelled", select(3, call:result()).kind)
  end)

  it("raises when the answers are used up, at the line that asks", function()
    local client = client_of { "one" }
    ask(client, "chat")
    assert.matches("testing_spec.lua:%d+: client:list_models: the script has 1 answer, and this is call 2$",
      raised(function() client:list_models() end))
    assert.matches("testing_spec.lua:%d+: client:chat: the script has 0 answers, and this is call 1$",
      raised(function() client_of({}):start("chat", BODIES.chat) end))
    assert.matches("the script has 0 answers", tostring(raised(function()
      client_of({}):run_tools("chat", body_of("chat", { tools = { weather } }))
    end)))
  end)

  it("checks answers", function()
    local function wrong(answer, name, pattern)
      local client = client_of { answer }
      local message = raised(function()
        if name == "list_models" then client:list_models() else client[name](client, BODIES[name]) end
      end)
      assert.matches(pattern, tostring(message))
    end
    wrong(5, "chat", "client:chat: answer 1: an answer must be a text, a table or a function, got a number$")
    wrong({}, "chat", "answer 1: the answer is empty$")
    wrong({ knd = "server" }, "chat", "unknown field 'knd' %(did you mean 'kind'%?%)$")
    wrong({ json = { city = "Oslo" } }, "chat",
      "answer 1: 'json' is a field of a part, and parts stand in a list: { { json = ... } }$")
    wrong({ kind = "sever" }, "chat", "unknown kind 'sever' %(did you mean 'server'%?%)$")
    wrong({ { cal = "f" } }, "chat", "part 1 has an unknown field 'cal' %(did you mean 'call'%?%)$")
    wrong({ { args = {} } }, "chat", "part 1 must have one of the fields text,")
    wrong({ "a", 7 }, "chat", "part 2 must be a text or a table, got a number$")
    wrong({ { call = 7 } }, "chat", "part 1: 'call' must be a string, got a number$")
    wrong({ "a", finish = "lenght" }, "chat", "unknown finish 'lenght' %(did you mean 'length'%?%)$")
    wrong({ "a", usage = { inputs = 1 } }, "chat", "unknown field 'inputs' %(did you mean 'input'%?%)$")
    wrong({ { kind = "server" }, "a" }, "chat", "part 2 comes after a failure, which ends the answer$")
    wrong("text", "list_models", "an answer for list_models must be { result = ... }")
    wrong(function() error "own error" end, "chat", "own error$")
  end)

  it("checks its arguments", function()
    assert.matches("testing_spec.lua:%d+: testing.client: the answers must be a list, got a string$",
      raised(function() testing.client "x" end))
    assert.matches("testing.client: options must be a table, got a number$",
      raised(function() testing.client({}, 1) end))
    assert.matches("testing_spec.lua:%d+: testing.client: unknown option 'max_retrys' %(did you mean",
      raised(function() testing.client({}, { max_retrys = 1 }) end))
    assert.matches("client has no function 'chatt' %(did you mean 'chat'%?%)",
      raised(function() return client_of({}).chatt end))
  end)

  it("is a client: it is printed, closed and collected as others", function()
    local client = client_of {}
    assert.equal("xai.client (https://api.x.ai)", tostring(client))
    client:close()
    assert.matches("the client is closed$", raised(function() client:list_models() end))
    testing.client { "x" }
    collectgarbage()
    collectgarbage()
  end)

  it("needs no luv, no key and no network, in a plain program", function()
    local output = programs.code([[
      package.preload.luv = function() error "luv is asked for" end
      local client = require "xai.testing".client { "Hello." }
      print(require "xai".text(client:chat { model = "m", messages = { { role = "user", content = "Hi" } } }))
    ]], { XAI_API_KEY = "", XAI_BASE_URL = "http://127.0.0.1:1" })
    assert.equal("Hello.\n", output)
  end)
end)
