--- The option `tape` of xai.new: what xai.testing is made of (see src/bind/tape.h).

local core = require "xai.core"
local leftovers = require "spec.support.leftovers"
local live = require "spec.support.live"
local raised = require "spec.support.raised"
local server = require "xai.testing.server"
local xai = require "xai"

local HEAD = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
local HI = { { role = "user", content = "Hi" } }

local function json_answer(body, more)
  return { head = HEAD:format("application/json", #body, more or ""), body = body }
end

local EVENTS = {
  'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}\n\n',
  'data: {"choices":[{"index":0,"delta":{"content":"lo"}}]}\n\n',
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
  "data: [DONE]\n\n",
}

local function stream_answer(events)
  events = events or EVENTS
  local sizes = {}
  for i, event in ipairs(events) do sizes[i] = #event end
  local body = table.concat(events)
  return { head = HEAD:format("text/event-stream", #body, ""), body = body, sizes = table.concat(sizes, " ") }
end

--- A tape that gives these answers in turn and remembers what it was asked.
local function tape_of(...)
  local tape = { asked = {} }
  local answers = { ... }
  function tape.answer(self, ...)
    self.asked[#self.asked + 1] = { ... }
    return answers[#self.asked]
  end
  return tape
end

describe("The option tape", function()
  local client, tape

  --- A client, without a key and an address that anybody serves, of a tape with these answers.
  local function use(...)
    tape = tape_of(...)
    client = xai.new { tape = tape, base_url = "http://127.0.0.1:1/gate/v1" }
    return client
  end

  after_each(function()
    if client then client:close() end
    client = nil
    assert.equal(0, live())
  end)

  it("is asked with name, method, path, body and arguments", function()
    use(json_answer '{"id":"a"}', json_answer '{"id":"b"}', json_answer '{"id":"c"}')
    local body = { model = "m", messages = HI }
    client:chat(body)
    client:get_response "re/1"
    client:request { path = "/v1/models", query = { page = 2 } }
    local first, second, third = tape.asked[1], tape.asked[2], tape.asked[3]
    assert.same({ "chat", "POST", "/v1/chat/completions", '{"messages":[{"content":"Hi","role":"user"}],"model":"m"}' },
      { first[1], first[2], first[3], first[4] })
    assert.equal(body, first[5])
    assert.same({ "get_response", "GET", "/v1/responses/re%2F1" }, { second[1], second[2], second[3] })
    assert.same({ nil, "re/1" }, { second[4], second[5] })
    assert.same({ "request", "GET", "/v1/models?page=2" }, { third[1], third[2], third[3] })
  end)

  it("answers without a connection and without a key", function()
    use(json_answer('{"id":"a","object":"x"}', "x-request-id: one\r\n"))
    local result, message, info = client:get_response "a"
    assert.same({ id = "a", object = "x" }, result)
    assert.is_nil(message)
    assert.same({ 200, 1, "one" }, { info.status, info.attempts, info.request_id })
    assert.equal("http://127.0.0.1:1/gate/v1/responses/a", info.url)
  end)

  it("answers with a stream, piece by piece: one in each step", function()
    use(stream_answer())
    local heard = {}
    local call = client:start("chat", { model = "m", messages = HI, stream = true }, {
      on_event = function(event)
        local choice = event.choices[1]
        heard[#heard + 1] = choice.delta.content or choice.finish_reason
      end,
    })
    assert.same({}, heard)
    local most = 0
    while not call:done() do
      local before = #heard
      xai.step(0)
      most = math.max(most, #heard - before)
    end
    assert.equal(1, most)
    assert.same({ "Hel", "lo", "stop" }, heard)
    assert.equal("Hello", xai.text(call:result()))
  end)

  it("gives a stream that is larger than what may be unread", function()
    local events = {}
    for i = 1, 400 do
      events[i] = 'data: {"choices":[{"index":0,"delta":{"content":"' .. ("x"):rep(1000) .. '"}}]}\n\n'
    end
    events[#events + 1], events[#events + 2] = EVENTS[3], EVENTS[4]
    use(stream_answer(events))
    local stream = client:chat({ model = "m", messages = HI, stream = true }, { max_buffer = 10000 })
    for _ = 1, 500 do xai.step(0) end
    local size = 0
    for text in stream:text() do size = size + #text end
    assert.equal(400 * 1000, size)
  end)

  it("answers with failures of the service", function()
    local body = '{"code":"resource-exhausted","error":"Too many requests"}'
    use({ head = ("HTTP/1.1 429 No\r\nContent-Type: application/json\r\nRetry-After: 7\r\nContent-Length: %d\r\n\r\n")
      :format(#body), body = body })
    local result, message, info = client:chat({ model = "m", messages = HI }, { max_retries = 3 })
    assert.is_nil(result)
    assert.equal("HTTP 429 rate_limit: Too many requests", message)
    assert.same({ "rate_limit", 429, 7, true, "no", 1 },
      { info.kind, info.status, info.retry_after, info.retryable, info.billed, info.attempts })
  end)

  it("answers with failures on the way", function()
    use({ kind = "connection", phase = "connect", why = "nobody is there" }, { kind = "timeout", phase = "idle" })
    local _, message, info = client:list_models()
    assert.equal("connection (connect): nobody is there", message)
    assert.same({ "connection", "connect", "no" }, { info.kind, info.phase, info.billed })
    _, message, info = client:list_models()
    assert.equal("timeout (idle): ", message)
    assert.equal("timeout", info.kind)
  end)

  it("breaks an answer off", function()
    local cut = stream_answer { EVENTS[1], EVENTS[2] }
    cut.kind, cut.phase = "truncated", "stream"
    use(cut)
    local stream = client:chat { model = "m", messages = HI, stream = true }
    local heard = {}
    local err = raised(function() for text in stream:text() do heard[#heard + 1] = text end end)
    assert.same({ "Hel", "lo" }, heard)
    assert.same({ "truncated", "stream", "the stream ended without its end marker", "yes" },
      { err.kind, err.phase, err.message, err.billed })
    assert.equal("Hello", xai.text(err.partial))
  end)

  it("takes a head that never ends for one that was cut off", function()
    use({ head = "HTTP/1.1 200 OK\r\nContent-", body = "x" })
    assert.equal("truncated", select(3, client:list_models()).kind)
  end)

  it("lets a call be cancelled in the middle, and collected", function()
    use(stream_answer(), stream_answer(), stream_answer())
    local call = client:start("chat", { model = "m", messages = HI, stream = true }, { on_event = function() end })
    xai.step(0)
    xai.step(0)
    call:cancel()
    assert.equal("cancelled", select(3, call:result()).kind)
    client:chat { model = "m", messages = HI, stream = true }:close()
    client:chat { model = "m", messages = HI, stream = true }
    client = client:close()
    collectgarbage()
    collectgarbage()
  end)

  it("obeys the deadline", function()
    use(stream_answer())
    local call = client:start("chat", { model = "m", messages = HI, stream = true }, { deadline = 5 })
    core.skip_time(6)
    assert.equal("deadline", select(3, call:wait()).phase)
  end)

  it("may refuse a call, at the line of the user", function()
    use(nil)
    function tape.answer() return nil, "the tape is empty" end
    local message = raised(function() client:list_models() end)
    assert.matches("tape_option_spec.lua:%d+: client:list_models: the tape is empty$", message)
    function tape.answer() error "it broke" end
    assert.matches("it broke$", raised(function() client:list_models() end))
  end)

  it("may leave a call alone", function()
    use(nil)
    client:close()
    client = xai.new { tape = tape, base_url = "http://127.0.0.1:1", api_key = "xai-0123456789", max_retries = 0 }
    assert.equal("connection", select(3, client:list_models()).kind)
  end)

  it("is one of xai.new, and a tape", function()
    use(nil)
    assert.matches("client:list_models: option 'tape' is one of xai.new$",
      raised(function() client:list_models { tape = tape } end))
    for _, wrong in ipairs { "x", true, { answer = true } } do
      assert.matches("xai.new: option 'tape' must be a tape of xai.testing$",
        raised(function() xai.new { tape = wrong } end))
    end
  end)
end)

describe("A tape that records", function()
  local KEY = "xai-spec-0123456789abcdef"
  local service, client, told

  setup(function()
    service = server.spawn { pace = 0 }
    leftovers.add(service.close)
  end)
  teardown(function() service.close() end)

  before_each(function()
    told = {}
    local tape = {}
    function tape.answer()
      return {
        record = true,
        done = function(self, head, body, sizes, cut)
          told[#told + 1] = { path = self.path, sent = self.body, head = head, body = body, sizes = sizes, cut = cut }
        end,
      }
    end
    client = xai.new { tape = tape, base_url = service.url, api_key = KEY, max_retries = 0 }
  end)
  after_each(function()
    client:close()
    assert.equal(0, live())
  end)

  local function ask(fields, options)
    local body = { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } } }
    for name, value in pairs(fields or {}) do body[name] = value end
    return client:chat(body, options)
  end

  it("is told of the whole answer once", function()
    local result = ask()
    assert.equal(1, #told)
    assert.equal("/v1/chat/completions", told[1].path)
    assert.equal(xai.encode { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } } },
      told[1].sent)
    assert.matches("^HTTP/1.1 200 ", told[1].head)
    assert.same(result, xai.decode(told[1].body))
    assert.is_nil(told[1].cut)
    collectgarbage()
    collectgarbage()
    assert.equal(1, #told)
  end)

  it("is told of a stream at its end, with the sizes of its pieces", function()
    local stream = ask { stream = true }
    assert.equal(0, #told)
    local text = xai.text(stream:result())
    assert.equal(1, #told)
    local sum, count = 0, 0
    for size in told[1].sizes:gmatch "%d+" do sum, count = sum + size, count + 1 end
    assert.equal(#told[1].body, sum)
    assert.is_true(count > 1)
    assert.matches("data: %[DONE%]\n\n$", told[1].body)
    local replay = xai.new { base_url = service.url, tape = tape_of {
      head = told[1].head, body = told[1].body, sizes = told[1].sizes,
    } }
    assert.equal(text, xai.text(replay:chat({ model = "x", messages = HI, stream = true }):result()))
    replay:close()
  end)

  it("is told of what came of a stream that was closed or dropped", function()
    local stream = ask({ stream = true }, { headers = { ["x-fault"] = "stall-in-stream,3" } })
    local iterator = stream:text()
    iterator()
    stream:close()
    assert.same({ 1, "closed" }, { #told, told[1].cut })
    assert.is_true(#told[1].body > 100)
    stream = ask({ stream = true }, { headers = { ["x-fault"] = "stall-in-stream,3" } })
    stream:next()
    stream, iterator = nil, nil -- luacheck: ignore 331 311
    collectgarbage()
    collectgarbage()
    assert.same({ 2, "closed" }, { #told, told[2].cut })
    assert.is_true(#told[2].body > 100)
  end)

  it("is told what cut an answer off", function()
    ask(nil, { headers = { ["x-fault"] = "reset-in-body" } })
    assert.same({ 1, "connection" }, { #told, told[1].cut })
    client:list_models { base_url = "http://127.0.0.1:1" }
    assert.same({ 2, "connection", "", "" }, { #told, told[2].cut, told[2].head, told[2].body })
    ask(nil, { headers = { ["x-fault"] = "status,429" } })
    assert.same({ 3 }, { #told, told[3].cut })
    assert.matches("^HTTP/1.1 429 ", told[3].head)
  end)

  it("is told of the last attempt alone", function()
    local result, _, info = client:list_models { max_retries = 2, headers = { ["x-fault"] = "flaky,1" },
      on_retry = require("spec.support.clock").skip_pause }
    assert.equal(2, info.attempts)
    assert.equal(1, #told)
    assert.same(result, xai.decode(told[1].body))
  end)

  it("is never told the key", function()
    ask({ user = "I am " .. KEY }, { headers = { ["x-fault"] = "echo-key" } })
    client:request { path = "/v1/models", query = { key = KEY } }
    assert.equal(2, #told)
    for _, one in ipairs(told) do
      for _, text in pairs(one) do assert.is_nil(text:find("0123456789", 1, true), text) end
    end
    assert.matches("I am %*+", told[1].sent)
  end)

  it("may fail, and the call does not", function()
    client:close()
    client = xai.new { base_url = service.url, api_key = KEY, tape = { answer = function()
      return { record = true, done = function() error "the disk is full" end }
    end } }
    assert.truthy(ask())
  end)
end)
