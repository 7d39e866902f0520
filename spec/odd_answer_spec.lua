--- Answers that are odd, though no line of them is damaged: nothing raises, nothing is called whole that is not.

local scripted = require("spec.support.scripted")
local live = require("spec.support.live")
local uv = require("luv")
local xai = require("xai")

local HI = { { role = "user", content = "Hi" } }

local BODIES = {
  chat = { model = "m", messages = HI, stream = true },
  respond = { model = "m", input = "Hi", stream = true },
  message = { model = "m", max_tokens = 9, messages = HI, stream = true },
  complete_legacy = { model = "m", prompt = "Hi", max_tokens_to_sample = 9, stream = true },
  request = { method = "POST", path = "/v1/odd", body = {}, stream = true },
}

local function sse(text)
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" .. text
end

local function drained(stream)
  for _ = 1, 20 do
    local event, message, info = stream:next()
    if message then return nil, message, info end
    if event == nil then return stream:result() end
  end
  error("the stream does not end")
end

local function words(stream)
  local parts = {}
  local ok, err = pcall(function() for text in stream:text() do parts[#parts + 1] = text end end)
  if not ok then return nil, tostring(err), err end
  return stream:result()
end

--- The ways to read a stream to its end: result, message, info.
local WAYS = {
  next = function(client, name) return drained(assert(client[name](client, BODIES[name]))) end,
  text = function(client, name) return words(assert(client[name](client, BODIES[name]))) end,
  result = function(client, name) return assert(client[name](client, BODIES[name])):result() end,
  on_event = function(client, name) return client[name](client, BODIES[name], { on_event = function() end }) end,
  start = function(client, name) return client:start(name, BODIES[name]):wait() end,
}

--- `check(result, info)` whichever way the stream is read.
local function each_way(name, text, check)
  for way, read in pairs(WAYS) do
    local got = scripted.in_task({ sse(text) }, nil, function(client) return read(client, name) end)
    local ok, err = pcall(check, got[1], got[3])
    assert.is_true(ok, ("%s: %s"):format(way, tostring(err)))
  end
end

local function truncated(partial)
  return function(result, info)
    assert.is_nil(result)
    assert.equal("truncated", info.kind)
    partial(info.partial)
  end
end

describe("a stream", function()
  after_each(function() assert.equal(0, live()) end)

  it("whose tool calls are no list at first does not raise, and others go on beside it", function()
    local calls = '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}]}'
    for _, odd in ipairs { '"none"', "7", "true", '{"a":1}' } do
      local first = '{"choices":[{"index":0,"delta":{"tool_calls":' .. odd .. "}}]}"
      each_way("chat", "data: " .. first .. "\n\ndata: " .. calls .. "\n\ndata: [DONE]\n\n", function(result)
        assert.equal("f", result.choices[1].message.tool_calls[1]["function"].name)
      end)
    end
  end)

  it("that says an empty reason in each event has not ended", function()
    local chunk = 'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}\n\n'
    for _, none in ipairs { '""', "false", "{}", "0" } do
      each_way("chat", chunk:format("Hel", none) .. chunk:format("lo", none), truncated(function(partial)
        assert.equal("Hello", partial.choices[1].message.content)
      end))
    end
    local piece = 'data: {"type":"completion","completion":"%s","stop_reason":%s}\n\n'
    each_way("complete_legacy", piece:format("Hel", '""') .. piece:format("lo", '""'), truncated(function(partial)
      assert.equal("Hello", partial.completion)
    end))
    each_way("complete_legacy", piece:format("Hel", '""') .. piece:format("lo", '"stop"'), function(result)
      assert.same({ "Hello", "stop" }, { result.completion, result.stop_reason })
    end)
  end)

  it("whose events have their type as name alone has the same result", function()
    local final = '{"response":{"id":"r","output":[{"type":"message"}]}}'
    each_way("respond", "event: response.completed\ndata: " .. final .. "\n\n", function(result)
      assert.same({ id = "r", output = { { type = "message" } } }, result)
    end)
    local delta = 'event: response.output_text.delta\ndata: {"delta":"%s","output_index":0%s}\n\n'
    local pieces = 'event: response.created\ndata: {"response":{"id":"r"}}\n\n'
      .. delta:format("Hel", "") .. delta:format("lo", ',"logprobs":[1]')
      .. "event: response.completed\ndata: {}\n\n"
    each_way("respond", pieces, function(result)
      assert.same({ "r", "Hello" }, { result.id, result.output[1].content[1].text })
    end)
    each_way("message", 'event: message_start\ndata: {"message":{"id":"m"}}\n\n'
      .. 'event: content_block_start\ndata: {"content_block":{"type":"text","text":"A"}}\n\n'
      .. 'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"B"}}\n\n'
      .. "event: message_stop\ndata: { }\n\n", function(result)
      assert.same({ "m", "AB" }, { result.id, result.content[1].text })
    end)
  end)

  it("that ends as it should without an event has an empty result", function()
    each_way("chat", "data: [DONE]\n\n", function(result, info)
      assert.same({ { object = "chat.completion", choices = {} }, 200 }, { result, info.status })
    end)
    for _, way in ipairs { "next", "result", "on_event", "start" } do
      local got = scripted.in_task({ sse ": nothing\n\n" }, nil, function(client)
        return WAYS[way](client, "request")
      end)
      assert.same({ {}, 200 }, { got[1], got[3].status }, way)
    end
  end)

  it("whose first event is a failure that passes ends by its deadline where that comes first", function()
    local refused = sse('data: {"error":{"message":"no capacity"}}\n\n')
    refused = refused:gsub("\r\n", "\r\nretry-after-ms: 1000\r\n", 1)
    local got = scripted.in_task({ refused }, { max_retries = 2, deadline = 2 }, function(client)
      local told = false
      local call = client:start("chat", BODIES.chat, { on_retry = function() told = true end })
      while not told do xai.sleep(0.002) end
      uv.sleep(2000) -- the program is busy
      return call:wait()
    end)
    assert.same({ "timeout", "deadline", 1 }, { got[3].kind, got[3].phase, got[3].attempts })
    assert.same({}, { got[3].body, got[3].status, got[3].retry_after })
  end)
end)

describe("an answer", function()
  after_each(function() assert.equal(0, live()) end)

  local JSON = { ["content-type"] = "application/json" }

  it("that is the word false is one", function()
    local no = scripted.answer(200, JSON, "false")
    local plain = { method = "POST", path = "/v1/odd", body = {} }
    local ways = {
      function(client) return client:request(plain) end,
      function(client) return client:start("request", plain):wait() end,
      function(client) return assert(client:request(BODIES.request)):next() end,
      function(client) return assert(client:request(BODIES.request)):result() end,
      function(client) return client:start("request", BODIES.request):wait() end,
    }
    for i, way in ipairs(ways) do
      local got = scripted.in_task({ no }, nil, way)
      assert.is_false(got[1], "way " .. i)
    end
  end)

  it("that is an empty list is no object", function()
    for _, text in ipairs { "[]", " [ ]", "[[]]" } do
      local _, _, info = scripted.ask { scripted.answer(200, JSON, text) }
      assert.same({ "decode", text }, { info.kind, info.body })
    end
    assert.same({}, (scripted.ask { scripted.answer(200, JSON, " {}") }))
  end)

  it("of two lengths is none, whatever stands between them", function()
    local answer = 'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n%sContent-Length: %d\r\n\r\n{"object":"odd"}'
    for _, between in ipairs { "", "X: y\r\n", "HTTP/1.1 200 : x\r\n" } do
      local _, message, info = scripted.ask({ answer:format(between, 16) })
      assert.same({ "protocol", "wait", 1 }, { info.kind, info.phase, info.attempts })
      -- From 8.21 on libcurl sees it first.
      assert.is_truthy(message:find("two lengths", 1, true) or message:find("Content-Length", 1, true), message)
    end
    assert.equal("odd", scripted.ask({ answer:gsub("15", "16"):format("X: y\r\n", 16) }).object)
  end)

  it("that is an error has its words before a number beside them", function()
    local _, _, info = scripted.ask { scripted.answer(429, JSON, '{"error":7,"message":"Slow down"}') }
    assert.equal("Slow down", info.message)
  end)
end)

describe("what came while the program was busy", function()
  it("is read before the server's silence is judged, however many streams there are", function()
    local stage = require("spec.support.stage").open { pace = 0 }
    local client = stage:new_client { idle_timeout = 0.5, max_retries = 0 }
    local calls, events = {}, 0
    for i = 1, 60 do
      calls[i] = client:start("chat", BODIES.chat, {
        headers = { ["x-fault"] = "slow-words,150" },
        on_event = function() events = events + 1 end,
      })
    end
    while events < 200 do xai.step(0.01) end -- timers of connecting are past
    uv.sleep(800)
    for _, call in ipairs(calls) do
      local _, message = call:wait()
      assert.is_nil(message)
    end
    client:close()
    stage:close()
  end)
end)

describe("an answer of a few bytes that do not tell what it is", function()
  after_each(function() assert.equal(0, live()) end)

  it("is taken for a stream only at its end, which is then not proven", function()
    for _, text in ipairs { "dat", "event: \235\232s 1\r\nCo", "ev", ":" } do
      for _, head in ipairs { "", "Content-Type: tx-stream\r\n" } do
        local answer = "HTTP/1.1 200 OK\r\n" .. head .. "Connection: close\r\n\r\n" .. text
        for _, name in ipairs { "chat", "respond", "message", "complete_legacy" } do
          local got = scripted.in_task({ answer }, nil, function(client)
            local stream, message, info = client[name](client, BODIES[name])
            if not stream then return nil, message, info end
            return drained(stream)
          end)
          assert.is_nil(got[1])
          assert.equal("truncated", got[3].kind)
        end
      end
    end
  end)
end)
