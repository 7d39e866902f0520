--- The 17 functions send what the API's description says, to where they should.

local programs = require("spec.support.programs")
local stages = require("spec.support.stage")
local scripted = require("spec.support.scripted")
local xai = require("xai")

local house

local function fixture(name)
  local file = assert(io.open("spec/fixtures/" .. name .. ".request.json", "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function last()
  local sent = house:received()
  return sent[#sent]
end

-- Function: argument (where there is a body: its fixture), method, path, kind of failure.
local CALLS = {
  chat = { "chat-completion.basic", "POST", "/v1/chat/completions" },
  respond = { "responses.basic", "POST", "/v1/responses" },
  message = { "messages.basic", "POST", "/v1/messages" },
  complete = { "completions", "POST", "/v1/completions" },
  complete_legacy = { "complete", "POST", "/v1/complete" },
  generate_image = { "images.generations.url", "POST", "/v1/images/generations" },
  tokenize = { "tokenize-text", "POST", "/v1/tokenize-text" },
  get_model = { "grok-4.5", "GET", "/v1/models/grok-4.5" },
  get_language_model = { "grok-4.5", "GET", "/v1/language-models/grok-4.5" },
  get_image_model = { "grok-imagine-image", "GET", "/v1/image-generation-models/grok-imagine-image" },
  get_deferred = { "some-id", "GET", "/v1/chat/deferred-completion/some-id", "bad_request" },
  get_response = { "some-id", "GET", "/v1/responses/some-id", "not_found" },
  delete_response = { "some-id", "DELETE", "/v1/responses/some-id", "not_found" },
  get_api_key = { nil, "GET", "/v1/api-key" },
  list_models = { nil, "GET", "/v1/models" },
  list_language_models = { nil, "GET", "/v1/language-models" },
  list_image_models = { nil, "GET", "/v1/image-generation-models" },
}

--- Call a function, with its options behind its argument if it has one.
local function invoke(client, name, argument, opts)
  if argument == nil then return client[name](client, opts) end
  return client[name](client, argument, opts)
end

describe("a client", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  before_each(function() house:reset() end)
  after_each(function() assert.equal(0, house:settle()) end)

  it("has 17 functions and a way to all else", function()
    local n, client = 0, house:new_client()
    for name in pairs(CALLS) do
      n = n + 1
      assert.equal("function", type(client[name]), name)
    end
    assert.equal(17, n)
    assert.equal("function", type(client.request))
  end)

  for name, row in pairs(CALLS) do
    it("sends " .. row[2] .. " " .. row[3] .. " for " .. name, function()
      local has_body = row[2] == "POST"
      local argument = has_body and xai.decode(fixture(row[1])) or row[1]
      local result, message, info = invoke(house:new_client(), name, argument, { headers = { ["X-Mine"] = "yes" } })
      local sent = last()
      assert.same({ row[2], row[3], "" }, { sent.method, sent.path, sent.query })
      if row[4] then
        assert.equal(row[4], info.kind)
      else
        assert.equal("table", type(result), message)
        assert.is_nil(message)
        assert.equal(200, info.status)
      end
      if has_body then assert.same(argument, xai.decode(sent.body)) else assert.equal("", sent.body) end
      assert.equal("yes", sent.headers["x-mine"])
    end)
  end

  it("stores, reads and deletes a response, and reads a deferred result", function()
    local client = house:new_client()
    local id = assert(client:respond { model = "grok-4.5", input = "Hi" }).id
    assert.equal(id, assert(client:get_response(id)).id)
    assert.is_true(assert(client:delete_response(id)).deleted)
    local ticket = assert(client:chat { model = "grok-4.5", deferred = true,
      messages = { { role = "user", content = "Hi" } } })
    local result, message
    repeat result, message = client:get_deferred(ticket.request_id) until result or message ~= "pending"
    assert.equal("chat.completion", result and result.object, message)
  end)

  it("sends these headers and no others", function()
    local client = house:new_client()
    assert(client:chat(xai.decode(fixture("chat-completion.basic"))))
    local headers, names = last().headers, {}
    for name in pairs(headers) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "accept", "authorization", "content-length", "content-type", "host", "user-agent",
      "x-client-request-id" }, names)
    assert.equal("Bearer " .. stages.KEY, headers.authorization)
    assert.equal("application/json", headers["content-type"])
    assert.equal("application/json", headers.accept)
    assert.matches("^lua%-xai/[%d.]+ %(Lua 5%.%d; libcurl/[%d.]+", headers["user-agent"])
    assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$", headers["x-client-request-id"])
  end)

  it("sends a body at once, without asking for leave, however long it is", function()
    for _, size in ipairs { 10, 2000, 2000000 } do
      local _, count, requests = scripted.in_task({ scripted.answer(200, {}, "{}") }, nil, function(client)
        return client:chat { model = "grok-4.5", messages = { { role = "user", content = ("x"):rep(size) } } }
      end)
      local head, body = requests[1]:match("^(.-\r\n)\r\n(.*)$")
      assert.is_nil(head:lower():find("\nexpect:"))
      assert.is_true(count == 1 and #body > size)
    end
  end)

  it("asks for a stream when it wants one, and for no content type without a body", function()
    local client = house:new_client()
    client:chat({ model = "grok-4.5", stream = true, messages = { { role = "user", content = "Hi" } } }):close()
    assert.equal("text/event-stream", last().headers.accept)
    assert(client:list_models())
    assert.is_nil(last().headers["content-type"])
  end)

  it("sends the user's headers in place of its own, those of the call before the client's", function()
    local client = house:new_client { headers = { ["X-A"] = "client", ["X-B"] = "client", ["User-Agent"] = "mine/1" } }
    assert(client:list_models { headers = { ["X-B"] = "call", accept = "*/*", ["X-Number"] = 7 } })
    local headers = last().headers
    assert.same({ "client", "call", "mine/1", "*/*", "7" }, { headers["x-a"], headers["x-b"], headers["user-agent"],
      headers.accept, headers["x-number"] })
    assert(client:list_models { headers = { ["X-A"] = false }, user_agent = "other/2" })
    assert.is_nil(last().headers["x-a"])
  end)

  it("takes names that differ in case for one header", function()
    local server = scripted.start { scripted.answer(200, {}, '{"object":"list"}') }
    local usual = { ["X-Team"] = "red", ["X-B"] = "b" }
    local client = xai.new { api_key = stages.KEY, base_url = server.url, headers = usual }
    local function lines_of(headers)
      scripted.wait(client:start("list_models", { headers = headers }))
      local lines = {}
      for line in server.requests[#server.requests]:gmatch "[^\r\n]+" do
        if line:lower():find("^x%-team:") then lines[#lines + 1] = line end
      end
      return lines
    end
    assert.same({ "X-Team: red" }, lines_of(nil))
    assert.same({ "x-team: blue" }, lines_of { ["x-team"] = "blue" })
    assert.same({}, lines_of { ["x-TEAM"] = false })
    assert.same({ "X-Team: red" }, lines_of { ["x-b"] = "c" })
    client:close()
    server.close()
  end)

  it("sends a header without a value, and none where the user says false", function()
    local client, shown = house:new_client { headers = { ["X-Empty"] = "", ["X-Blank"] = "  " } }, {}
    assert(client:list_models { debug = function(line) shown[#shown + 1] = line end })
    assert.same({ "", "" }, { last().headers["x-empty"], last().headers["x-blank"] })
    assert.is_truthy(table.concat(shown, "\n"):find("-H 'X-Empty;'", 1, true))
    client:request({ path = "/v1/tokenize-text", body = { model = "grok-4.5", text = "a" } }, {
      headers = { Accept = false, ["content-type"] = false, ["Accept-Encoding"] = false, ["USER-AGENT"] = false,
        ["x-empty"] = false } })
    local headers = last().headers
    for _, name in ipairs { "accept", "content-type", "accept-encoding", "user-agent", "x-empty" } do
      assert.is_nil(headers[name], name)
    end
  end)

  it("sends the user's own Authorization, or x-api-key, in place of the key", function()
    local client = house:new_client()
    assert(client:list_models { headers = { authorization = "Bearer xai-other" } })
    assert.equal("Bearer xai-other", last().headers.authorization)
    assert(client:list_models { headers = { ["X-Api-Key"] = "xai-third" } })
    assert.is_nil(last().headers.authorization)
    assert.equal("xai-third", last().headers["x-api-key"])
  end)

  it("takes the key from the call, from the client, from a function", function()
    local client, n = house:new_client { api_key = function() return "xai-from-function" end }, 0
    assert(client:list_models())
    assert.equal("Bearer xai-from-function", last().headers.authorization)
    assert(client:list_models { api_key = "xai-of-the-call" })
    assert.equal("Bearer xai-of-the-call", last().headers.authorization)
    client = house:new_client { api_key = function() n = n + 1 return "xai-" .. n end }
    assert(client:list_models())
    assert(client:list_models())
    assert.equal("Bearer xai-2", last().headers.authorization)
  end)

  it("percent-encodes ids, so that no id leads elsewhere", function()
    local client = house:new_client()
    for id, path in pairs {
      ["a b"] = "a%20b", ["a/../b"] = "a%2F..%2Fb", ["?x=1#y"] = "%3Fx%3D1%23y", ["50%"] = "50%25",
      ["grok-4.5_us-east-1~"] = "grok-4.5_us-east-1~", ["\195\182"] = "%C3%B6", ["..x"] = "..x",
    } do
      client:get_model(id)
      assert.equal("/v1/models/" .. path, last().path)
    end
  end)

  it("gives the facts of an answer beside the result", function()
    local client = house:new_client()
    local result, message, info = client:chat(xai.decode(fixture("chat-completion.basic")))
    assert.equal("table", type(result))
    assert.is_nil(message)
    assert.same({ 200, 1, house.server.url .. "/v1/chat/completions" }, { info.status, info.attempts, info.url })
    assert.equal("number", type(info.elapsed))
    assert.equal(info.headers["x-request-id"], info.request_id)
    assert.equal("application/json", info.headers["content-type"])
    assert.same({ limit_requests = 150, remaining_requests = 149, limit_tokens = 50000000,
      remaining_tokens = 49999000 }, info.rate_limit)
    assert.is_nil(select(3, client:list_models()).rate_limit)
  end)

  it("finds its base URL in every form", function()
    local url = house.server.url
    for _, base in ipairs { url, url .. "/", url .. "/v1", url .. "/v1/", url .. "///", url .. "/v1//",
      (url:gsub("127%.0%.0%.1", "localhost")), (url:gsub("^http", "HTTP")) } do
      assert(house:new_client { base_url = base }:list_models())
      assert.equal("/v1/models", last().path)
    end
    for base, path in pairs { ["/a"] = "/a", ["/a/v1"] = "/a", ["/a/b/"] = "/a/b", ["/v1/a"] = "/v1/a",
      ["/xv1"] = "/xv1", ["/a%20b"] = "/a%20b" } do
      house:new_client { base_url = url .. base }:list_models()
      assert.equal(path .. "/v1/models", last().path)
    end
    assert(house:new_client():list_models { base_url = url .. "/fault/crlf/v1/" })
    assert.equal("crlf", last().fault)
  end)

  it("speaks HTTP/2 to an HTTP:// that it is told to, whatever its case", function()
    for _, scheme in ipairs { "http", "HTTP", "Http" } do
      local client = house:new_client { base_url = (house.server.url:gsub("^http", scheme)), http_version = "2" }
      local _, _, info = client:list_models()
      assert.matches("^HTTP/2 200", info.head, scheme)
    end
  end)

  it("talks plain http to another host only when that is allowed", function()
    local ok = pcall(xai.new, { base_url = "http://192.0.2.1" })
    assert.is_false(ok)
    xai.new({ base_url = "http://192.0.2.1", allow_http = true }):close()
    for _, url in ipairs { "http://localhost", "http://a.localhost", "http://127.8.9.1", "http://[::1]:80/v1" } do
      xai.new({ base_url = url }):close()
    end
  end)

  it("sends plain http through no proxy that the environment names, unless that is allowed", function()
    local code = [[local c = require("xai").new { allow_http = %s, no_proxy = %q, max_retries = 0 }
      local r, m, info = c:list_models()
      print(r and r.object, info.kind)]]
    local environment = {
      XAI_API_KEY = stages.KEY, XAI_BASE_URL = house.server.url, no_proxy = false, NO_PROXY = false,
    }
    for _, name in ipairs { "http_proxy", "all_proxy", "ALL_PROXY" } do
      environment[name] = "http://127.0.0.1:1"
      assert.equal("list\tnil\n", programs.code(code:format("false", "nobody"), environment), name)
      assert.equal("nil\tconnection\n", programs.code(code:format("true", "nobody"), environment), name)
      environment[name] = nil
    end
  end)

  it("sends plain http through a proxy of this machine that it is given", function()
    local server = scripted.start { scripted.answer(200, {}, '{"object":"list"}') }
    local client = house:new_client { proxy = server.url, no_proxy = "nobody" }
    assert.equal("list", (scripted.wait(client:start("list_models"))).object)
    assert.is_truthy(server.requests[1]:find("GET " .. house.server.url .. "/v1/models ", 1, true))
    server.close()
  end)

  it("finds key and base URL in the environment", function()
    local code = [[local c = require("xai").new()
      local r, m = c:list_models() print(r and r.object, m, c)]]
    local url = house.server.url
    local said = programs.code(code, { XAI_API_KEY = "xai-of-the-environment", XAI_BASE_URL = url .. "/v1" })
    assert.equal(("list\tnil\txai.client (%s/v1)\n"):format(url), said)
    assert.equal("Bearer xai-of-the-environment", last().headers.authorization)
  end)

  it("leaves no key in the environment with take_key, wherever its own comes from", function()
    local code = [[local xai = require "xai"
      local given = { text = "xai-given", f = function() return "xai-given" end }
      xai.new { take_key = true, api_key = given[os.getenv "GIVEN"] }:close()
      print(os.getenv "XAI_API_KEY")]]
    for _, given in ipairs { "none", "text", "f" } do
      assert.equal("nil\n", programs.code(code, { XAI_API_KEY = "xai-of-the-environment", GIVEN = given }), given)
    end
  end)

  it("without a key says so at the first call, and names XAI_API_KEY", function()
    local code = ([[local xai = require("xai")
      local c = xai.new { base_url = %q }
      print(pcall(c.list_models, c))]]):format(house.server.url)
    for _, value in ipairs { false, "" } do
      local said = programs.code(code, { XAI_API_KEY = value, XAI_BASE_URL = false })
      assert.is_truthy(said:find("client:list_models: no API key: set the environment variable XAI_API_KEY "
        .. "or give api_key to xai.new", 1, true), said)
    end
    assert.equal(0, #house:received())
  end)
end)

describe("client:request", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  before_each(function() house:reset() end)
  after_each(function() assert.equal(0, house:settle()) end)

  it("sends any method and path, GET without a body and POST with one", function()
    local client = house:new_client()
    assert.equal("list", assert(client:request { path = "/v1/models" }).object)
    assert.equal("GET", last().method)
    assert(client:request { path = "/v1/tokenize-text", body = { model = "grok-4.5", text = "a" } })
    assert.equal("POST", last().method)
    for _, method in ipairs { "PUT", "PATCH", "DELETE" } do
      client:request { method = method, path = "/v1/none", body = { a = 1 } }
      assert.same({ method, '{"a":1}' }, { last().method, last().body })
    end
  end)

  it("sends a string as it is", function()
    local client = house:new_client()
    client:request { path = "/v1/tokenize-text", body = '{ "model": "grok-4.5", "text": "a" }' }
    assert.equal('{ "model": "grok-4.5", "text": "a" }', last().body)
    client:request({ path = "/v1/x", body = "" }, { headers = { ["Content-Type"] = "text/plain" } })
    assert.same({ "POST", "", "text/plain" }, { last().method, last().body, last().headers["content-type"] })
  end)

  it("encodes its query, and adds to one in the path", function()
    local client = house:new_client()
    client:request { path = "/v1/models", query = { ["a b"] = "c&d=e?\195\182+%" } }
    assert.equal("a%20b=c%26d%3De%3F%C3%B6%2B%25", last().query)
    client:request { path = "/v1/models", query = { limit = 5 } }
    assert.equal("limit=5", last().query)
    client:request { path = "/v1/models?x=1", query = { y = 2 } }
    assert.equal("x=1&y=2", last().query)
    client:request { path = "/v1/models", query = {} }
    assert.same({ "/v1/models", "" }, { last().path, last().query })
  end)

  it("returns what is not JSON as text, an empty answer as true, a list as a list", function()
    local client = house:new_client()
    local packed = { headers = { ["x-fault"] = "header,content-encoding,gzip" } }
    assert.is_true(client:request({ method = "HEAD", path = "/v1/models" }, packed))
    assert.equal("table", type(client:request { path = "/_/faults" }))
    local file = assert(io.open("spec/fixtures/error.502.html"))
    local page = file:read("*a")
    file:close()
    local result = client:request({ path = "/v1/models" }, { headers = { ["x-fault"] =
      "fixture,chat-completion.stream.basic.sse" } })
    assert.equal("string", type(result))
    assert.is_true((client:request({ path = "/v1/models" }, { headers = { ["x-fault"] = "empty-200" } })))
    local _, _, info = client:request({ path = "/v1/models" }, { headers = { ["x-fault"] = "html-502" } })
    assert.same({ "server", 502 }, { info.kind, info.status })
    assert.matches("502 Bad Gateway", page, 1, true)
  end)

  it("does not stream for stream = xai.null, which is sent as null, nor do the other functions", function()
    local client = house:new_client()
    local body = { model = "grok-4.5", stream = xai.null, messages = { { role = "user", content = "Hi" } } }
    assert(client:request { path = "/v1/models", stream = xai.null })
    local answer = client:chat(body)
    assert.equal("chat.completion", answer and answer.object)
    assert.equal("application/json", last().headers.accept)
    assert.is_truthy(last().body:find('"stream":null', 1, true))
  end)

  it("streams, and events are decoded", function()
    local client = house:new_client()
    local stream = assert(client:request { path = "/v1/chat/completions", stream = true,
      body = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "Hi" } } } })
    local event = assert(stream:next())
    assert.equal("chat.completion.chunk", event.object)
    stream:close()
  end)
end)
