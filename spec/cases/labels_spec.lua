--- What an answer is, whatever it is called: event streams under other types, asked for or not.

local live = require("spec.support.live")
local scripted = require("spec.support.scripted")
local stages = require("spec.support.stage")

local HI = { { role = "user", content = "Hi" } }
local BODIES = {
  chat = { model = "m", messages = HI },
  respond = { model = "m", input = "Hi" },
  message = { model = "m", max_tokens = 9, messages = HI },
  complete = { model = "m", prompt = "Hi" },
  complete_legacy = { model = "m", prompt = "Hi", max_tokens_to_sample = 9 },
}

--- A stream of "Hello" for each function, in two pieces, and its end.
local STREAMS = {
  chat = { 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n',
    'data: {"id":"c","choices":[{"index":0,"delta":{"content":"lo"}}]}\n\n', "data: [DONE]\n\n" },
  complete = { 'data: {"id":"c","choices":[{"index":0,"text":"Hel"}]}\n\n',
    'data: {"id":"c","choices":[{"index":0,"text":"lo"}]}\n\n', "data: [DONE]\n\n" },
  respond = { 'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"}\n\n',
    'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"lo"}\n\n',
    'data: {"type":"response.completed","response":{"id":"r","output":[]}}\n\n' },
  message = { 'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hel"}}\n\n',
    'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}\n\n',
    'data: {"type":"message_stop"}\n\n' },
  complete_legacy = { 'data: {"type":"completion","completion":"Hel"}\n\n',
    'data: {"type":"completion","completion":"lo"}\n\n', 'data: {"type":"completion","stop_reason":"stop"}\n\n' },
}

local TEXT_OF = {
  chat = function(r) return r.choices[1].message.content end,
  complete = function(r) return r.choices[1].text end,
  respond = function(r) return r.output[1].content[1].text end,
  message = function(r) return r.content[1].text end,
  complete_legacy = function(r) return r.completion end,
}

local NAMES = { "chat", "complete", "respond", "message", "complete_legacy" }
local TYPES = { "application/json", "application/json; charset=utf-8", "text/plain", "text/html",
  "application/octet-stream", "text/event-stream", false }

local function answer(kind, bytes)
  return "HTTP/1.1 200 OK\r\n" .. (kind and "Content-Type: " .. kind .. "\r\n" or "") .. "Connection: close\r\n"
    .. "Content-Length: " .. #bytes .. "\r\n\r\n" .. bytes
end

local function ask(said, f, options)
  return scripted.in_task({ said }, options, f)
end

local function with_stream(name, on)
  local body = {}
  for key, value in pairs(BODIES[name]) do body[key] = value end
  body.stream = on
  return body
end

--- The ways to read it: result, message, info, visible text.
local STREAMED = {
  text = function(client, name)
    local stream, message, info = client[name](client, with_stream(name, true))
    if not stream then return nil, message, info end
    local said = {}
    local ok, err = pcall(function() for text in stream:text() do said[#said + 1] = text end end)
    local result
    result, message, info = stream:result()
    assert(ok or err == info, err)
    return result, message, info, table.concat(said)
  end,
  next = function(client, name)
    local stream, message, info = client[name](client, with_stream(name, true))
    if not stream then return nil, message, info end
    stages.events(stream)
    return stream:result()
  end,
  on_event = function(client, name) return client[name](client, with_stream(name, true),
    { on_event = function() end }) end,
  start = function(client, name) return client:start(name, with_stream(name, true)):wait() end,
}
-- There a loop over text cannot yield, and the server is in this process.
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then STREAMED.text = nil end
local PLAIN = {
  call = function(client, name) return client[name](client, with_stream(name, nil)) end,
  start = function(client, name) return client:start(name, with_stream(name, nil)):wait() end,
  on_response = function(client, name)
    local heard
    local result, message, info = client[name](client, with_stream(name, nil), {
      on_response = function(what) heard = what end,
    })
    assert(heard, "the hook heard nothing")
    return result, message, info
  end,
}

--- `check(result, info, text)` for each way to read the answer.
local function each_way(waysof, name, said, check)
  for way, read in pairs(waysof) do
    local got = ask(said, function(client) return read(client, name) end)
    local ok, err = pcall(check, got[1], got[3], got[4])
    assert.is_true(ok, ("%s, %s: %s"):format(name, way, tostring(err)))
  end
end

describe("an answer", function()
  after_each(function() assert.equal(0, live()) end)

  describe("that is a stream is one, whatever it is called (openclaw/openclaw#96497):", function()
    for _, name in ipairs(NAMES) do
      it(name, function()
        for _, kind in ipairs(TYPES) do
          each_way(STREAMED, name, answer(kind, table.concat(STREAMS[name])), function(result, _, text)
            assert.equal("Hello", TEXT_OF[name](result), tostring(kind))
            assert.equal("Hello", text or "Hello", tostring(kind))
          end)
        end
      end)
    end

    it("and whatever it begins with", function()
      local bytes = table.concat(STREAMS.chat)
      for _, first in ipairs { ": hello\n\n", "event: message\n", "id: 1\n", "retry: 10\n", "\n\n\r\n", "\239\187\191",
        "\239\187\191\n: x\n", ":\n" } do
        for _, kind in ipairs { "application/json", "text/plain" } do
          each_way(STREAMED, "chat", answer(kind, first .. bytes), function(result)
            assert.equal("Hello", TEXT_OF.chat(result))
          end)
        end
      end
    end)

    it("and wherever it is cut", function()
      for cut = 1, 9 do
        local whole = answer("application/json", "\239\187\191\n" .. table.concat(STREAMS.chat))
        local head = #whole:match("^.-\r\n\r\n")
        local said = scripted.slowly(whole:sub(1, head + cut), whole:sub(head + cut + 1))
        local got = ask(said, function(client) return STREAMED.next(client, "chat") end)
        assert.equal("Hello", TEXT_OF.chat(got[1]), cut)
      end
    end)
  end)

  it("that is JSON is none, whatever it is called (openclaw/openclaw#96497)", function()
    local whole = { chat = '{"choices":[{"index":0,"message":{"content":"Hello"}}]}',
      respond = '{"output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]}]}' }
    for name, json in pairs(whole) do
      for _, kind in ipairs(TYPES) do
        for _, first in ipairs { "", " \r\n" } do
          each_way(STREAMED, name, answer(kind, first .. json), function(result, _, text)
            assert.equal("Hello", TEXT_OF[name](result), tostring(kind))
            assert.equal("Hello", text or "Hello", tostring(kind))
          end)
        end
      end
    end
    for _, kind in ipairs { "application/json", "text/html" } do
      for _, text in ipairs { "data", "eventually", "null", "", "<p>data: x</p>" } do
        each_way(STREAMED, "chat", answer(kind, text), function(result, info)
          assert.same({ nil, "decode" }, { result, info.kind })
        end)
      end
    end
  end)

  describe("to a call without `stream` that is one is merged (BerriAI/litellm#25766):", function()
    for _, name in ipairs(NAMES) do
      it(name, function()
        for _, kind in ipairs(TYPES) do
          each_way(PLAIN, name, answer(kind, table.concat(STREAMS[name])), function(result, info)
            assert.equal("Hello", TEXT_OF[name](result), tostring(kind))
            assert.equal(200, info.status)
          end)
        end
      end)

      it(name .. ", cut off or broken", function()
        local pieces = STREAMS[name]
        each_way(PLAIN, name, answer("text/event-stream", pieces[1] .. pieces[2]), function(result, info)
          assert.same({ nil, "truncated", "Hello" }, { result, info.kind, TEXT_OF[name](info.partial) })
        end)
        local short = answer("text/event-stream", table.concat(pieces)):gsub("(Content%-Length: )%d+", "%199999")
        each_way(PLAIN, name, short:sub(1, -#pieces[3] - 1), function(result, info)
          assert.same({ nil, "truncated", "Hello" }, { result, info.kind, TEXT_OF[name](info.partial) })
        end)
        each_way(PLAIN, name, answer("text/event-stream", pieces[1] .. "data: {half\n\n" .. pieces[3]),
          function(result, info)
          assert.same({ nil, "decode", "Hel" }, { result, info.kind, TEXT_OF[name](info.partial) })
        end)
      end)

      it(name .. ", with an error in it", function()
        local failure = 'data: {"type":"error","error":{"type":"invalid_request_error","message":"Not so"}}\n\n'
        for _, kind in ipairs { "text/event-stream", "application/json" } do
          each_way(PLAIN, name, answer(kind, failure), function(result, info)
            assert.same({ nil, "Not so", nil }, { result, info.message, info.partial })
          end)
          each_way(PLAIN, name, answer(kind, STREAMS[name][1] .. failure), function(result, info)
            assert.same({ nil, "Not so", "Hel" }, { result, info.message, TEXT_OF[name](info.partial) })
          end)
        end
      end)
    end

    it("and an error that passes is asked again", function()
      local failure = answer("text/event-stream", 'data: {"error":{"message":"no capacity"}}\n\n')
        :gsub("\r\n", "\r\nretry-after-ms: 1\r\n", 1)
      local got, requests = ask(failure, function(client) return client:chat(BODIES.chat) end, { max_retries = 2 })
      assert.same({ "no capacity", 3 }, { got[3].message, requests })
    end)
  end)

  it("that failed shows no key, in what there was of it either (QuantumNous/new-api#4362)", function()
    local said = answer("text/event-stream", 'data: {"type":"response.failed","response":{"id":"r","status":"failed",'
      .. '"error":{"code":"x","message":"Wrong: xai-spec-0123456789abcdef"}}}\n\n')
    each_way(STREAMED, "respond", said, function(_, info)
      assert.equal("failed", info.partial.status)
      assert.matches("^Wrong: %*+$", info.partial.error.message)
    end)
  end)

  it("from elsewhere that is called a stream is as it was (BerriAI/litellm#25766)", function()
    local got = ask(answer("text/event-stream", "data: 1\n\n"), function(client)
      return client:request { method = "GET", path = "/v1/odd" }
    end)
    assert.equal("data: 1\n\n", got[1])
  end)

  describe("that is read raw (defect found by reading, 24)", function()
    local function raw(kind, bytes)
      local got = ask(answer(kind, bytes), function(client)
        return stages.events(assert(client:chat(with_stream("chat", true), { raw = true })))
      end)
      return got[1], got[2]
    end

    it("has the events of the standard and no other, when it is called a stream", function()
      for _, bytes in ipairs { "<html><p>data: x</p>\n\n</html>\n\n", '{"a":1}', '{"a":1}\n\n', "[1]\n\n", "no\n\n",
        "" } do
        local events, message = raw("text/event-stream", bytes)
        assert.same({ {}, nil }, { events, message }, bytes)
      end
      assert.same({ { event = "message", data = "1" } }, (raw("text/event-stream", "{\ndata: 1\n\n<html>")))
      assert.same({ { event = "message", data = "null" }, { event = "ping", data = "x" } },
        (raw("text/event-stream; charset=utf-8", "data: null\n\nevent: ping\ndata: x\n\n")))
    end)

    it("has them, too, where its bytes show that it is a stream", function()
      for _, kind in ipairs { "application/json", "text/plain", false } do
        assert.same({ { event = "message", data = "1" } }, (raw(kind, "retry: 1\ndata: 1\n\n")))
      end
    end)
  end)

  it("that only kept its line alive may begin anew (Kilo-Org/kilocode#3083)", function()
    local failure = 'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    for _, kind in ipairs { "ping", "keepalive", "heartbeat", "keep-alive" } do
      local said = answer("text/event-stream", ('data: {"type":"%s"}\n\n'):format(kind) .. failure)
        :gsub("\r\n", "\r\nretry-after-ms: 1\r\n", 1)
      local got, requests = ask(said, function(client) return client:message(with_stream("message", true),
        { on_event = function() end }) end, { max_retries = 1 })
      assert.same({ "Overloaded", 2 }, { got[3].message, requests }, kind)
    end
  end)

  describe("whose line is kept alive (Kilo-Org/kilocode#3083)", function()
    local QUIET = { "data: null\n\n", "data: \n\n", "data\n\n", "data:  \t\n\n", "event: ping\ndata: now\n\n",
      "event: keep-alive\ndata: {\n\n", "event: keepalive\ndata\n\n", "event: heartbeat\ndata: 12:00\n\n",
      "event: ping\n\n", ": ping\n\n", "data: \"\"\n\n", "event: Keep_Alive\ndata: x\n\n",
      "event: heart-beat\ndata: x\n\n" }
    for _, name in ipairs(NAMES) do
      it("says no more by that: " .. name, function()
        for _, quiet in ipairs(QUIET) do
          local pieces = STREAMS[name]
          local bytes = quiet .. pieces[1] .. quiet .. pieces[2] .. quiet .. quiet .. pieces[3] .. quiet
          for _, all in ipairs { STREAMED, PLAIN } do
            each_way(all, name, answer("text/event-stream", bytes), function(result, _, text)
              assert.equal("Hello", TEXT_OF[name](result), quiet)
              assert.equal("Hello", text or "Hello", quiet)
            end)
          end
        end
      end)
    end
  end)
end)
