--- Error answers that break off, are long or never end; streams whose first event is an error.

local live = require("spec.support.live")
local scripted = require("spec.support.scripted")
local xai = require("xai")

local KEY = "xai-spec-0123456789abcdef"
local MESSAGES = { { role = "user", content = "Hi" } }
local HI = { model = "grok-4.5", messages = MESSAGES }

local GOOD = scripted.answer(200, {}, '{"object":"list"}')

local function clone(t, more)
  local copy = {}
  for name, value in pairs(t) do copy[name] = value end
  for name, value in pairs(more or {}) do copy[name] = value end
  return copy
end

--- What becomes of `client:NAME(body)` when the server says these answers, one a connection.
local function ask(answers, options, name, body, keeps)
  local server = scripted.start(answers, keeps)
  local client = xai.new(clone({ api_key = KEY, base_url = server.url, max_retries = 2 }, options))
  if name ~= "list_models" then body = body or HI end
  local result, message, info = scripted.wait(client:start(name or "chat", body))
  client:close()
  server.close()
  return result, message, info, server
end

local function head(status, headers)
  return "HTTP/1.1 " .. status .. " Said\r\nretry-after-ms: 1\r\n" .. (headers or "") .. "\r\n"
end

local WORDS = '{"error":{"message":"The model is overloaded","type":"server_error"}}'
local HALF = '{"error":{"message":"The model is over'

-- Ways in which the body of an answer can break off; the reset comes after what was said is read.
local BREAKS = {
  ["before its Content-Length"] = function(status, body) return head(status, "Content-Length: 5000\r\n") .. body end,
  ["before its last chunk"] = function(status, body)
    return head(status, "Transfer-Encoding: chunked\r\n") .. ("%x\r\n%s\r\n"):format(#body, body)
  end,
  ["within a chunk"] = function(status, body)
    return head(status, "Transfer-Encoding: chunked\r\n") .. ("%x\r\n%s"):format(#body + 100, body)
  end,
  ["in a chunk that is none"] = function(status, body)
    return head(status, "Transfer-Encoding: chunked\r\n") .. ("%x\r\n%s\r\nxyz\r\n"):format(#body, body)
  end,
  ["by bytes that are no gzip"] = function(status, body)
    return head(status, "Content-Encoding: gzip\r\nContent-Length: " .. #body .. "\r\n") .. body
  end,
}

local KINDS = {
  [301] = "redirect", [400] = "bad_request", [401] = "authentication", [404] = "not_found", [408] = "bad_request",
  [413] = "too_large", [422] = "unprocessable", [429] = "rate_limit", [500] = "server", [501] = "server",
  [503] = "server", [529] = "server",
}
local PASSES = { [408] = true, [429] = true, [500] = true, [503] = true, [529] = true }

describe("an error answer that breaks off", function()
  after_each(function() assert.equal(0, live()) end)

  for way, say in pairs(BREAKS) do
    it(way .. " is that error (fault servers, 51)", function()
      for status, kind in pairs(KINDS) do
        local result, message, info = ask { say(status, WORDS) }
        local all = message .. " by status " .. status
        assert.is_nil(result)
        assert.same({ kind, status, PASSES[status] and 3 or 1 }, { info.kind, info.status, info.attempts }, all)
        if way ~= "by bytes that are no gzip" and status ~= 301 then
          assert.matches("The model is overloaded", message)
          assert.equal(WORDS, info.body)
        end
      end
    end)

    it(way .. " is repeated as that error, and what follows counts (fault servers, 51)", function()
      local result, message, info = ask({ say(503, HALF), say(429, ""), GOOD }, nil, "list_models")
      assert.equal("list", result and result.object, message)
      assert.equal(3, info.attempts)
      local stream = clone(HI, { stream = true })
      local _, _, failed = ask({ say(503, HALF), say(403, WORDS) }, nil, "chat", stream)
      assert.same({ "permission", 2 }, { failed.kind, failed.attempts })
    end)
  end

  -- What came, and what is said of it: words, code, type.
  local HALVES = {
    [HALF] = { "The model is over" },
    ['{"error":{"message":"Overloaded","type":"server_err'] = { "Overloaded", nil, "server_err" },
    ['{"error":{"type":"server_error","code":"busy"'] = { "Not Found", "busy", "server_error" },
    ['{"code":"Some code","error":"The model'] = { "The model", "Some code" },
    ['{"error":{"message":"a\\u00e'] = { "a" },
    ['{"error":{"message":"a\\'] = { "a" },
    ['{"error":{"message":"caf\195'] = { "caf" },
    ['[{"error":{"message":"The mod'] = { "The mod" },
    ['{"detail":[{"loc":["body","x"],"msg":"field req'] = { "body.x: field req" },
    ['{"error":{"message":"Provider returned error","metadata":{"raw":"No room'] = {
      "Provider returned error: No room",
    },
    ['{"error":{"inner":{"reason":"No ro'] = { "No ro" },
    ['{"error":{'] = { "Not Found" },
    ['{"messages":[{"role":"user","content":"of the user'] = { "Not Found" },
    ["{'error': 'No room'"] = { "{'error': 'No room'" },
    ["{'error':"] = { "{'error':" },
    ["No ro"] = { "No ro" },
  }

  it("says what it said until then (fault servers, 51)", function()
    for half, said in pairs(HALVES) do
      local _, _, info = ask({ BREAKS["before its Content-Length"](404, half) })
      assert.same({ 404, said[1], said[2], said[3] }, { info.status, info.message, info.code, info.type }, half)
      assert.equal(half, info.body)
    end
  end)

  it("is of the kind that its code tells (fault servers, 51)", function()
    local half = '{"error":{"code":"insufficient_quota","message":"You exc'
    local _, _, info = ask({ BREAKS["within a chunk"](429, half) })
    assert.same({ "quota", 1 }, { info.kind, info.attempts })
  end)

  it("is repeated after the time that it asks for, and not where it forbids that (fault servers, 51)", function()
    local later = BREAKS["before its Content-Length"](503, HALF):gsub("retry%-after%-ms: 1", "Retry-After: 121")
    local _, _, info = ask { later }
    assert.same({ "server", 1, 121 }, { info.kind, info.attempts, info.retry_after })
    local never = later:gsub("Retry%-After: 121", "x-should-retry: false")
    assert.equal(1, select(3, ask { never }).attempts)
    assert.equal(1, select(3, ask({ BREAKS["within a chunk"](503, HALF) }, { retry = "safe" })).attempts)
    assert.equal(3, select(3, ask({ BREAKS["within a chunk"](429, HALF) }, { retry = "safe" })).attempts)
  end)
end)

describe("of a long error answer", function()
  after_each(function() assert.equal(0, live()) end)

  local MIB = 2 ^ 20

  --- Answers that never end: what is said is `piece` at most, so whoever waits for more waits for ever.
  local function endless(status, piece, headers)
    return { head(status, headers or "Content-Length: 67108864\r\n") .. piece, scripted.stall }
  end

  it("a mebibyte is kept, and the rest is not waited for (defect found by reading, 23)", function()
    local page = "The model is overloaded. " .. ("x"):rep(MIB)
    for _, body in ipairs { HI, clone(HI, { stream = true }) } do
      local _, message, info, server = ask({ endless(503, page) }, nil, "chat", body, true)
      assert.same({ "server", 503, 3, MIB }, { info.kind, info.status, info.attempts, #info.body })
      assert.matches("The model is overloaded", message)
      assert.equal(3, server.connections) -- none was used again
    end
  end)

  it("it is the same without a length (defect found by reading, 23)", function()
    local piece = ("%x\r\n%s\r\n"):format(2 * MIB, ("x"):rep(2 * MIB))
    local _, _, info = ask({ endless(404, piece, "Transfer-Encoding: chunked\r\n") }, nil, "list_models", nil, true)
    assert.same({ "not_found", 404, 1, MIB }, { info.kind, info.status, info.attempts, #info.body })
  end)

  --- What `gzip` makes of `megabytes` MiB of a page, as often one after the other as `times` says.
  local function bomb(megabytes, times)
    local command = "yes 'The model is overloaded.' | head -c " .. megabytes .. "M"
    local pipe = assert(io.popen(command .. (" | gzip -9"):rep(times)))
    local packed = pipe:read("*a")
    pipe:close()
    return packed
  end

  it("it is the same where it comes compressed (defect found by reading, 23)", function()
    for times, coding in ipairs { "gzip", "gzip, gzip" } do
      local packed = bomb(64, times)
      assert.is_true(#packed < MIB / 4)
      local fields = "Content-Encoding: " .. coding .. "\r\nContent-Length: " .. #packed + 1 .. "\r\n"
      for status, kind in pairs { [503] = "server", [404] = "not_found" } do
        local _, message, info = ask({ endless(status, packed, fields) }, nil, "chat", nil, true)
        assert.same({ kind, status, MIB }, { info.kind, info.status, #info.body }, coding)
        assert.matches("The model is overloaded", message)
      end
    end
  end)

  it("a success that is too long when it is unpacked is not waited for either (defect found by reading, 23)", function()
    local packed = bomb(64, 1)
    local fields = "Content-Encoding: gzip\r\nContent-Length: " .. #packed + 1 .. "\r\n"
    local _, _, info = ask({ endless(200, packed, fields) }, { max_body = MIB }, "list_models", nil, true)
    assert.same({ "limit", 200 }, { info.kind, info.status })
  end)

  it("no more is kept than max_body allows, and its kind stays (defect found by reading, 23)", function()
    local long = endless(429, WORDS .. (" "):rep(100))
    local _, message, info = ask({ long }, { max_body = 100 }, "list_models", nil, true)
    assert.same({ "rate_limit", 3, 100 }, { info.kind, info.attempts, #info.body })
    assert.matches("The model is overloaded", message)
  end)

  it("the connection serves others again where it came whole (defect found by reading, 23)", function()
    local short = head(404, "Content-Length: " .. #WORDS .. "\r\n") .. WORDS
    local server = scripted.kept { short }
    local client = xai.new { api_key = KEY, base_url = server.url }
    for _ = 1, 3 do assert.equal(404, select(3, scripted.wait(client:start("list_models"))).status) end
    assert.equal(1, server.connections)
    client:close()
    server.close()
  end)
end)

-- The first event of a stream --------------------------------------------------------------------

local SSE = "Content-Type: text/event-stream\r\nConnection: close\r\n"

local STREAMS = {
  chat = { body = HI, whole = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    .. "data: [DONE]\n\n" },
  complete = { body = { model = "grok-4.5", prompt = "Hi" },
    whole = 'data: {"choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]}\n\ndata: [DONE]\n\n' },
  complete_legacy = { body = { model = "grok-4.5", prompt = "Hi", max_tokens_to_sample = 9 },
    whole = 'event: completion\ndata: {"type":"completion","completion":"Hi","stop_reason":"stop_sequence"}\n\n' },
  respond = { body = { model = "grok-4.5", input = "Hi" }, typed = true,
    whole = 'event: response.completed\ndata: {"type":"response.completed","response":{"id":"r","status":"completed",'
      .. '"output":[]}}\n\n' },
  message = { body = { model = "grok-4.5", messages = MESSAGES, max_tokens = 9 }, typed = true,
    whole = 'event: message_start\ndata: {"type":"message_start","message":{"id":"m","content":[]}}\n\n'
      .. 'event: message_stop\ndata: {"type":"message_stop"}\n\n' },
}

local PASSING = {
  '{"type":"overloaded_error","message":"Overloaded"}', '{"type":"overloaded","message":"Busy"}',
  '{"code":"overloaded","message":"Busy"}', '{"code":"server_error","message":"Oh"}',
  '{"type":"server_error","message":"Oh"}', '{"message":"The service is temporarily unavailable"}',
  '{"code":503,"message":"Oh"}', '{"code":"503","message":"Oh"}', '{"code":429,"message":"Oh"}',
  '{"code":"429","message":"Oh"}', '{"code":529,"message":"Oh"}', '{"code":"529","message":"Oh"}',
  '{"type":"rate_limit_error","message":"Oh"}', '{"code":502,"message":"Provider timed out"}',
}
local STAYING = {
  '{"type":"invalid_request_error","message":"No"}', '{"code":400,"message":"No"}', '{"code":"401","message":"No"}',
  '{"code":429,"message":"You have run out of credits"}', '{"type":"api_error","message":"No"}',
  '{"code":"content_filter","message":"No"}', '{"code":501,"message":"No"}', '{"message":"No"}',
  '{"code":"5030","message":"No"}', '{"code":true,"message":"No"}',
}

--- The event that says this error, as `name`'s service does.
local function event_of(name, err)
  if STREAMS[name].typed then return 'event: error\ndata: {"type":"error","error":' .. err .. "}\n\n" end
  return 'data: {"error":' .. err .. "}\n\n"
end

local function stream_answer(text)
  return head(200, SSE) .. text
end

local function count_attempts(name, answers, options, opts)
  local body = clone(STREAMS[name].body, { stream = true })
  local server = scripted.start(answers)
  local client = xai.new(clone({ api_key = KEY, base_url = server.url, max_retries = 2 }, options))
  local result, message, info = scripted.wait(client:start(name, body, opts))
  client:close()
  server.close()
  return info.attempts, result, message, info
end

for name, format in pairs(STREAMS) do
  describe("when the first event of " .. name .. "'s stream is an error", function()
    after_each(function() assert.equal(0, live()) end)

    it("that passes, it is asked for again (fault servers, 52)", function()
      for _, err in ipairs(PASSING) do
        for _, before in ipairs { "", ": comment\n\n", 'event: ping\ndata: {"type":"ping"}\n\n' } do
          local first = stream_answer(before .. event_of(name, err))
          local n, result, message = count_attempts(name, { first, stream_answer(format.whole) })
          assert.same({ 2, true }, { n, result ~= nil }, err .. before .. tostring(message))
        end
      end
    end)

    it("that stays, it is not (fault servers, 52)", function()
      for _, err in ipairs(STAYING) do
        local answers = { stream_answer(event_of(name, err)), stream_answer(format.whole) }
        local n, result, message, info = count_attempts(name, answers)
        assert.same({ 1, nil }, { n, result }, err)
        assert.matches(err:match('"message":"([^"]*)"'), message)
        assert.equal(200, info.status)
      end
    end)

    it("with others behind it, a break, an end or silence, it is asked for again (fault servers, 52)", function()
      local err = event_of(name, PASSING[1])
      local length = "Content-Length: 5000\r\n"
      for _, first in ipairs {
        stream_answer(err .. format.whole), head(200, SSE .. length) .. err,
        head(200, SSE .. length) .. err .. format.whole, stream_answer(err .. "data: [DONE]\n\n"),
        scripted.slowly(stream_answer(""), err), scripted.slowly(stream_answer(err:sub(1, 20)), err:sub(21)),
      } do
        local n, result, message = count_attempts(name, { first, stream_answer(format.whole) })
        assert.same({ 2, true }, { n, result ~= nil }, message)
      end
    end)

    it("its last attempt tells of it (fault servers, 52)", function()
      local n, result, message, info = count_attempts(name, { stream_answer(event_of(name, PASSING[7])) })
      assert.same({ 3, nil, "server", 200 }, { n, result, info.kind, info.status }, message)
      n, result, message, info = count_attempts(name, { stream_answer(event_of(name, PASSING[9])) })
      assert.same({ 3, nil, "rate_limit", 200 }, { n, result, info.kind, info.status }, message)
    end)

    it("behind an event that was shown it is not (fault servers, 52)", function()
      local shown = format.whole:match("^(.-\n\n)"):gsub('"finish_reason":"stop"', '"finish_reason":null')
        :gsub("response.completed", "response.created"):gsub('"stop_sequence"', "null")
      local answers = { stream_answer(shown .. event_of(name, PASSING[1])), stream_answer(format.whole) }
      local n, result = count_attempts(name, answers)
      assert.same({ 1, nil }, { n, result })
    end)

    it("it heeds x-should-retry and retry = 'safe' (fault servers, 52)", function()
      local good = stream_answer(format.whole)
      local function with(value, err)
        return head(200, SSE .. "x-should-retry: " .. value .. "\r\n") .. event_of(name, err)
      end
      assert.equal(1, (count_attempts(name, { with("false", PASSING[1]), good })))
      assert.equal(2, (count_attempts(name, { with("true", STAYING[1]), good })))
      assert.equal(1, (count_attempts(name, { stream_answer(event_of(name, PASSING[1])), good }, { retry = "safe" })))
      assert.equal(2, (count_attempts(name, { stream_answer(event_of(name, PASSING[9])), good }, { retry = "safe" })))
    end)

    it("a raw stream shows it (fault servers, 52)", function()
      local events = 0
      local answers = { stream_answer(event_of(name, PASSING[1])), stream_answer(format.whole) }
      local n, result = count_attempts(name, answers, nil,
        { raw = true, on_event = function() events = events + 1 end })
      assert.same({ 1, true, 1 }, { n, result, events })
    end)
  end)
end
