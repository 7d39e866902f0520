--- What the network can do: each failure has its kind and its place, and the process goes on.

local uv = require("luv")
local xai = require("xai")
local listener = require("spec.support.listener")
local stages = require("spec.support.stage")
local scripted = require("spec.support.scripted")

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }

local house

--- Kind, phase and status of a failure; its line is one line, and says so.
local function told(result, message, info)
  assert.is_nil(result)
  assert.equal(message, tostring(info))
  assert.is_nil(message:find("[\r\n<]"), message)
  assert.is_truthy(message:find(info.kind, 1, true))
  return { info.kind, info.phase, info.status }
end

local function client_of(url, options)
  local all = { base_url = url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  return house:new_client(all)
end

--- A listener that is never served: who connects gets no answer.
local function mute()
  local silent = uv.new_tcp()
  silent:bind("127.0.0.1", 0)
  silent:listen(8, function() end)
  return silent, silent:getsockname().port
end

describe("a failure of the network", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  before_each(function() house:reset() end)
  after_each(function()
    assert(house:new_client():list_models()) -- the process goes on
    assert.equal(0, house:settle())
  end)

  -- Fault: kind, phase, status, billed.
  local FAULTS = {
    ["half-json"] = { "decode", nil, 200, "yes" },
    ["empty-200"] = { "decode", nil, 200, "yes" },
    ["html-200"] = { "decode", nil, 200, "yes" },
    ["null-body"] = { "decode", nil, 200, "yes" },
    ["string-body"] = { "decode", nil, 200, "yes" },
    ["short-length"] = { "truncated", "body", 200, "yes" },
    ["truncated-chunked"] = { "truncated", "body", 200, "yes" },
    ["reset-in-body"] = { "connection", "body", 200, "maybe" },
    ["reset-before-head"] = { "connection", "wait", nil, "maybe" },
    ["close-before-head"] = { "connection", "wait", nil, "maybe" },
    ["garbage"] = { "protocol", "wait", nil, "maybe" },
    ["half-head"] = { "truncated", "wait", 200, "yes" },
    ["redirect,http://elsewhere.example/v1/models"] = { "redirect", nil, 307, "no" },
  }

  for fault, row in pairs(FAULTS) do
    it("by " .. fault .. " is of kind " .. row[1], function()
      local result, message, info = house:get(fault)
      assert.same({ row[1], row[2], row[3] }, told(result, message, info))
      assert.equal(row[4], info.billed)
      assert.equal(#house:received(), info.attempts + info.resends) -- a kept connection may die
    end)
  end

  it("is told in words that name the trouble", function()
    local words = {
      ["empty-200"] = "the answer is empty", ["html-200"] = "the answer is HTML, not JSON",
      ["null-body"] = "the answer is JSON, but not an object", ["half-json"] = "the answer is not JSON: ",
      ["half-head"] = "the answer ended within its headers",
      ["redirect,http://elsewhere.example/x"] = "redirect to http://elsewhere.example/x refused",
    }
    for fault, text in pairs(words) do
      local _, message, info = house:get(fault)
      assert.is_truthy(message:find(text, 1, true), message)
      assert.equal(1, (info.message:find(text, 1, true)))
    end
  end)

  it("is none where right JSON has wrong types: that is the caller's to see", function()
    local result = assert(house:get("wrong-shape"))
    assert.equal(7, result.id)
    assert.equal("none", result.choices)
  end)

  it("is none where the type of the content is wrong", function()
    assert.equal("list", assert(house:get("wrong-type")).object)
  end)

  it("does not follow a redirect, not even to the same server", function()
    local url = house.server.url .. "/v1/language-models"
    local result, message, info = house:get("redirect," .. url)
    assert.equal("redirect", told(result, message, info)[1])
    assert.equal(url, info.headers.location)
    assert.equal(1, #house:received())
  end)

  it("is of kind connection, phase connect, when nobody listens", function()
    local client = client_of("http://127.0.0.1:" .. listener.free_port())
    local result, message, info = client:list_models()
    assert.same({ "connection", "connect" }, told(result, message, info))
    assert.is_true(info.retryable)
    assert.equal("no", info.billed)
  end)

  it("is of kind connection, phase dns, when the name is unknown", function()
    local result, message, info = client_of("https://nothing.invalid"):list_models()
    assert.same({ "connection", "dns" }, told(result, message, info))
    assert.matches("nothing.invalid", message, 1, true)
    assert.equal("no", info.billed)
  end)

  it("is of kind limit when the answer exceeds max_body", function()
    local result, message, info = house:get("", { max_body = 100 })
    assert.equal("limit", told(result, message, info)[1])
    assert.matches("the answer exceeds max_body", message, 1, true)
    assert.is_true(#(info.body or "") <= 100)
  end)

  it("is of kind limit when the head of the answer has no end", function()
    local answer = scripted.answer(200, { ["X-Long"] = ("x"):rep(90000), ["X-Longer"] = ("x"):rep(95000),
      ["X-Longest"] = ("x"):rep(99000) }, "{}")
    local _, message, info = scripted.ask { answer }
    assert.is_truthy(info.kind == "limit" or info.kind == "connection" or info.kind == "protocol", message)
  end)

  it("may strike any of the functions", function()
    local client = house:new_client { headers = { ["x-fault"] = "reset-before-head" } }
    for _, call in ipairs { { "chat", HI }, { "get_response", "x" }, { "delete_response", "x" }, { "get_api_key" } } do
      assert.equal("connection", told(client[call[1]](client, call[2]))[1])
    end
  end)
end)

describe("a timeout", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  after_each(function()
    assert(house:new_client():list_models())
    assert.equal(0, house:settle())
  end)

  it("of one attempt strikes in phase wait before the head, in phase body after it", function()
    assert.same({ "timeout", "wait" }, told(house:get("stall-before-head", { timeout = 0.05 })))
    assert.same({ "timeout", "body", 200 }, told(house:get("stall-in-stream", { timeout = 0.05 })))
  end)

  it("of silence strikes in phase idle", function()
    local result, message, info = house:get("stall-before-head", { idle_timeout = 0.05 })
    assert.same({ "timeout", "idle" }, told(result, message, info))
    assert.matches("idle_timeout of 0.05 s passed", message, 1, true)
    assert.same({ "timeout", "idle", 200 }, told(house:get("stall-in-stream", { idle_timeout = 0.05 })))
  end)

  it("of silence does not strike while bytes drip", function()
    assert(house:get("split,64,5", { idle_timeout = 0.5 }))
  end)

  it("of everything strikes in phase deadline, and nothing is tried again", function()
    local result, message, info = house:get("stall-before-head", { deadline = 0.05, max_retries = 3 })
    assert.same({ "timeout", "deadline" }, told(result, message, info))
    assert.equal(1, info.attempts)
    assert.equal("maybe", info.billed)
  end)

  it("of everything is not slept through: a wait that would pass it is not begun", function()
    local _, _, info = house:get("status,503,30", { deadline = 5, max_retries = 3 })
    assert.same({ "server", 1, 30 }, { info.kind, info.attempts, info.retry_after })
  end)

  it("of connecting strikes in phase tls when the server does not shake hands", function()
    local silent, port = mute()
    local client = client_of("https://127.0.0.1:" .. port, { connect_timeout = 0.1 })
    local result, message, info = client:list_models()
    assert.same({ "timeout", "tls" }, told(result, message, info))
    assert.equal("no", info.billed)
    silent:close()
    uv.run("nowait")
  end)

  it("of 0 is none", function()
    assert(house:get("late-head,30", { timeout = 0, idle_timeout = 0, deadline = 0, connect_timeout = 0 }))
  end)
end)

describe("another attempt", function()
  local NOW = { ["retry-after-ms"] = 1 }
  local BUSY = scripted.answer(503, NOW, '{"error":"busy"}')
  local GOOD = scripted.answer(200, {}, '{"object":"list"}')

  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  before_each(function() house:reset() end)
  after_each(function() assert.equal(0, house:settle()) end)

  it("is made after a passing failure, and its count is told", function()
    local result, message, info, requests = scripted.ask({ BUSY, BUSY, GOOD }, { max_retries = 2 })
    assert.equal("list", result.object, message)
    assert.equal(3, info.attempts)
    assert.equal(3, #requests)
    assert.equal(requests[1], requests[3])
  end)

  it("is made max_retries times at most, which the message tells", function()
    local result, message, info, requests = scripted.ask({ BUSY }, { max_retries = 3 })
    assert.is_nil(result)
    assert.equal("HTTP 503 server: busy (4 attempts)", message)
    assert.equal(4, info.attempts)
    assert.equal(4, #requests)
  end)

  it("waits by itself when the server gives no hint", function()
    local client = house:new_client { max_retries = 2, headers = { ["x-fault"] = "flaky,1" } }
    local result, _, info = client:chat(HI)
    assert.equal("chat.completion", result.object)
    assert.equal(2, info.attempts)
  end)

  it("is made after a rate limit and a lost connection, and not after these", function()
    local again = { [408] = true, [409] = true, [429] = true, [500] = true, [502] = true, [503] = true, [504] = true }
    for _, status in ipairs { 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504 } do
      local _, _, info = scripted.ask({ scripted.answer(status, NOW, "no"), GOOD }, { max_retries = 1 })
      assert.equal(again[status] and 2 or 1, info.attempts, "status " .. status)
    end
    for _, fault in ipairs { "half-json", "redirect,http://x.example/", "garbage", "echo-key" } do
      local _, _, info = house:get(fault, { max_retries = 2 })
      assert.equal(1, info.attempts, fault)
    end
    house:reset()
    local _, _, info = house:get("reset-before-head", { max_retries = 1 })
    assert.equal("connection", info.kind)
    assert.equal(#house:received(), info.attempts + info.resends)
    assert.equal(2, info.attempts)
  end)

  it("is not made where waiting cures nothing: no credits, no key", function()
    local quota = scripted.answer(429, NOW, '{"error":"Team x is out of credits."}')
    local _, _, info = scripted.ask({ quota, GOOD }, { max_retries = 2 })
    assert.same({ "quota", 1, false }, { info.kind, info.attempts, info.retryable })
  end)

  it("is not made once the answer has begun", function()
    local client = house:new_client { max_retries = 2, headers = { ["x-fault"] = "reset-in-body" } }
    local _, _, info = client:chat(HI)
    assert.same({ "connection", 1 }, { info.kind, info.attempts })
    assert.equal(1, #house:received())
  end)

  it("is not made after a POST ran into its timeout, for it may have been billed; a GET is repeated", function()
    local options = { timeout = 0.05, max_retries = 1, headers = { ["x-fault"] = "stall-before-head" } }
    local client = house:new_client(options)
    local _, _, info = client:chat(HI)
    assert.same({ "timeout", 1 }, { info.kind, info.attempts })
    _, _, info = client:list_models()
    assert.same({ "timeout", 2 }, { info.kind, info.attempts })
  end)

  it("is for the server to decide by x-should-retry", function()
    local yes = { ["retry-after-ms"] = 1, ["x-should-retry"] = "true" }
    local no = { ["retry-after-ms"] = 1, ["x-should-retry"] = "false" }
    local _, _, info = scripted.ask({ scripted.answer(400, yes, "no"), GOOD }, { max_retries = 1 })
    assert.same({ 200, 2 }, { info.status, info.attempts })
    _, _, info = scripted.ask({ scripted.answer(503, no, "no"), GOOD }, { max_retries = 1 })
    assert.same({ 503, 1 }, { info.status, info.attempts })
  end)

  it("is not waited for when Retry-After asks for too long: the caller decides", function()
    local _, _, info = house:get("status,429,3600", { max_retries = 2 })
    assert.same({ "rate_limit", 1, 3600 }, { info.kind, info.attempts, info.retry_after })
  end)

  it("is made at once when Retry-After is 0", function()
    local _, _, info = house:get("status,429,0", { max_retries = 2 })
    assert.same({ "rate_limit", 3 }, { info.kind, info.attempts })
  end)

  it("leaves nothing of the failure in the result", function()
    local _, message, info = scripted.ask({ BUSY, GOOD }, { max_retries = 1 })
    assert.is_nil(message)
    assert.same({}, { info.kind, info.message, info.body, info.retry_after, tostring(info):match("HTTP") })
  end)

  it("can be cut short: a cancelled call makes none", function()
    local server = scripted.start { scripted.answer(503, { ["retry-after"] = 20 }, "no") }
    local client = client_of(server.url, { max_retries = 2 })
    local call = client:start("list_models")
    for _ = 1, 200 do
      uv.run("nowait")
      xai.step(0.001)
    end
    assert.is_false(call:done())
    call:cancel()
    local _, _, info = call:result()
    assert.same({ "cancelled", 1 }, { info.kind, #server.requests })
    server.close()
  end)
end)
