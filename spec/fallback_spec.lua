--- Option `fallback`: other bodies, where one has failed.

local clock = require("spec.support.clock")
local live = require("spec.support.live")
local scripted = require("spec.support.scripted")
local xai = require("xai")

local KEY = "xai-spec-0123456789abcdef"
local PATCHES = { { model = "second" }, { model = "third", temperature = xai.null } }

local function body(fields)
  local all = { model = "first", messages = { { role = "user", content = "Hi" } }, temperature = 0.5 }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

local NOW = { ["retry-after-ms"] = 1 }
local function answer(status, text, headers) return scripted.answer(status, headers or NOW, text) end

local BUSY = answer(503, '{"error":"busy"}')
local GOOD = answer(200, '{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":'
  .. '{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}')

local SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
local CHUNK = 'data: {"id":"c1","object":"chat.completion.chunk","choices":'
  .. '[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}\n\n'
local STREAM = SSE .. CHUNK .. "data: [DONE]\n\n"
local function stream_error(words, code)
  return SSE .. ('data: {"error":{"message":"%s","code":"%s"}}\n\n'):format(words, code or "internal_error")
end

local function header(request, name)
  return request:lower():match("\r\n" .. name:gsub("%-", "%%-") .. ": ([^\r]*)")
end

--- The body that a request has sent.
local function sent(request) return xai.decode(request:match("\r\n\r\n(.*)$")) end

--- The models that these requests named.
local function models(requests)
  local list = {}
  for i, request in ipairs(requests) do list[i] = sent(request).model end
  return table.concat(list, " ")
end

--- What `client:NAME(body, options)` gives when the server says these answers; in a task.
local function ask(answers, options, fields, name)
  local all = { fallback = PATCHES, on_retry = clock.skip_pause }
  for key, value in pairs(options or {}) do all[key] = value end
  local got, _, requests = scripted.in_task(answers, nil, function(client)
    local f = client[name or "chat"]
    return f(client, body(fields), all)
  end)
  return got[1], got[2], got[3], requests
end

-- How a stream is read: the text, or nil, message, info.
local READERS = {
  { "text", function(stream)
    local text = {}
    local ok, err = pcall(function() for piece in stream:text() do text[#text + 1] = piece end end)
    if not ok then return nil, tostring(err), err end
    return table.concat(text), nil, stream:info()
  end },
  { "result", function(stream)
    local result, message, info = stream:result()
    return result and result.choices[1].message.content, message, info
  end },
  { "next", function(stream)
    local text = {}
    local event, message, info = stream:next()
    while event do
      text[#text + 1] = event.choices and event.choices[1].delta.content
      event, message, info = stream:next()
    end
    if message then return nil, message, info end
    return table.concat(text), nil, stream:info()
  end },
  { "next_part", function(stream)
    local text = {}
    local kind, value, more = stream:next_part()
    while kind do
      if kind == "text" then text[#text + 1] = value end
      kind, value, more = stream:next_part()
    end
    if value then return nil, value, more end
    return table.concat(text), nil, stream:info()
  end },
}

-- Lua 5.1 cannot wait in an iterator, and the server is in this process.
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then table.remove(READERS, 1) end

--- The same for calls that are streamed: the text, message, info, the requests.
local function ask_stream(answers, read, options)
  local all = { fallback = PATCHES, on_retry = clock.skip_pause }
  for key, value in pairs(options or {}) do all[key] = value end
  local got, _, requests = scripted.in_task(answers, nil, function(client)
    local stream, message, info = client:chat(body { stream = true }, all)
    if not stream then return nil, message, info end
    return read(stream)
  end)
  return got[1], got[2], got[3], requests
end

describe("fallback", function()
  after_each(function() assert.equal(0, live()) end)

  it("sends the body with each patch in turn, until one answers", function()
    local result, message, info, requests = ask { BUSY, BUSY, GOOD }
    assert.is_nil(message)
    assert.same({ "c1", 2, 3 }, { result.id, info.fallback, info.attempts })
    assert.equal("first second third", models(requests))
    assert.same(body(), sent(requests[1]))
    assert.same(body { model = "second" }, sent(requests[2]))
    local third = body { model = "third" }
    third.temperature = nil
    assert.same(third, sent(requests[3]))
  end)

  it("is nothing where the body answers", function()
    local result, _, info, requests = ask { GOOD }
    assert.same({ "c1", 1, 1 }, { result.id, info.attempts, #requests })
    assert.same({}, { info.fallback, info.tried })
  end)

  it("leaves the tables of the caller as they are", function()
    local mine, patch = body(), { model = "second", temperature = xai.null, n = 1 }
    local list = { patch }
    scripted.in_task({ BUSY, GOOD }, nil, function(client) return client:chat(mine, { fallback = list }) end)
    assert.same(body(), mine)
    assert.same({ { model = "second", temperature = xai.null, n = 1 } }, list)
  end)

  it("sends what the tables held when the call began", function()
    local mine, patch = body(), { model = "second" }
    local _, _, requests = scripted.in_task({ BUSY, GOOD }, nil, function(client)
      local call = client:start("chat", mine, { fallback = { patch } })
      mine.messages[1].content, patch.model = "changed", "changed"
      return call:wait()
    end)
    assert.same({ body(), body { model = "second" } }, { sent(requests[1]), sent(requests[2]) })
  end)

  it("sends members in the order of their names, and adds new ones", function()
    local patch = { zeta = 1, alpha = { b = xai.null }, model = "m" }
    local _, _, _, requests = ask({ BUSY, GOOD }, { fallback = { patch } })
    assert.equal('{"alpha":{"b":null},"messages":[{"content":"Hi","role":"user"}],'
      .. '"model":"m","temperature":0.5,"zeta":1}', requests[2]:match("\r\n\r\n(.*)$"))
  end)

  it("gives each body its attempts anew, and says so in on_retry", function()
    local heard = {}
    local function hear(info)
      heard[#heard + 1] = { info.kind, info.fallback or 0, info.next_fallback or 0, info.attempts }
      clock.skip_pause(info)
    end
    local result, _, info, requests = ask({ BUSY, BUSY, BUSY, BUSY, GOOD }, { max_retries = 1, on_retry = hear })
    assert.same({ "c1", 2, 5 }, { result.id, info.fallback, info.attempts })
    assert.equal("first first second second third", models(requests))
    assert.same({ { "server", 0, 0, 1 }, { "server", 0, 1, 2 }, { "server", 1, 0, 3 }, { "server", 1, 2, 4 } }, heard)
  end)

  it("ends with the last error, and tells of those before", function()
    local result, message, info, requests = ask { BUSY, answer(404, '{"error":"no such model"}'),
      answer(500, '{"error":"broken"}') }
    assert.is_nil(result)
    assert.equal("HTTP 500 server: broken (3 attempts, fallback 2)", message)
    assert.same({ "server", 500, 2, 3 }, { info.kind, info.status, info.fallback, info.attempts })
    assert.same({
      { model = "first", kind = "server", status = 503, message = "busy" },
      { model = "second", kind = "not_found", status = 404, message = "no such model" },
    }, info.tried)
    assert.equal("first second third", models(requests))
  end)

  it("tells of those before after a success, too", function()
    local _, _, info = ask { BUSY, GOOD }
    assert.same({ { model = "first", kind = "server", status = 503, message = "busy" } }, info.tried)
  end)

  it("follows errors of the server and under status 200, rate limits, missing models, and nothing else", function()
    local cases = {
      { answer(500, "{}"), "server" }, { answer(501, "{}"), "server" }, { answer(503, "<html>"), "server" },
      { answer(429, '{"error":"slow down"}'), "rate_limit" }, { answer(404, '{"error":"no model"}'), "not_found" },
      { answer(200, '{"code":"internal","error":"The model failed"}'), "" }, { "", "connection" },
      { answer(400, '{"code":"invalid-argument","error":"Model not found: first"}'), "bad_request" },
      { answer(400, '{"error":{"message":"The model `first` does not exist","code":"x"}}'), "bad_request" },
      { answer(400, '{"error":{"message":"no","code":"model_not_found"}}'), "bad_request" },
      { answer(429, '{"error":"slow"}', { ["retry-after"] = 500 }), "rate_limit" },
      { answer(400, '{"error":"bad"}'), false }, { answer(401, '{"error":"key"}'), false },
      { answer(403, '{"error":"no"}'), false }, { answer(422, '{"error":"type"}'), false },
      { answer(413, '{"error":"long"}'), false }, { answer(402, '{"error":"money"}'), false },
      { answer(301, "", { location = "https://elsewhere.example/" }), false }, { answer(200, "{"), false },
      { answer(200, "[]"), false }, { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{", false },
    }
    for i, case in ipairs(cases) do
      local result, _, info, requests = ask { case[1], GOOD }
      local follows = case[2] and true or false
      assert.equal(follows, result ~= nil, "case " .. i .. ": " .. tostring(info))
      assert.same({ follows and 2 or 1, follows and 1 or nil }, { #requests, info.fallback }, "case " .. i)
      if case[2] and case[2] ~= "" then assert.equal(case[2], info.tried[1].kind) end
    end
  end)

  it("follows a timeout, but not the deadline, which is one for all", function()
    local result, _, info = ask({ scripted.stall, GOOD }, { timeout = 0.05 })
    assert.same({ "c1", 1, "timeout" }, { result.id, info.fallback, info.tried[1].kind })
    local none, _, late, requests = ask({ scripted.stall, scripted.stall, GOOD }, { timeout = 0.15, deadline = 0.2 })
    assert.is_nil(none)
    assert.same({ "timeout", "deadline", 1, 2 }, { late.kind, late.phase, late.fallback, #requests })
  end)

  it("goes to the next body where another attempt would come after the deadline", function()
    local late = answer(503, "{}", { ["retry-after"] = 100 })
    local result, _, info = ask({ late, GOOD }, { max_retries = 2, deadline = 20 })
    assert.same({ "c1", 1, 2 }, { result.id, info.fallback, info.attempts })
  end)

  it("does not follow what may have begun with retry = \"safe\"", function()
    local refused, unknown = answer(429, "{}"), answer(404, "{}")
    for _, case in ipairs { { BUSY, false }, { "", false }, { refused, true }, { unknown, true } } do
      local result, _, info = ask({ case[1], GOOD }, { retry = "safe" })
      assert.equal(case[2], result ~= nil, tostring(info))
    end
  end)

  it("is a request of its own: another id, another key of idempotency, the same conversation", function()
    local headers = { ["Idempotency-Key"] = "Once", ["x-grok-conv-id"] = "conv-7" }
    local _, _, _, requests = ask({ BUSY, BUSY, BUSY, GOOD }, { max_retries = 1, headers = headers })
    local ids, keys = {}, {}
    for i, request in ipairs(requests) do
      ids[i], keys[i] = header(request, "x-client-request-id"), header(request, "idempotency-key")
      assert.same({ "conv-7", "bearer " .. KEY },
        { header(request, "x-grok-conv-id"), header(request, "authorization") })
      assert.equal(#request:match("\r\n\r\n(.*)$"), tonumber(header(request, "content-length")))
    end
    assert.same({ "once", "once", "once-fallback", "once-fallback" }, keys)
    assert.equal(ids[1], ids[2])
    assert.equal(ids[3], ids[4])
    assert.not_equal(ids[1], ids[3])
    local _, _, _, own = ask({ BUSY, BUSY, GOOD }, { headers = { ["X-Client-Request-Id"] = "mine" } })
    for _, request in ipairs(own) do assert.equal("mine", header(request, "x-client-request-id")) end
    local _, _, _, left_out = ask({ BUSY, GOOD }, { headers = { ["Idempotency-Key"] = false } })
    assert.is_nil(header(left_out[2], "idempotency-key"))
  end)

  it("asks a key function for each attempt", function()
    local n = 0
    local function key()
      n = n + 1
      return "key-" .. n
    end
    local result, _, info, requests = ask({ BUSY, BUSY, GOOD }, { api_key = key })
    assert.same({ "c1", 2 }, { result.id, info.fallback })
    for i, request in ipairs(requests) do assert.equal("bearer key-" .. i, header(request, "authorization")) end
  end)

  it("shows no key that a server echoes", function()
    local echo = answer(503, '{"error":"no ' .. KEY .. '"}')
    local _, _, info = ask { echo, echo, BUSY }
    assert.is_nil(xai.encode(info.tried):find(KEY, 1, true))
  end)

  it("takes no more than text: long bodies, long models, escapes", function()
    local long = ("x"):rep(300000)
    local fields = { messages = { { role = "user", content = long } }, model = ("m"):rep(500) }
    local result, _, info, requests = ask({ BUSY, GOOD }, { fallback = { { ["a/b\"\\\1"] = "c/\"\\\1" } } }, fields)
    assert.equal("c1", result.id)
    assert.same({ { kind = "server", status = 503, message = "busy" } }, info.tried)
    local got = sent(requests[2])
    assert.equal(long, got.messages[1].content)
    assert.equal("c/\"\\\1", got["a/b\"\\\1"])
  end)

  it("is traced by debug", function()
    local lines = {}
    ask({ BUSY, GOOD }, { debug = function(line) lines[#lines + 1] = line end })
    assert.matches("will try fallback 1 after: HTTP 503 server: busy", table.concat(lines, "\n"), 1, true)
  end)

  describe("of a client", function()
    local function two(options, f)
      options.fallback = options.fallback or { { model = "second" } }
      options.on_retry = clock.skip_pause
      return scripted.in_task({ BUSY, GOOD }, options, f)
    end

    it("is for the functions that generate text", function()
      local got = two({}, function(client) return client:chat(body()) end)
      assert.same({ "c1", 1 }, { got[1].id, got[3].fallback })
      for _, name in ipairs { "tokenize", "generate_image" } do
        local fields = { model = "first", text = "Hi", prompt = "Hi" }
        got = two({}, function(client) return client[name](client, fields) end)
        assert.same({ "server", 1 }, { got[3].kind, got[3].attempts }, name)
      end
      got = two({}, function(client) return client:list_models() end)
      assert.same({ "server", 1 }, { got[3].kind, got[3].attempts })
    end)

    it("gives way to that of a call, also to an empty list", function()
      local mine = { fallback = { { model = "mine" } } }
      local _, _, requests = two({}, function(client) return client:chat(body(), mine) end)
      assert.equal("first mine", models(requests))
      local got = two({}, function(client) return client:chat(body(), { fallback = {} }) end)
      assert.same({ "server", 1 }, { got[3].kind, got[3].attempts })
    end)
  end)

  it("is for any function with a body, also by client:request", function()
    local result, _, info = ask({ BUSY, GOOD }, nil, { text = "Hi" }, "tokenize")
    assert.same({ "c1", 1 }, { result.id, info.fallback })
    local got, _, requests = scripted.in_task({ BUSY, GOOD }, nil, function(client)
      return client:request({ path = "/v1/other", body = body() }, { fallback = PATCHES })
    end)
    assert.same({ "c1", 1 }, { got[1].id, got[3].fallback })
    assert.equal("first second", models(requests))
  end)

  describe("of a stream", function()
    for _, way in ipairs(READERS) do
      it("follows an error before its first event, read by " .. way[1], function()
        for _, first in ipairs { BUSY, stream_error("The model failed"), stream_error("No capacity", "overloaded"),
          stream_error("no such model", "not_found"), SSE .. ": comment\n\n" .. stream_error("x"):sub(#SSE + 1) } do
          local text, message, info, requests = ask_stream({ first, STREAM }, way[2])
          assert.same({ "Hello" }, { text, message })
          assert.same({ 1, 2 }, { info.fallback, info.attempts })
          assert.equal("first second", models(requests))
        end
      end)

      it("does not follow once output has come, read by " .. way[1], function()
        for _, rest in ipairs { 'data: {"error":{"message":"The model failed"}}\n\n', "" } do
          local text, _, info, requests = ask_stream({ SSE .. CHUNK:gsub('"stop"', "null") .. rest, STREAM }, way[2])
          assert.same({}, { text, info.fallback })
          assert.equal(1, #requests)
        end
      end)

      it("ends with the last error, read by " .. way[1], function()
        local text, _, info = ask_stream({ stream_error("one"), stream_error("two"), stream_error("three") }, way[2])
        assert.is_nil(text)
        assert.same({ "three", 2, 3 }, { info.message, info.fallback, info.attempts })
        assert.same({ "one", "two" }, { info.tried[1].message, info.tried[2].message })
      end)
    end

    it("does not follow an error that another body meets, too", function()
      local _, _, info = ask_stream({ stream_error("no", "insufficient_quota"), STREAM }, READERS[1][2])
      assert.same({ 1 }, { info.attempts, info.fallback })
    end)

    it("answers a started call with on_event, on_part or neither", function()
      for _, options in ipairs { { on_event = function() end }, { on_part = function() end }, {} } do
        local heard = 0
        for name in pairs(options) do options[name] = function() heard = heard + 1 end end
        options.fallback = PATCHES
        local got = scripted.in_task({ stream_error("The model failed"), STREAM }, nil, function(client)
          return client:start("chat", body { stream = true }, options):wait()
        end)
        assert.same({ "Hello", 1 }, { got[1].choices[1].message.content, got[3].fallback })
        assert.equal(next(options, next(options)) ~= nil, heard > 0)
      end
    end)
  end)

  describe("of a stream that has opened", function()
    -- What opens an answer, what it is, and an error in its place, for each API.
    local function event(value) return "event: " .. value.type .. "\ndata: " .. xai.encode(value) .. "\n\n" end
    local function response(status, more)
      local all = { id = "r1", object = "response", status = status, model = "second", output = xai.array {} }
      for name, value in pairs(more or {}) do all[name] = value end
      return all
    end
    local message = { type = "message", role = "assistant", content = { { type = "output_text", text = "Hello" } } }
    local ROLE = 'data: {"id":"c1","object":"chat.completion.chunk","choices":'
      .. '[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
    local APIS = {
      respond = {
        event { type = "response.created", response = response "in_progress" }
          .. event { type = "response.in_progress", response = response "in_progress" },
        event { type = "response.output_text.delta", output_index = 0, content_index = 0, delta = "Hello" }
          .. event { type = "response.completed", response = response("completed", { output = { message } }) },
        event { type = "response.failed", response = response("failed",
          { error = { code = "server_error", message = "broken" } }) },
        "response.created response.in_progress",
      },
      message = {
        event { type = "message_start", message = { id = "m1", type = "message", role = "assistant",
          content = xai.array {}, model = "second", usage = { input_tokens = 3, output_tokens = 1 } } },
        event { type = "content_block_start", index = 0, content_block = { type = "text", text = "" } }
          .. event { type = "content_block_delta", index = 0, delta = { type = "text_delta", text = "Hello" } }
          .. event { type = "content_block_stop", index = 0 }
          .. event { type = "message_delta", delta = { stop_reason = "end_turn" }, usage = { output_tokens = 2 } }
          .. event { type = "message_stop" },
        event { type = "error", error = { type = "api_error", message = "broken" } },
        "message_start",
      },
      chat = { ROLE, CHUNK .. "data: [DONE]\n\n", 'data: {"error":{"message":"broken"}}\n\n', "nil" },
    }

    local function request(name)
      local all = body { stream = true }
      if name == "respond" then all.messages, all.input = nil, "Hi" end
      if name == "message" then all.max_tokens = 10 end
      return all
    end

    --- Texts, kinds of events, or parts of a stream that is read so; and what ended it.
    local WAYS = {
      next = function(stream)
        local types = {}
        local one, words, info = stream:next()
        while one do
          types[#types + 1] = tostring(one.type)
          one, words, info = stream:next()
        end
        return table.concat(types, " "), words, info
      end,
      next_part = function(stream)
        local kinds = {}
        local kind, value, more = stream:next_part()
        while kind do
          kinds[#kinds + 1] = kind
          kind, value, more = stream:next_part()
        end
        return table.concat(kinds, " "), value, more
      end,
      result = function(stream)
        local result, words, info = stream:result()
        return result and xai.text(result), words, info
      end,
    }

    --- What a call with `fallback` (or without it) gives where the server says these answers.
    local function read(name, way, answers, patches)
      local got, count = scripted.in_task(answers, nil, function(client)
        local stream = assert(client[name](client, request(name), { fallback = patches }))
        local seen, words, info = WAYS[way](stream)
        return { seen = seen, message = words, info = info or stream:info() }
      end)
      return got[1], count
    end

    --- The bytes in one piece, in two, cut within the error, and with CR.
    local function forms(opening, rest)
      return {
        SSE .. opening .. rest, scripted.slowly(SSE .. opening, rest),
        scripted.slowly(SSE .. opening .. rest:sub(1, 30), rest:sub(31)),
        scripted.slowly(SSE .. opening:sub(1, 40), opening:sub(41) .. rest),
        SSE .. (opening .. rest):gsub("\n", "\r\n"), SSE .. (opening .. rest):gsub("\n", "\r"),
        scripted.slowly(SSE .. opening:gsub("\n", "\r"), (rest:gsub("\n", "\r"))),
        SSE .. ": hello\n\n" .. opening .. ": still here\n\n" .. rest,
      }
    end

    for name, api in pairs(APIS) do
      local opening, rest, failure, types = api[1], api[2], api[3], api[4]
      for way in pairs(WAYS) do
        it(name .. ": goes on where an error follows, read by " .. way, function()
          local good = read(name, way, { SSE .. opening .. rest })
          for i, first in ipairs(forms(opening, failure)) do
            local got, count = read(name, way, { first, SSE .. opening .. rest }, PATCHES)
            assert.same({ good.seen, 1, 2 }, { got.seen, got.info.fallback, count }, "form " .. i)
            assert.same({ "first", "broken" }, { got.info.tried[1].model, got.info.tried[1].message })
          end
        end)

        it(name .. ": gives all that came, in whatever pieces, read by " .. way, function()
          local good = read(name, way, { SSE .. opening .. rest })
          for i, first in ipairs(forms(opening, rest)) do
            local got, count = read(name, way, { first }, PATCHES)
            assert.same({ good.seen, 1 }, { got.seen, count }, "form " .. i)
            assert.is_nil(got.message)
          end
        end)

        it(name .. ": gives all that came before the last error, read by " .. way, function()
          local plain = read(name, way, { SSE .. opening .. failure })
          local got, count = read(name, way, { SSE .. opening .. failure }, { { model = "second" } })
          assert.same({ plain.seen, 2 }, { got.seen, count })
          assert.equal("broken", got.info.message)
          if way == "next" then assert.equal(types, got.seen) end
          local quota = failure:gsub('server_error', "insufficient_quota"):gsub('"api_error"', '"insufficient_quota"')
            :gsub('{"message":"broken"}', '{"code":"insufficient_quota","message":"broken"}')
          for i, first in ipairs(forms(opening, quota)) do
            got, count = read(name, way, { first }, PATCHES)
            assert.same({ plain.seen, "quota", 1 }, { got.seen, got.info.kind, count }, "form " .. i)
          end
        end)

        it(name .. ": gives what came where the stream breaks off, read by " .. way, function()
          local plain = read(name, way, { SSE .. opening })
          local got, count = read(name, way, { SSE .. opening }, PATCHES)
          assert.same({ plain.seen, plain.info.kind, 1 }, { got.seen, got.info.kind, count })
        end)
      end
    end

    it("gives openings that are longer than what is held", function()
      local long = event { type = "response.created", response = response("in_progress",
        { instructions = ("x"):rep(2 ^ 20) }) }
      local got, count = read("respond", "next", { SSE .. long .. long .. APIS.respond[3], STREAM }, PATCHES)
      assert.same({ "response.created response.created", 1, "broken" }, { got.seen, count, got.info.message })
    end)

    it("hands events out as they come where there is no other body", function()
      local api = APIS.respond
      local got = scripted.in_task({ scripted.slowly(SSE .. api[1], api[2]) }, nil, function(client)
        local stream = assert(client:respond(request "respond"))
        local first = stream:next()
        local facts = stream:info()
        stream:close()
        return first.type, facts.fallback
      end)
      assert.same({ "response.created" }, got)
    end)
  end)

  describe("in helpers:", function()
    local DATE = { type = "object", properties = { day = { type = "integer" } }, required = { "day" },
      additionalProperties = false }

    local function says(text, more)
      local choice = { index = 0, finish_reason = more and "tool_calls" or "stop",
        message = { role = "assistant", content = text, tool_calls = more } }
      return answer(200, xai.encode { id = "c1", object = "chat.completion", model = "second", choices = { choice },
        usage = { prompt_tokens = 5, completion_tokens = 2, total_tokens = 7 } })
    end

    it("client:parse asks with each patch, also where it asks again", function()
      local got, _, requests = scripted.in_task({ BUSY, says '{"day":"x"}', BUSY, says '{"day":3}' }, nil,
        function(client) return client:parse("chat", body(), DATE, { fallback = PATCHES, repair = 1 }) end)
      assert.same({ { day = 3 }, 1, 1 }, { got[1], got[3].fallback, got[3].repairs })
      assert.equal("first second first second", models(requests))
      for _, request in ipairs(requests) do assert.truthy(sent(request).response_format) end
    end)

    it("client:parse refuses a patch of what it sets", function()
      local client = xai.new { api_key = KEY }
      for name, field in pairs { chat = "response_format", respond = "text", message = "tool_choice" } do
        local opts = { fallback = { { model = "x" }, { [field] = xai.null } } }
        local ok, err = pcall(client.parse, client, name, body(), DATE, opts)
        assert.is_false(ok)
        assert.matches("client:parse: fallback[2]." .. field .. ": client:parse sets it", err, 1, true)
      end
      client:close()
    end)

    it("client:run_tools begins each round with the body as it is", function()
      local ran = 0
      local tool = { name = "get_weather", run = function()
        ran = ran + 1
        return "warm"
      end }
      local call = { { id = "k1", type = "function", ["function"] = { name = "get_weather", arguments = "{}" } } }
      for _, streamed in ipairs { false, true } do
        ran = 0
        local got, _, requests = scripted.in_task({ BUSY, says("", call), BUSY, BUSY, says "Warm." }, nil,
          function(client)
            local own = body { tools = { tool }, stream = streamed or nil }
            local value, message, info = client:run_tools("chat", own, { fallback = PATCHES })
            if streamed then return value:result() end
            return value, message, info
          end)
        assert.same({ "Warm.", 2, 2, 1 }, { xai.text(got[1]), got[3].fallback, got[3].run.rounds, ran })
        assert.equal("first second first second third", models(requests))
        assert.equal("tool", sent(requests[3]).messages[3].role)
        assert.equal("first", got[3].run.body.model)
      end
    end)

    it("a conversation keeps its own body, and the answer", function()
      local got = scripted.in_task({ BUSY, says "Hello Ada.", says "Ada." }, nil, function(client)
        local talk = client:conversation({ model = "first" }, { endpoint = "chat", fallback = PATCHES })
        local first, _, info = talk:ask "My name is Ada."
        local second = talk:ask "What is my name?"
        return first, second, info.fallback, #talk.items
      end)
      assert.same({ "Hello Ada.", "Ada.", 1, 4 }, got)
    end)

    it("a budget counts one call, by the model that answered, and on_usage hears of it once", function()
      local budget, heard = xai.budget { calls = 1 }, {}
      local got = scripted.in_task({ BUSY, BUSY, says "Hi" }, nil, function(client)
        local opts = { fallback = PATCHES, budget = budget, on_usage = function(usage) heard[#heard + 1] = usage end }
        local result, _, info = client:chat(body(), opts)
        local _, _, refused = client:chat(body(), opts)
        return result.id, info.fallback, refused.code
      end)
      assert.same({ "c1", 2, "budget" }, got)
      assert.same({ 1, 7, 0 }, { budget.spent.calls, budget.spent.tokens, budget.spent.unknown })
      assert.equal(7, budget.by_model.second.tokens)
      assert.is_nil(budget.by_model.first)
      assert.equal(1, #heard)
    end)

    it("a limiter admits each attempt", function()
      local limiter = xai.limiter { requests_per_minute = 6000 }
      local got = scripted.in_task({ BUSY, BUSY, says "Hi" }, nil, function(client)
        local result, _, info = client:chat(body(), { fallback = PATCHES, limiter = limiter })
        return result and result.id, info.fallback
      end)
      assert.same({ "c1", 2 }, got)
    end)
  end)

  describe("ends with the call:", function()
    it("by cancel between two bodies", function()
      local got = scripted.in_task({ BUSY, GOOD }, nil, function(client)
        local call
        call = client:start("chat", body(), { fallback = PATCHES, on_retry = function() call:cancel() end })
        return call:wait()
      end)
      assert.same({ "cancelled", 1 }, { got[3].kind, got[3].attempts })
    end)

    it("by client:close between two bodies", function()
      local got = scripted.in_task({ BUSY, GOOD }, nil, function(client)
        return client:chat(body(), { fallback = PATCHES, on_retry = function() client:close() end })
      end)
      assert.same({ "closed", 1 }, { got[3].kind, got[3].attempts })
    end)
  end)

  describe("is refused", function()
    local client
    before_each(function() client = xai.new { api_key = KEY, base_url = "http://127.0.0.1:9" } end)
    after_each(function() client:close() end)

    local function refused(options, words, fields, f)
      f = f or function() client:chat(body(fields), options) end
      local ok, err = pcall(f)
      assert.is_false(ok)
      assert.equal(words, (tostring(err):gsub("^.-: ", "", 1)))
    end

    local LIST = "client:chat: option 'fallback' must be a list of tables, as in { { model = \"grok-4.5\" } }"
    local ONE = "client:chat: fallback[%d] must be a table such as { model = \"grok-4.5\" }, "

    it("where it is no list of tables", function()
      refused({ fallback = "grok-4.5" }, LIST .. ", got string")
      refused({ fallback = { model = "grok-4.5" } }, LIST)
      refused({ fallback = { { model = "a" }, model = "b" } }, LIST)
      refused({ fallback = { "grok-4.5" } }, ONE:format(1) .. "got string")
      refused({ fallback = { { model = "a" }, { "b" } } }, ONE:format(2) .. "got a list")
      refused({ fallback = { { model = "a" }, {} } }, ONE:format(2) .. "and this one is empty")
      refused({ fallback = { [1] = { model = "a" }, [3] = { model = "b" } } }, LIST)
      refused(nil, LIST:gsub("client:chat", "xai.new") .. ", got number", nil, function() xai.new { fallback = 1 } end)
    end)

    it("where JSON has no such value, naming the place", function()
      refused({ fallback = { { model = "a" }, { model = print } } },
        "client:chat: fallback[2].model is a function, which JSON cannot express")
      local wrong = { fallback = { { messages = { { content = "\255" } } } } }
      local ok, err = pcall(client.chat, client, body(), wrong)
      assert.is_false(ok)
      assert.matches("client:chat: fallback[1].messages[1].content", err, 1, true)
    end)

    it("where the answer would be of another kind", function()
      local words = "client:chat: fallback[1].%s differs from the body's, so that the answer would be of another kind"
      refused({ fallback = { { stream = true } } }, words:format "stream")
      refused({ fallback = { { deferred = true } } }, words:format "deferred")
      refused({ fallback = { { stream = xai.null } } }, words:format "stream", { stream = true })
    end)

    it("where there is no body that could be changed", function()
      refused(nil, "client:list_models: option 'fallback' is for functions with a body", nil,
        function() client:list_models { fallback = PATCHES } end)
      refused(nil, "client:request: option 'fallback' needs a body that is a table with names", nil,
        function() client:request({ path = "/v1/x", body = "{}" }, { fallback = PATCHES }) end)
    end)

    it("not where it is empty", function()
      local call = client:start("list_models", { fallback = {} })
      call:cancel()
    end)
  end)
end)
