--- Which failed attempts are made again, after how long, and what the caller learns of it.

local core = require("xai.core")
local clock = require("spec.support.clock")
local scripted = require("spec.support.scripted")
local live = require("spec.support.live")
local uv = require("luv")
local xai = require("xai")

local KEY = "xai-spec-0123456789abcdef"
local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
local HI_STREAM = { model = HI.model, messages = HI.messages, stream = true }
local NOW = { ["retry-after-ms"] = 1 }

local GOOD = scripted.answer(200, {}, '{"object":"list"}')
local BUSY = scripted.answer(503, NOW, '{"error":"busy"}')
local CLOSED = "" -- not a byte, then the end

local CHUNK = 'data: {"id":"1","object":"chat.completion.chunk","choices":'
  .. '[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}\n\n'
local SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nretry-after-ms: 1\r\nConnection: close\r\n"
local STREAM = SSE .. "\r\n" .. CHUNK .. "data: [DONE]\n\n"
local BROKEN_EARLY = scripted.slowly(SSE .. "Content-Length: 500\r\n\r\n", ": a comment\n\ndata: {\"id\"")
local ENDED_EARLY = scripted.slowly(SSE .. "Content-Length: 13\r\n\r\n", ": a comment\n\n")
local BROKEN_LATE = SSE .. "Content-Length: 5000\r\n\r\n" .. CHUNK

local in_tasks = false

--- Do these at the same time: most of each is a pause before another attempt.
local function together(...)
  local tasks = {}
  for i, f in ipairs { ... } do tasks[i] = xai.spawn(f) end
  in_tasks = true
  for _, task in ipairs(tasks) do
    while task:status() ~= "done" and task:status() ~= "failed" do
      require("luv").run("nowait")
      xai.step(0.002)
    end
  end
  in_tasks = false
  for _, task in ipairs(tasks) do task:wait() end
end

local function wait_for(call)
  if not in_tasks then return scripted.wait(call) end
  return call:wait()
end

--- A client of the server whose pauses between attempts take no time.
local function new_client(server, options)
  local all = { api_key = KEY, base_url = server.url, max_retries = 2, on_retry = clock.skip_pause }
  for key, value in pairs(options or {}) do all[key] = value end
  return xai.new(all)
end

--- What becomes of `client:NAME(body)` when the server says these answers, one a connection.
local function ask(answers, options, name, body)
  local server = scripted.start(answers)
  local client = new_client(server, options)
  local call = name == "list_models" and client:start(name) or client:start(name or "chat", body or HI)
  local result, message, info = wait_for(call)
  client:close()
  server.close()
  return result, message, info, server.requests
end

local function attempts(answers, options, name, body)
  local _, _, info = ask(answers, options, name, body)
  return info.attempts, info.kind
end

--- A handle on a stream: the answers are served by this process's loop, so reads must not block.
local function read_in_task(answers, options, reader)
  local server = scripted.start(answers)
  local client = new_client(server, options)
  local got
  local function read() got = { reader(assert(client:chat(HI_STREAM))) } end
  if in_tasks then read() else together(read) end
  client:close()
  server.close()
  return got, server.requests
end

local function soft(text, code)
  return scripted.answer(200, { ["content-type"] = "application/json", ["retry-after-ms"] = 1 },
    ('{"code":"%s","error":"%s"}'):format(code or "internal", text))
end

describe("another attempt", function()
  after_each(function() assert.equal(0, live()) end)

  it("follows the statuses that pass by themselves, and no other", function()
    local passing = { [408] = true, [409] = true, [429] = true, [500] = true, [502] = true, [503] = true, [504] = true }
    for status = 520, 529 do passing[status] = true end
    for _, status in ipairs { 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 425, 429, 451, 500, 501,
      502, 503, 504, 505, 506, 507, 508, 510, 511, 519, 520, 521, 522, 523, 524, 525, 526, 527, 528, 529, 530, 599 } do
      local n = attempts({ scripted.answer(status, NOW, "no"), GOOD }, nil, "list_models")
      assert.equal(passing[status] and 2 or 1, n, "status " .. status)
    end
  end)

  it("follows an error under status 200 that passes, for streams too", function()
    for text, n in pairs {
      ["No capacity for this model right now"] = 2, ["Timed out waiting for first token"] = 2,
      ["The service is currently unavailable"] = 2, ["The model failed"] = 1,
    } do
      assert.equal(n, (attempts({ soft(text), GOOD })), text)
      assert.equal(n, (attempts({ soft(text), STREAM }, nil, "chat", HI_STREAM)), text)
    end
    assert.same({ 1, "quota" }, { attempts { soft("out of credits", "resource-exhausted"), GOOD } })
    assert.same({ 2 }, { attempts { soft("slow down", "resource-exhausted"), GOOD } })
  end)

  it("follows an answer that began and broke for a GET, but not for a POST", function()
    local broken = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"
    assert.same({ 1, "truncated" }, { attempts { broken, GOOD } })
    assert.same({ 2 }, { attempts({ broken, GOOD }, nil, "list_models") })
  end)

  it("follows an answer that broke for GET, HEAD and DELETE by client:request, and for no other method", function()
    local broken = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"
    local half = "HTTP/1.1 200 OK\r\nContent-Le" -- HEAD has nothing else to break
    for _, method in ipairs { "GET", "HEAD", "DELETE" } do
      local request = { method = method, path = "/v1/models" }
      assert.same({ 2 }, { attempts({ method == "HEAD" and half or broken, GOOD }, nil, "request", request) }, method)
    end
    for _, method in ipairs { "POST", "PUT", "PATCH", "OPTIONS" } do
      local request = { method = method, path = "/v1/models", body = "{}" }
      assert.same({ 1, "truncated" }, { attempts({ broken, GOOD }, nil, "request", request) }, method)
    end
  end)

  it("does not follow the answer with a deferred result that broke, which can be read once", function()
    local broken = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"
    local path = "/v1/chat/deferred-completion/some-id"
    assert.same({ 1, "truncated" }, { attempts({ broken, GOOD }, nil, "get_deferred", "some-id") })
    assert.same({ 1, "truncated" }, { attempts({ broken, GOOD }, nil, "request", { path = path }) })
    assert.same({ 2 }, { attempts({ CLOSED, GOOD }, nil, "request", { path = path }) })
  end)

  it("does not follow a deferred result that began to come and took too long, either", function()
    local begun = scripted.slowly("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", scripted.stall)
    local options = { timeout = 0.2, retry_timeouts = true }
    assert.same({ 1, "timeout" }, { attempts({ begun, GOOD }, options, "get_deferred", "some-id") })
    assert.same({ 2 }, { attempts({ begun, GOOD }, options, "list_models") })
  end)

  it("is one of the same method, also of a GET that has a body", function()
    local body = { method = "GET", path = "/v1/x", body = { a = 1 } }
    local _, _, info, requests = ask({ CLOSED, GOOD }, { retry = "safe" }, "request", body)
    assert.equal(2, info.attempts)
    for i = 1, 2 do assert.matches('^GET /v1/x HTTP.*\r\n\r\n{"a":1}$', requests[i]) end
  end)

  it("sends the same bytes and the same x-client-request-id", function()
    local _, _, info, requests = ask({ CLOSED, BUSY, GOOD })
    assert.equal(3, info.attempts)
    assert.equal(requests[1], requests[2])
    assert.equal(requests[1], requests[3])
    assert.matches("x%-client%-request%-id: %x+%-", requests[1])
  end)

  it("is never made of a stream whose first event came", function()
    local _, _, info = ask({ BROKEN_LATE, STREAM }, nil, "chat", HI_STREAM)
    assert.same({ 1, "truncated" }, { info.attempts, info.kind })
    assert.equal("Hello", info.partial.choices[1].message.content)
  end)

  for name, broken in pairs { ["broke"] = BROKEN_EARLY, ["ended"] = ENDED_EARLY } do
    it("is made of a stream that " .. name .. " before its first event: its reader just waits longer", function()
      together(function()
        local result, _, info, requests = ask({ broken, STREAM }, nil, "chat", HI_STREAM)
        assert.equal("Hello", result.choices[1].message.content)
        assert.same({ 2, 2 }, { info.attempts, #requests })
      end, function()
        local got = read_in_task({ broken, STREAM }, nil, function(stream)
          local first = stream:info().attempts
          local event = stream:next()
          return first, event.choices[1].delta.content, stream:info().attempts, stream:next()
        end)
        assert.same({ 1, "Hello", 2 }, got)
      end)
    end)
  end

  it("of a stream ends as the call without stream does when all break", function()
    local function breaks(answer)
      return function()
        local _, _, info, requests = ask({ answer }, { max_retries = 1 }, "chat", HI_STREAM)
        assert.same({ "truncated", 2, 2 }, { info.kind, info.attempts, #requests })
      end
    end
    together(breaks(BROKEN_EARLY), breaks(ENDED_EARLY))
  end)

  it("of a stream may be refused: its reader learns that", function()
    local got = read_in_task({ BROKEN_EARLY, scripted.answer(403, {}, '{"error":"no access"}') }, nil, function(stream)
      return stream:next()
    end)
    assert.same({ "permission", 403, 2 }, { got[3].kind, got[3].status, got[3].attempts })
    assert.equal('{"error":"no access"}', got[3].body)
  end)

  it("of a stream may be answered without one: that is its one event, and the result", function()
    for _, way in ipairs {
      function(stream) return stream:next().object, tostring(stream:next()), stream:result().object end,
      function(stream) return stream:result().object, tostring(stream:next()), stream:result().object end,
    } do
      assert.same({ "list", "nil", "list" }, read_in_task({ BROKEN_EARLY, GOOD }, nil, way))
    end
  end)

  it("of a stream may bring what is neither: that is what its reader learns", function()
    local page = scripted.answer(200, { ["content-type"] = "text/html" }, "<html>")
    for _, name in ipairs { "next", "result" } do
      local got = read_in_task({ BROKEN_EARLY, page }, nil, function(stream) return stream[name](stream) end)
      assert.same({ "decode", 2, "<html>" }, { got[3].kind, got[3].attempts, got[3].body })
      assert.matches("HTML", got[2])
    end
  end)

  it("follows a first event that is a failure which passes", function()
    local refused = SSE .. '\r\ndata: {"code":"unavailable","error":"No capacity"}\n\n'
    local lasting = SSE .. '\r\ndata: {"code":"invalid-argument","error":"No."}\n\n'
    assert.same({ 2 }, { attempts({ refused, STREAM }, nil, "chat", HI_STREAM) })
    assert.same({ 1, "bad_request" }, { attempts({ lasting, STREAM }, nil, "chat", HI_STREAM) })
    local got = read_in_task({ refused, STREAM }, nil, function(stream)
      local texts = {}
      for event in function() return (stream:next()) end do texts[#texts + 1] = event.choices[1].delta.content end
      return table.concat(texts), stream:info().attempts
    end)
    assert.same({ "Hello", 2 }, got)
    assert.same({ 3, "server" }, { attempts({ refused }, nil, "chat", HI_STREAM) })
  end)

  it("counts one budget for all of it", function()
    local _, _, info, requests = ask({ BUSY, BROKEN_EARLY, BUSY, STREAM }, { max_retries = 2 }, "chat", HI_STREAM)
    assert.same({ "server", 503, 3, 3 }, { info.kind, info.status, info.attempts, #requests })
  end)
end)

describe("retry = \"safe\"", function()
  after_each(function() assert.equal(0, live()) end)

  it("repeats a POST only where nothing can have begun", function()
    local safe = { retry = "safe" }
    assert.equal(1, (attempts({ BUSY, GOOD }, safe)))
    assert.equal(1, (attempts({ CLOSED, GOOD }, safe)))
    assert.equal(1, (attempts({ BROKEN_EARLY, STREAM }, safe, "chat", HI_STREAM)))
    assert.equal(1, (attempts({ soft "Timed out waiting for first token", GOOD }, safe)))
    assert.equal(2, (attempts({ soft "No capacity", GOOD }, safe)))
    assert.equal(2, (attempts({ scripted.answer(429, NOW, "slow down"), GOOD }, safe)))
    assert.equal(2, (attempts({ CLOSED, GOOD }, safe, "list_models")))
    local yes = { ["retry-after-ms"] = 1, ["x-should-retry"] = "true" }
    assert.equal(1, (attempts({ scripted.answer(500, yes, "no"), GOOD }, safe)))
  end)

  it("treats PATCH and its like as POST, and lets GET, HEAD and DELETE be", function()
    for _, method in ipairs { "PUT", "PATCH", "OPTIONS" } do
      local request = { method = method, path = "/v1/x", body = "{}" }
      assert.equal(1, (attempts({ BUSY, GOOD }, { retry = "safe" }, "request", request)), method)
      assert.equal(1, (attempts({ CLOSED, GOOD }, { retry = "safe" }, "request", request)), method)
    end
    for _, method in ipairs { "GET", "HEAD", "DELETE" } do
      local request = { method = method, path = "/v1/x" }
      assert.equal(2, (attempts({ BUSY, GOOD }, { retry = "safe" }, "request", request)), method)
    end
  end)

  it("repeats what could not connect", function()
    local client = xai.new { api_key = KEY, base_url = "http://127.0.0.1:1", max_retries = 1, retry = "safe" }
    local _, _, info = client:chat(HI)
    assert.same({ "connection", "connect", 2 }, { info.kind, info.phase, info.attempts })
    client:close()
  end)

  it("is one of two words", function()
    assert.has_error(function() xai.new { api_key = KEY, retry = "never" } end)
    xai.new({ api_key = KEY, retry = "usual" }):close()
  end)
end)

describe("a timeout", function()
  it("is repeated for a POST that was sent where retry_timeouts allows it", function()
    local function ends(expected, options)
      return function() assert.same(expected, { attempts({ scripted.stall, GOOD }, options) }) end
    end
    together(ends({ 1, "timeout" }, { timeout = 0.6 }), ends({ 2 }, { timeout = 0.6, retry_timeouts = true }),
      ends({ 2 }, { idle_timeout = 0.6, retry_timeouts = true }),
      ends({ 1, "timeout" }, { timeout = 0.6, retry_timeouts = true, retry = "safe" }))
  end)
end)

describe("the wait before another attempt", function()
  --- The waits that on_retry told of, in seconds.
  local function waits(answer, options)
    local told = {}
    local server = scripted.start { answer }
    local all = { api_key = KEY, base_url = server.url, max_retries = 2, on_retry = function(info)
      told[#told + 1] = info.wait
    end }
    for key, value in pairs(options or {}) do all[key] = value end
    local client = xai.new(all)
    local call = client:start("list_models")
    for _ = 1, 10000 do
      require("luv").run("nowait")
      xai.step(0.001)
      if told[1] or call:done() then break end
    end
    call:cancel()
    local _, _, info = call:result()
    client:close()
    server.close()
    return told[1], info
  end

  local function after(headers, status)
    return (waits(scripted.answer(status or 503, headers, "no")))
  end

  local function between(low, wait, high)
    assert.is_true(wait ~= nil and wait > low and wait <= high, tostring(wait))
  end

  it("is half a second, a second after a rate limit, less up to a half", function()
    between(0.2, after {}, 0.5)
    between(0.45, after({}, 429), 1)
  end)

  it("is what retry-after-ms says, else Retry-After", function()
    between(0.6, after { ["retry-after-ms"] = "700", ["retry-after"] = "50" }, 0.7)
    between(39, after { ["retry-after"] = "40" }, 40)
    between(1.3, after { ["retry-after"] = "1.5" }, 1.5)
    between(118, after { ["retry-after"] = "120" }, 120)
  end)

  it("reads the three forms of a date, by the clock of the server", function()
    local now = "Sun, 06 Nov 1994 08:49:37 GMT"
    for _, date in ipairs { "Sun, 06 Nov 1994 08:49:57 GMT", "Sunday, 06-Nov-94 08:49:57 GMT",
      "Sun Nov  6 08:49:57 1994" } do
      between(19, after { ["retry-after"] = date, date = now }, 20)
    end
    assert.is_true(after { ["retry-after"] = "Sun, 06 Nov 1994 08:49:30 GMT", date = now } < 0.1)
    between(58, after { ["retry-after"] = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 60) }, 60)
  end)

  it("takes no other text for a hint", function()
    for _, text in ipairs { "0x10", "inf", "nan", "-5", "5s", "5 5", "1e3", "soon", "+1", "1,5",
      "6 Nov 1994 08:49:57 GMT" } do
      between(0.2, after { ["retry-after"] = text }, 0.5)
    end
  end)

  it("is not begun above 120 s: the caller decides", function()
    for _, text in ipairs { "121", "3600", "99999999999999999999", ("9"):rep(100) } do
      local wait, info = waits(scripted.answer(503, { ["retry-after"] = text }, "no"))
      assert.is_nil(wait)
      assert.same({ "server", 1 }, { info.kind, info.attempts })
      assert.is_true(info.retry_after > 120)
    end
  end)

  it("is not begun when it would cross the deadline", function()
    local wait, info = waits(scripted.answer(503, { ["retry-after"] = 5 }, "no"), { deadline = 4 })
    assert.is_nil(wait)
    assert.same({ "server", 1, 5 }, { info.kind, info.attempts, info.retry_after })
  end)

  it("may be ended: what the attempt before it brought is no part of that", function()
    for kind, finish in pairs {
      cancelled = function(_, call) call:cancel() end, closed = function(client) client:close() end,
    } do
      local server = scripted.start { scripted.answer(503, { ["retry-after"] = 50 }, "no") }
      local told = false
      local client = xai.new { api_key = KEY, base_url = server.url, on_retry = function() told = true end }
      local call = client:start("list_models")
      while not told do
        require("luv").run("nowait")
        xai.step(0.001)
      end
      finish(client, call)
      local _, message, info = scripted.wait(call)
      assert.same({ kind, 1 }, { info.kind, info.attempts })
      assert.same({}, { info.status, info.retry_after, info.body, info.headers })
      assert.is_nil(message:find("503", 1, true))
      client:close()
      server.close()
    end
  end)
end)

describe("a connection that was kept", function()
  it("and is dead costs one more request, which is counted, and no error", function()
    local keep = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"object\":\"list\"}"
    local server = scripted.kept({ keep, CLOSED, keep })
    local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 0 }
    assert.equal(1, select(3, scripted.wait(client:start("list_models"))).attempts)
    local result, _, info = scripted.wait(client:start("chat", HI))
    assert.same({ "list", 1, 1 }, { result.object, info.attempts, info.resends })
    assert.equal(3, #server.requests)
    client:close()
    server.close()
  end)

  --- What becomes of `client:NAME(body)` on a dead connection, with retry = "safe".
  local function on_dead(name, body)
    local keep = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"object\":\"list\"}"
    local server = scripted.kept({ keep, CLOSED, keep })
    local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 2, retry = "safe" }
    scripted.wait(client:start("list_models"))
    local _, _, info = scripted.wait(client:start(name, body))
    client:close()
    server.close()
    return { info.kind or "fine", info.attempts + info.resends, #server.requests }
  end

  it("is not the chance to send a POST or its like twice where that must not be", function()
    assert.same({ "connection", 1, 2 }, on_dead("chat", HI))
    assert.same({ "connection", 1, 2 }, on_dead("request", { method = "PATCH", path = "/v1/x", body = "{}" }))
    assert.same({ "fine", 2, 3 }, on_dead("request", { method = "DELETE", path = "/v1/x" }))
  end)
end)

describe("what comes on a kept connection although nothing was asked for", function()
  local WHOLE = '{"object":"list","data":[]}'
  local SHORT = "HTTP/1.1 200 OK\r\nContent-Length: " .. #WHOLE .. "\r\n\r\n" .. WHOLE

  --- A second call, after the first one's answer went on with `rest`.
  local function after(rest, options)
    options = options or {}
    local server = scripted.kept({ scripted.slowly(SHORT, rest), SHORT }, options.unix_socket)
    options.api_key, options.base_url, options.max_retries = KEY, server.url, 0
    local client = xai.new(options)
    assert.same({}, assert(scripted.wait(client:start("list_models"))).data)
    while server.saying > 0 do require("luv").run("once") end
    local result, message, info = scripted.wait(client:start("chat", HI))
    client:close()
    server.close()
    return result, message, info, #server.requests, server.connections
  end

  it("is not the next call's answer, which takes another connection", function()
    for _, rest in ipairs { SHORT:gsub("list", "fake"), "rest", "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n" } do
      local result, message, info, requests, connections = after(rest)
      assert.is_nil(message)
      assert.same({ "list", 1, 2, 2 }, { result.object, info.attempts, requests, connections })
    end
  end)

  it("costs nothing that retry = \"safe\" forbids", function()
    local result, _, info, requests = after("rest", { retry = "safe" })
    assert.same({ "list", 1, 2 }, { result and result.object, info.attempts, requests })
  end)

  it("does not hide that a request was sent by another one before", function()
    local first = scripted.slowly(SHORT:sub(1, 20), SHORT:sub(21))
    local server = scripted.kept { first, scripted.slowly(SHORT, "rest"), CLOSED }
    local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 0 }
    local calls = { client:start("list_models"), client:start("list_models") }
    for _, call in ipairs(calls) do assert(scripted.wait(call)) end
    while server.saying > 0 do require("luv").run("once") end
    server.deafen()
    local _, _, info = scripted.wait(client:start("chat", HI))
    assert.same({ "connection", "wait", "maybe", 3 }, { info.kind, info.phase, info.billed, #server.requests })
    client:close()
    server.close()
  end)

  it("is none either where the answer before called itself one of HTTP/2", function()
    local lie = "HTTP/2 200 \r\n" .. SHORT:match("\r\n(.*)$")
    local server = scripted.kept { scripted.slowly(lie, (SHORT:gsub("list", "fake"))), SHORT }
    local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 0 }
    local first, _, info = scripted.wait(client:start("list_models"))
    assert.is_true(first ~= nil or info.kind == "protocol") -- libcurl 8.8 and later refuse it
    while server.saying > 0 do require("luv").run("once") end
    assert.equal("list", assert(scripted.wait(client:start("list_models"))).object)
    client:close()
    server.close()
  end)

  it("is not the next one's by a Unix socket either", function()
    local path = os.tmpname()
    os.remove(path)
    local result, message = after((SHORT:gsub("list", "fake")), { unix_socket = path })
    os.remove(path)
    assert.same({ "list" }, { result and result.object, message })
  end)
end)

describe("a DELETE", function()
  it("that libcurl sent twice, and that finds nothing the second time, has succeeded", function()
    local keep = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"object\":\"list\"}"
    local server = scripted.kept { keep, CLOSED, scripted.answer(404, {}, '{"code":"not-found","error":"none"}') }
    local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 0 }
    scripted.wait(client:start("list_models"))
    local result, _, info = scripted.wait(client:start("delete_response", "resp_1"))
    assert.same({ id = "resp_1", deleted = true }, result)
    assert.same({ 404, 1, 1 }, { info.status, info.attempts, info.resends })
    client:close()
    server.close()
  end)

  it("that finds nothing the second time has succeeded", function()
    local gone = scripted.answer(404, {}, '{"code":"not-found","error":"no such response"}')
    local result, message, info = ask({ BUSY, gone }, nil, "delete_response", "resp_1")
    assert.is_nil(message)
    assert.same({ id = "resp_1", deleted = true }, result)
    assert.same({ 404, 2 }, { info.status, info.attempts })
    assert.is_true((ask({ CLOSED, gone }, nil, "request", { method = "DELETE", path = "/v1/responses/resp_1" })))
  end)

  it("that finds nothing the first time has not", function()
    local gone = scripted.answer(404, {}, '{"code":"not-found","error":"no such response"}')
    local _, _, info = ask({ gone }, nil, "delete_response", "resp_1")
    assert.same({ "not_found", 1 }, { info.kind, info.attempts })
  end)
end)

describe("a key that a function gives", function()
  after_each(function() assert.equal(0, live()) end)
  local WRONG = scripted.answer(400, NOW, '{"code":"invalid-argument","error":"Incorrect API key provided: xa***ef"}')

  --- Asks with keys one after the other.
  local function keys(answers, list, options)
    local asked = 0
    local all = { api_key = function()
      asked = asked + 1
      local key = list[asked] or list[#list]
      if type(key) == "function" then return key() end
      return key
    end }
    for name, value in pairs(options or {}) do all[name] = value end
    local result, message, info, requests = ask(answers, all)
    local sent = {}
    for i, request in ipairs(requests) do sent[i] = request:match("Authorization: Bearer ([^\r]*)") end
    return sent, result, message, info, asked
  end

  it("is asked for each attempt", function()
    local sent, result, _, info, asked = keys({ BUSY, GOOD }, { "xai-key-number-1", "xai-key-number-2" })
    assert.same({ "xai-key-number-1", "xai-key-number-2" }, sent)
    assert.same({ "list", 2, 2 }, { result.object, info.attempts, asked })
  end)

  it("is asked for again, once, after it was refused", function()
    local sent, result = keys({ WRONG, GOOD }, { "xai-key-number-1", "xai-key-number-2" })
    assert.same({ "xai-key-number-1", "xai-key-number-2" }, sent)
    assert.equal("list", result.object)
    local three = { "xai-key-number-1", "xai-key-number-2", "xai-key-number-3" }
    local _, _, _, info, asked = keys({ WRONG, WRONG, GOOD }, three)
    assert.same({ "authentication", 2, 2 }, { info.kind, info.attempts, asked })
  end)

  it("is the end when it is the same again", function()
    local sent, _, _, info = keys({ WRONG, GOOD }, { "xai-key-number-1" })
    assert.same({ "xai-key-number-1" }, sent)
    assert.same({ "authentication", 1, 400 }, { info.kind, info.attempts, info.status })
  end)

  -- Only the engine is driven here, and only the loop asks for keys.
  for name, body in pairs { done = HI, event = HI_STREAM } do
    it("is asked for by the loop, and not by request:" .. name .. "()", function()
      local server = scripted.start { BUSY, name == "event" and STREAM or GOOD }
      local asked = 0
      local client = xai.new { base_url = server.url, max_retries = 2, api_key = function()
        asked = asked + 1
        return "xai-key-number-" .. asked
      end }
      local call = client:start("chat", body)
      for _ = 1, 200 do
        uv.run("nowait")
        core.step(0.002)
        call.request[name](call.request)
      end
      local sent, asked_by_method = #server.requests, asked
      scripted.wait(call)
      client:close()
      server.close()
      assert.same({ 1, 1, 2 }, { sent, asked_by_method, asked })
    end)
  end

  it("is told of as another attempt only where there is one", function()
    local told = {}
    local options = { on_retry = function(info) told[#told + 1] = info.kind end }
    keys({ WRONG, GOOD }, { "xai-key-number-1" }, options)
    assert.same({}, told)
    keys({ WRONG, GOOD }, { "xai-key-number-1", "xai-key-number-2" }, options)
    assert.same({ "authentication" }, told)
    keys({ BUSY, GOOD }, { "xai-key-number-1" }, options)
    assert.same({ "authentication", "server" }, told)
  end)

  it("may take longer than there is time: then that is why the call ends", function()
    local server = scripted.start { BUSY, GOOD }
    local asked = 0
    local client = xai.new { base_url = server.url, deadline = 0.3, api_key = function()
      asked = asked + 1
      if asked == 2 then xai.sleep(0.5) end
      return "xai-key-number-" .. asked
    end }
    local _, message, info = scripted.wait(client:start("list_models"))
    assert.same({ "timeout", "deadline", 1 }, { info.kind, info.phase, info.attempts })
    assert.equal("timeout (deadline): deadline of 0.3 s passed", message)
    client:close()
    server.close()
  end)

  it("is asked for by an explicit step alone: no question about a request runs the function", function()
    local server = scripted.start { BUSY, GOOD }
    local asked = 0
    local client = xai.new { base_url = server.url, api_key = function()
      asked = asked + 1
      return "xai-key-number-" .. asked
    end }
    local function turn()
      uv.run("nowait")
      core.step(0.002)
    end
    local request = core.start(client, "list_models")
    while not select(2, request:take_retry()) do turn() end
    for _, method in ipairs { "done", "opened", "event", "text", "skip", "outcome", "info", "take_retry" } do
      request[method](request)
    end
    assert.equal(1, asked)
    assert.is_true(request:rotate_key())
    assert.is_nil(request:rotate_key())
    while not request:done() do turn() end
    assert.same({ 2, 2 }, { asked, request:info().attempts })
    request:release()
    client:close()
    server.close()
  end)

  it("ends the call, without its words, when the function fails or gives none", function()
    for _, bad in ipairs { function() error "secret xai-key-number-2" end, function() return nil end,
      function() return "" end, function() return "xai-key\nnumber" end, function() return {} end } do
      local heard = {}
      xai.on_error = function(err) heard[#heard + 1] = err end
      local _, _, message, info, asked = keys({ BUSY, GOOD }, { "xai-key-number-1", bad })
      xai.on_error = nil
      assert.same({ "authentication", 1, 2 }, { info.kind, info.attempts, asked })
      assert.is_nil(message:find("number", 1, true))
      assert.equal(not pcall(bad) and 1 or 0, #heard)
    end
  end)

  it("may take calls of its own to get, and may cancel", function()
    local client, call
    local server = scripted.start { BUSY, GOOD }
    local asked = 0
    client = xai.new { base_url = server.url, max_retries = 2, api_key = function()
      asked = asked + 1
      if asked == 2 then call:cancel() end
      return "xai-key-number-" .. asked
    end }
    call = client:start("list_models")
    local _, _, info = scripted.wait(call)
    assert.equal("cancelled", info.kind)
    client:close()
    server.close()
  end)

  it("that a string gives is not asked for again", function()
    assert.same({ 1, "authentication" }, { attempts { WRONG, GOOD } })
  end)
end)
