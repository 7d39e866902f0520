--- Whatever the service says in refusing, the user gets a kind to act on and one line to read.

local stages = require("spec.support.stage")
local scripted = require("spec.support.scripted")
local xai = require("xai")

local UUID = "%x%x%x%x%x%x%x%x%-5eed%-4%x%x%x%-8%x%x%x%-%x+"
local TEAM = "7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e"
local PHRASE = {
  invalid = "Client specified an invalid argument",
  permission = "The caller does not have permission to execute the specified operation",
  missing = "Some requested entity was not found",
  exhausted = "Some resource has been exhausted",
  unavailable = "The service is currently unavailable",
}

local house

local function contents(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- Both the second value and the object as text are this one line.
local function assert_line(pattern, message, info)
  assert.equal(message, tostring(info))
  assert.is_nil(message:find("[\r\n]"), message)
  assert.matches(pattern, message)
end

local function escaped(text)
  return (text:gsub("%p", "%%%0"))
end

-- Fixture: status, kind, message, code, retryable, billed.
local FIXTURES = {
  ["error.400.incorrect-api-key.json"] = { 400, "authentication",
    "Incorrect API key provided. Make a new one in the console.", "invalid-argument", false, "no" },
  ["error.400.invalid-argument.json"] = { 400, "bad_request", "Invalid reasoning effort.", "invalid-argument",
    false, "no" },
  ["error.400.malformed-json.txt"] = { 400, "bad_request",
    "Failed to parse the request body as JSON: expected value at line 1 column 2", nil, false, "no" },
  ["error.400.model-not-found.json"] = { 400, "bad_request", "Model not found: grok-99", "invalid-argument",
    false, "no" },
  ["error.400.old-style-code.json"] = { 400, "authentication",
    "Incorrect API key provided: xa***ey. Make a new one in the console.", PHRASE.invalid, false, "no" },
  ["error.400.string-only.json"] = { 400, "bad_request",
    "'response_format' is not supported on /v1/responses — use 'text.format'", nil, false, "no" },
  ["error.400.unsupported-parameter.json"] = { 400, "bad_request",
    "Model grok-4.7 does not support parameter presencePenalty.", "invalid-argument", false, "no" },
  ["error.401.json"] = { 401, "authentication",
    "No credentials were supplied. Send an Authorization: Bearer header.", "unauthenticated", false, "no" },
  ["error.403.permission.json"] = { 403, "quota", "Team " .. TEAM .. " has no credits or licenses.",
    PHRASE.permission, false, "no" },
  ["error.403.safety.json"] = { 403, "permission",
    "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_EXAMPLE", nil, false, "maybe" },
  ["error.404.model.json"] = { 404, "not_found", "Model grok-99 is unknown, or closed to team " .. TEAM .. ".",
    PHRASE.missing, false, "no" },
  ["error.404.response.json"] = { 404, "not_found",
    "Response with id 00000000-0000-4000-8000-000000000000 was not found.", "not-found", false, "no" },
  ["error.404.route.json"] = { 404, "not_found", "No handler found on route.", PHRASE.missing, false, "no" },
  ["error.410.live-search.json"] = { 410, "bad_request",
    "Live search is deprecated; use server-side tools on /v1/responses.", nil, false, "no" },
  ["error.415.txt"] = { 415, "bad_request", "Expected request with `Content-Type: application/json`", nil,
    false, "no" },
  ["error.422.chat.txt"] = { 422, "unprocessable", "Failed to deserialize the JSON body into the target type: "
    .. 'messages: invalid type: string "hi", expected a sequence at line 1 column 24', nil, false, "no" },
  ["error.422.json"] = { 422, "unprocessable", "Failed to deserialize the JSON body into the target type: "
    .. "data did not match any variant of untagged enum ModelInput", nil, false, "no" },
  ["error.429.credits.json"] = { 429, "quota", "Team " .. TEAM .. " is out of credits or over its monthly limit.",
    "resource-exhausted", false, "no" },
  ["error.429.http"] = { 429, "rate_limit", "Too many requests for team " .. TEAM
    .. " and model grok-4.7 (requests per second 151/150).", "resource-exhausted", true, "no" },
  ["error.429.old-style-code.json"] = { 429, "rate_limit", "Too many tokens for team " .. TEAM
    .. " and model grok-4.7 (tokens per minute 65605/16000).", PHRASE.exhausted, true, "no" },
  ["error.429.rate-limit.json"] = { 429, "rate_limit", "Too many requests for team " .. TEAM
    .. " and model grok-4.7 (requests per second 151/150).", "resource-exhausted", true, "no" },
  ["error.500.json"] = { 500, "server", "Internal error", "internal", true, "maybe" },
  ["error.502.html"] = { 502, "server", "502 Bad Gateway", nil, true, "maybe" },
  ["error.503.json"] = { 503, "server", "The model is at capacity; retry later.", PHRASE.unavailable, true, "maybe" },
  -- The names of these two tell no status: errors under 200.
  ["error.anthropic-style.json"] = { 200, "bad_request", "max_tokens is required.", nil, false, "maybe" },
  ["error.openai-style.json"] = { 200, "rate_limit", "Too many requests, slow down.", "rate_limit_exceeded",
    true, "maybe" },
  ["chat-completion.soft-error-200.response.json"] = { 200, "server", "Timed out waiting for first token",
    PHRASE.unavailable, true, "maybe" },
}

-- Shapes that no fixture has: status, body, then kind, message, code, type, param.
local SHAPES = {
  ["an envelope as OpenAI's"] = { 400, '{"error":{"message":"No.","type":"t","param":"messages[0]","code":"c"}}',
    "bad_request", "No.", "c", "t", "messages[0]" },
  ["an envelope as Anthropic's"] = { 529, '{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}',
    "server", "Busy", nil, "overloaded_error" },
  ["a number for a code"] = { 400, '{"code":3,"error":"No."}', "bad_request", "No.", "3" },
  ["a numeric string for a code"] = { 404, '{"code":"5","error":"No."}', "not_found", "No.", "5" },
  ["a longer tag"] = { 403, '{"code":"personal-team-blocked:spending-limit","error":"No more."}', "quota",
    "No more.", "personal-team-blocked:spending-limit" },
  ["a sign-in token that ran out"] = { 403, '{"error":"OAuth2 token expired. [WKE=unauthenticated:bad-credentials]"}',
    "authentication", "OAuth2 token expired. [WKE=unauthenticated:bad-credentials]" },
  ["top-level message"] = { 500, '{"message":"Broken"}', "server", "Broken" },
  ["top-level detail"] = { 422, '{"detail":"Broken"}', "unprocessable", "Broken" },
  ["top-level msg"] = { 413, '{"msg":"Broken"}', "too_large", "Broken" },
  ["a JSON string"] = { 400, '"Broken"', "bad_request", "Broken" },
  ["JSON without words"] = { 400, '{"a":[1]}', "bad_request", "Bad Request" },
  ["an empty body"] = { 404, "", "not_found", "Not Found" },
  ["an empty body under a status without a name"] = { 499, "", "bad_request", "no explanation given" },
  ["text of several lines"] = { 500, "one\r\n\ttwo\n", "server", "one   two" },
  ["a page without a title"] = { 503, "<!DOCTYPE html><body>Secret plans</body>", "server", "an HTML page" },
  ["a page with a long title"] = { 502, "<html><title>" .. ("y"):rep(3000) .. "</title>", "server", ("y"):rep(500) },
  ["a very long text"] = { 500, ("z"):rep(9000), "server", ("z"):rep(500) },
  ["quota in the manner of OpenAI"] = { 429, '{"error":{"message":"x","code":"insufficient_quota"}}', "quota",
    "x", "insufficient_quota" },
}

-- Status: kind, retryable.
local STATUSES = {
  [400] = { "bad_request", false }, [401] = { "authentication", false }, [403] = { "quota", false },
  [404] = { "not_found", false }, [405] = { "bad_request", false }, [408] = { "bad_request", true },
  [410] = { "bad_request", false }, [413] = { "too_large", false }, [415] = { "bad_request", false },
  [422] = { "unprocessable", false }, [429] = { "rate_limit", true }, [500] = { "server", true },
  [502] = { "server", true }, [503] = { "server", true }, [504] = { "server", true }, [520] = { "server", true },
  [529] = { "server", true },
}

describe("an error answer", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  after_each(function()
    assert(house:new_client():list_models())
    assert.equal(0, house:settle())
  end)

  for name, row in pairs(FIXTURES) do
    it("is read from " .. name, function()
      local result, message, info = house:get("fixture," .. name)
      assert.is_nil(result)
      assert.same({ row[1], row[2], row[3], row[4], row[5], row[6] },
        { info.status, info.kind, info.message, info.code, info.retryable, info.billed })
      local head = ("^HTTP %d %s: "):format(row[1], row[2])
      assert_line(head .. escaped(row[3]) .. " %(request " .. escaped(info.request_id) .. "%)$", message, info)
      if not name:find("%.http$") then
        assert.equal(contents(name), info.body)
        assert.matches("^" .. UUID .. "$", info.request_id)
      end
      assert.equal(1, info.attempts)
      assert.equal("table", type(info.headers))
    end)
  end

  for status, row in pairs(STATUSES) do
    it("under status " .. status .. " is of kind " .. row[1], function()
      local result, message, info = house:get("status," .. status)
      assert.is_nil(result)
      assert.same({ status, row[1], row[2] }, { info.status, info.kind, info.retryable })
      assert_line(("^HTTP %d %s: ."):format(status, row[1]), message, info)
      assert.is_nil(message:find("<", 1, true))
    end)
  end

  for name, row in pairs(SHAPES) do
    it("is understood as " .. name, function()
      local result, message, info = scripted.ask { scripted.answer(row[1], {}, row[2]) }
      assert.is_nil(result)
      assert.same({ row[1], row[3], row[4], row[5], row[6], row[7] },
        { info.status, info.kind, info.message, info.code, info.type, info.param })
      assert_line(("^HTTP %d %s: "):format(row[1], row[3]), message, info)
    end)
  end

  it("in the envelopes of other services keeps type, code and status", function()
    local _, _, info = house:get("openai-error")
    assert.same({ 429, "rate_limit", "rate_limit_error", "rate_limit_exceeded" },
      { info.status, info.kind, info.type, info.code })
    assert.is_nil(info.param)
    _, _, info = house:get("anthropic-error")
    assert.same({ 400, "bad_request", "invalid_request_error" }, { info.status, info.kind, info.type })
  end)

  it("with the older kind of code is known by its status", function()
    local _, _, info = house:get("old-style-code")
    assert.same({ "rate_limit", PHRASE.exhausted }, { info.kind, info.code })
  end)

  it("under status 200 is an error for streams, too", function()
    local client = house:new_client()
    local stream, message, info = client:chat({ model = "grok-4.5", messages = { { role = "user", content = "x" } },
      stream = true }, { headers = { ["x-fault"] = "soft-error" } })
    assert.is_nil(stream)
    assert.same({ 200, "server", PHRASE.unavailable }, { info.status, info.kind, info.code })
    assert_line("^HTTP 200 server: Timed out waiting for first token", message, info)
  end)

  it("may say error: null beside a result and is none", function()
    local result = assert(scripted.ask { scripted.answer(200, {}, '{"id":"r","error":null}') })
    assert.equal("r", result.id)
  end)

  it("carries at most one MiB of the body", function()
    local _, _, info = scripted.ask { scripted.answer(400, {}, ("a"):rep(2 ^ 21)) }
    assert.equal(2 ^ 20, #info.body)
  end)

  it("tells after how many seconds to come again", function()
    local _, _, info = house:get("status,429,7")
    assert.equal(7, info.retry_after)
    _, _, info = house:get("status,429")
    assert.is_nil(info.retry_after)
    _, _, info = scripted.ask { scripted.answer(503, { ["retry-after-ms"] = 1500, ["Retry-After"] = 9 }) }
    assert.equal(1.5, info.retry_after)
  end)

  it("may be concatenated and raised", function()
    local _, message, info = house:get("status,404")
    assert.equal("it failed: " .. message, "it failed: " .. info)
    local ok, err = pcall(error, info)
    assert.is_false(ok)
    assert.equal("not_found", err.kind)
    ok, err = pcall(assert, house:get("status,404"))
    assert.is_false(ok)
    assert.matches("^HTTP 404 not_found: No handler found on route%.", err)
  end)

  it("without words says so, or says what the status means", function()
    local NONE = "no explanation given"
    for status, words in pairs { [501] = NONE, [418] = NONE, [503] = "Service Unavailable" } do
      local _, message, info = scripted.ask { scripted.answer(status, {}, "") }
      assert.equal(words, info.message)
      assert.matches("^HTTP " .. status .. " %l+_?%l*: " .. words .. "$", message)
    end
    NONE = "the service reported a failure"
    local shapes = { ['""'] = NONE, ["{}"] = NONE, ["[]"] = NONE, ['{"message":{}}'] = NONE, ["123"] = "123" }
    for value, words in pairs(shapes) do
      local _, _, info = scripted.ask { scripted.answer(200, {}, '{"error":' .. value .. "}") }
      assert.equal(words, info.message)
    end
  end)

  it("is one line, without control characters that the service may send", function()
    local body = '{"error":"no\\u009b\\u001b[2J\194\155"}'
    local _, message, info = scripted.ask { scripted.answer(404, { ["x-request-id"] = "a\27[2J\127b\194\155" }, body) }
    assert.equal("a [2J b  ", info.request_id)
    assert.is_nil(message:find("[%c\155]"))
    assert.matches("^HTTP 404 not_found: no +%[2J +%(request a %[2J b", message)
  end)

  it("for a result that is not ready tells when to ask again, if the service does", function()
    local server = scripted.start { scripted.answer(202, { ["retry-after"] = 7 }, "") }
    local client = xai.new { api_key = "xai-spec-0123456789abcdef", base_url = server.url }
    local _, message, info = scripted.wait(client:start("get_deferred", "some-id"))
    assert.same({ "pending", 7 }, { message, info.retry_after })
    client:close()
    server.close()
  end)

  it("for a result that is not ready is 'pending'", function()
    local client = house:new_client()
    local id = assert(client:chat { model = "grok-4.5", deferred = true,
      messages = { { role = "user", content = "x" } } }).request_id
    local result, message, info = client:get_deferred(id)
    assert.is_nil(result)
    assert.equal("pending", message)
    assert.same({ "pending", 202, "no", false }, { info.kind, info.status, info.billed, info.retryable })
    result, message = client:get_deferred("x", { headers = { ["x-fault"] =
      "fixture,deferred-completion.pending.202.http" } })
    assert.is_nil(result)
    assert.equal("pending", message)
  end)
end)

describe("the key", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  after_each(function() assert.equal(0, house:settle()) end)

  --- Every string of the outcome, one after the other.
  local function all_text(value, seen)
    if type(value) ~= "table" then return tostring(value) .. "\n" end
    local text = tostring(value) .. "\n"
    for name, field in pairs(value) do text = text .. tostring(name) .. "=" .. all_text(field, seen) end
    return text
  end

  local function assert_hidden(key, ...)
    for i = 1, select("#", ...) do
      local text = all_text((select(i, ...)))
      assert.is_nil(text:find(key, 1, true), text)
    end
  end

  local KEY = stages.KEY

  it("is not shown when the service echoes it", function()
    local result, message, info = house:get("echo-key")
    assert.same({ nil, "authentication" }, { result, info.kind })
    assert.matches("Incorrect API key provided: Bearer %*+ ", message)
    assert_hidden(KEY, message, info)
  end)

  it("is not shown wherever in an answer it stands", function()
    local body = ('{"error":{"message":"m %s","type":"t %s","code":"c %s","param":"p %s"}}'):format(KEY, KEY, KEY, KEY)
    local headers = { ["X-Echo"] = KEY, ["x-request-id"] = "id-" .. KEY, Location = "http://" .. KEY .. ".example/" }
    for _, status in ipairs { 200, 307, 400, 403, 500 } do
      local result, message, info = scripted.ask { scripted.answer(status, headers, body) }
      assert.is_nil(result)
      assert_hidden(KEY, message, info)
    end
  end)

  it("is not shown in the headers of a success", function()
    local client = house:new_client()
    local _, _, info = client:list_models()
    assert_hidden(KEY, info, client)
    _, _, info = scripted.ask { scripted.answer(200, { ["X-Echo"] = KEY }, "{}") }
    assert.equal(("*"):rep(#KEY), info.headers["x-echo"])
  end)

  it("is not shown by half where a long message is cut", function()
    for before = 470, 500 do
      local body = '{"error":"' .. ("a"):rep(before) .. KEY .. ("b"):rep(600) .. '"}'
      local _, message, info = scripted.ask { scripted.answer(400, {}, body) }
      assert_hidden(KEY:sub(1, 6), message, info)
    end
  end)

  it("is not shown when it came by a header of the user", function()
    for _, headers in ipairs { { ["x-api-key"] = KEY }, { authorization = "Bearer " .. KEY } } do
      local _, message, info = scripted.ask({ scripted.answer(400, { ["X-Echo"] = KEY },
        '{"error":"Incorrect API key provided: ' .. KEY .. '"}') }, { headers = headers })
      assert.equal("authentication", info.kind)
      assert_hidden(KEY, message, info)
    end
  end)

  it("is not shown in an answer that is no JSON", function()
    for _, status in ipairs { 200, 502 } do
      for _, body in ipairs { "key " .. KEY, "<title>" .. KEY .. "</title>", '{"a":"' .. KEY } do
        local _, message, info = scripted.ask { scripted.answer(status, {}, body) }
        assert_hidden(KEY, message, info)
      end
    end
  end)
end)
