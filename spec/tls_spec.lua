--- TLS is always checked, and HTTP/2 and HTTP/1.1 carry the same.

local programs = require("spec.support.programs")
local front = require("spec.support.front")
local records = require("spec.support.records")
local stages = require("spec.support.stage")
local scripted = require("spec.support.scripted")
local tunnel = require("spec.support.tunnel")

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
local STREAM = { model = "grok-4.5", stream = true, messages = HI.messages }

local house, door

--- A client that comes in by TLS and trusts nginx's certificate; options on top.
local function client_of(options)
  local all = { base_url = door.url, ca_file = door.ca_file }
  for name, value in pairs(options or {}) do all[name] = value end
  return house:new_client(all)
end

local function assert_tls(result, message, info)
  assert.is_nil(result)
  assert.same({ "tls", "no", false, 1 }, { info.kind, info.billed, info.retryable, info.attempts })
  assert.matches("^tls %(%l+%): .", message)
  assert.is_nil(message:find("\n", 1, true))
end

local function promises()
  setup(function()
    house = stages.open()
    door = front.start(house.server.url)
  end)
  teardown(function()
    door:close()
    house:close()
  end)
  after_each(function() assert.equal(0, house:settle()) end)

  it("speaks HTTP/2 where the server can", function()
    local result, message, info = client_of():chat(HI)
    assert.equal("chat.completion", result and result.object, message)
    assert.equal("HTTP/2.0", info.headers["x-protocol"])
    assert.equal(200, info.status)
    assert.equal("string", type(info.request_id))
  end)

  for version, protocol in pairs { ["1.1"] = "HTTP/1.1", ["2"] = "HTTP/2.0" } do
    it("speaks " .. protocol .. " when it is told to, and streams by it", function()
      local client = client_of { http_version = version }
      local stream, message, info = client:chat(STREAM)
      assert.equal(protocol, info.headers["x-protocol"], message)
      local parts = {}
      for text in stream:text() do parts[#parts + 1] = text end
      local whole = assert(client:chat(HI)).choices[1].message.content
      assert.equal(whole, table.concat(parts))
    end)

    it("sends and gets large bodies by " .. protocol, function()
      local text = ("All work and no play. "):rep(5000)
      local result, message = client_of { http_version = version }:tokenize { model = "grok-4.5", text = text }
      assert.is_nil(message)
      assert.is_true(#result.token_ids > 5000)
    end)

    it("reads error answers by " .. protocol, function()
      local _, message, info = client_of { http_version = version }:list_models { headers = {
        ["x-fault"] = "status,404" } }
      assert.same({ "not_found", 404 }, { info.kind, info.status })
      assert.matches("^HTTP 404 not_found: No handler found on route%. %(request ", message)
    end)
  end

  it("does not take what a proxy says about its tunnel for the answer", function()
    local proxy = tunnel.start("HTTP/1.1 200 Connection established\r\nX-Request-Id: proxy\r\n\r\n", true)
    local options = { proxy = proxy.url, no_proxy = "nobody" }
    local asked = { headers = { ["x-fault"] = "status,404" } }
    local result, _, info = scripted.wait(client_of(options):start("list_models", asked))
    assert.same({ nil, "not_found", 404 }, { result, info.kind, info.status })
    assert.are_not.equal("proxy", info.request_id)
    local answer, message = scripted.wait(client_of(options):start("chat", STREAM))
    assert.is_nil(message)
    assert.equal("stop", answer.choices[1].finish_reason)
    proxy.close()
  end)

  it("says that a proxy refused the tunnel", function()
    local proxy = tunnel.start("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", false)
    local client = client_of { proxy = proxy.url, no_proxy = "nobody" }
    local result, message, info = scripted.wait(client:start("list_models"))
    assert.same({ nil, "connection", nil }, { result, info.kind, info.status })
    assert.matches("407", message)
    proxy.close()
  end)

  it("puts calls that run together on one HTTP/2 connection", function()
    local client, calls, used = client_of(), {}, {}
    assert(client:list_models())
    for i = 1, 20 do calls[i] = client:start("chat", HI) end
    for _, call in ipairs(calls) do
      local _, message, info = scripted.wait(call)
      assert.is_nil(message)
      used[info.headers["x-connection"]] = true
    end
    assert.is_nil(next(used, (next(used))))
  end)

  it("ends a stream at the server when it is closed early", function()
    local client = client_of()
    local stream = assert(client:chat(STREAM, { headers = { ["x-fault"] = "slow-words,20;endless,2" } }))
    assert(stream:next())
    stream:close()
    local open
    repeat open = assert(house:new_client():request { path = "/_/open" }).open until open == 0
  end)

  describe("by HTTP/1.1, what is behind an answer", function()
    local HEAD, BODY = "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n", '{"object":"list","data":[]}'
    local ANSWER = HEAD .. BODY
    local CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    local FAKE = (ANSWER:gsub("list", "fake"))

    --- An answer that fills a record of TLS, so that what is behind it comes in the next one, at once.
    local function full_record()
      local body = '{"object":"list","data":[],"pad":"%s"}'
      local head = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
      local length = 16384 - #head:format(16000)
      return head:format(length) .. body:format(("x"):rep(length - #body + 2))
    end

    for how, pieces in pairs {
      ["in a record of its own"] = { ANSWER, FAKE },
      ["in the record of its body"] = { HEAD, BODY .. FAKE },
      ["in the record of its last part"] = { HEAD .. "{", BODY:sub(2) .. FAKE },
      ["in the same record"] = { ANSWER .. FAKE },
      ["in the record of its last chunk"] = { CHUNKED, "1b\r\n" .. BODY .. "\r\n", "0\r\n\r\n" .. FAKE },
      ["in the record of its only chunk"] = { CHUNKED, "1b\r\n" .. BODY .. "\r\n0\r\n\r\n" .. FAKE },
      ["in a record that came with it"] = { full_record() .. FAKE },
    } do
      it(how .. " is not the next one", function()
        local server = records.start(door, { pieces, { ANSWER } })
        -- Now and then the server ends a handshake that comes while it closes a connection.
        local client = client_of { base_url = server.url, deadline = 10, max_retries = 2 }
        for _ = 1, 3 do
          local result, message = scripted.wait(client:start("list_models"))
          assert.same({ "list" }, { result and result.object, message })
          while not server.said_all do require("luv").run("once") end
        end
        assert.equal(3, #server.requests)
        server.close()
      end)
    end
  end)

  it("keeps a connection on which an answer and nothing else came", function()
    local upstream = scripted.start { scripted.answer(200, {}, '{"object":"list","data":[]}') }
    local other, used = front.start(upstream.url), {}
    local client = client_of { base_url = other.url, ca_file = other.ca_file, http_version = "1.1" }
    for i = 1, 3 do
      local _, message, info = scripted.wait(client:start("list_models"))
      assert.is_nil(message)
      used[i] = info.headers["x-connection"]
    end
    assert.same({ used[1], used[1] }, { used[2], used[3] })
    other:close()
    upstream.close()
  end)

  it("keeps one on which the body came apart from its head", function()
    local client, used = client_of { http_version = "1.1" }, {}
    for i = 1, 3 do
      local _, message, info = client:list_models { headers = { ["x-fault"] = "split,100,5" } }
      assert.is_nil(message)
      used[i] = info.headers["x-connection"]
    end
    assert.same({ used[1], used[1] }, { used[2], used[3] })
  end)

  it("refuses a certificate that nobody trusted vouches for", function()
    assert_tls(house:new_client({ base_url = door.url }):list_models())
    assert_tls(client_of({ ca_file = door.other_ca_file }):list_models())
  end)

  it("refuses a certificate for another name", function()
    assert_tls(client_of({ base_url = door.other_url, ca_file = door.other_ca_file }):list_models())
  end)

  it("says so when ca_file is not there", function()
    local result, message, info = client_of({ ca_file = door.dir .. "/none.pem" }):list_models()
    assert_tls(result, message, info)
    assert.is_truthy(message:find("none.pem", 1, true), message)
  end)

  it("trusts what is in ca_path", function()
    local path = door.dir .. "/trusted"
    programs.output(("mkdir %s && cp %s %s && openssl rehash %s"):format(path, door.ca_file, path, path))
    assert(house:new_client({ base_url = door.url, ca_path = path }):list_models())
  end)

  it("tries a server with a bad certificate once, and sends it nothing", function()
    house:reset()
    assert_tls(house:new_client({ base_url = door.url, max_retries = 3 }):chat(HI))
    assert.equal(0, #house:received())
  end)

  it("tells a server that speaks no TLS, and one that speaks nothing else", function()
    assert_tls(house:new_client({ base_url = (house.server.url:gsub("^http", "https")) }):list_models())
    local _, _, info = house:new_client({ base_url = door.plain_url }):list_models()
    assert.same({ "bad_request", 400 }, { info.kind, info.status })
  end)
end

local missing = front.missing()

if missing then
  -- Counted as skipped, so that nobody takes it for passed.
  describe("TLS", function()
    it("is not tried here", function() pending(missing) end)
  end)
else
  describe("TLS", promises)
end
