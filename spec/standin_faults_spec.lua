--- The faults of the stand-in server are what they are called, byte for byte.

local uv = require("luv")
local xai = require("xai")
local standin = require("xai.testing.server")
local raw = require("spec.support.raw_client")
local scripted = require("spec.support.scripted")
local faults = require("xai.testing.standin.faults")
local huffman = require("xai.testing.standin.huffman")
local json = require("xai.testing.standin.json")

local CHAT = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
local STREAM = { model = "grok-4.5", messages = CHAT.messages, stream = true }

local server

--- The request headers with these faults.
local function sent(fault)
  return { Authorization = "Bearer xai-spec", ["Content-Type"] = "application/json", ["x-fault"] = fault }
end

local function get(path, fault) return raw.call(server.port, "GET", path, sent(fault)) end

--- What comes for a chat, and how it ends.
local function exchange(fault, body)
  local request = raw.request("POST", "/v1/chat/completions", sent(fault), json.encode(body or STREAM))
  return raw.exchange(server.port, request, function(bytes) return bytes:find("\r\n0\r\n\r\n$") end)
end

--- What a program makes of these bytes on its standard input.
local function piped(program, bytes)
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(bytes)
  file:close()
  local pipe = io.popen(program .. " <" .. name .. " 2>&1")
  local out = pipe:read("*a")
  pipe:close()
  os.remove(name)
  return out
end

describe("a fault of the stand-in server", function()
  before_each(function() server = standin.start() end)
  after_each(function()
    server:close()
    uv.run()
  end)

  it("has every cut at every place", function()
    local heads, events = {}, {}
    for _, place in ipairs { "before-head", "in-head", "in-body", "before-event", "in-stream" } do
      for what, ending in pairs { reset = "reset", close = "closed", rst = "reset", goaway = "closed" } do
        local fault = what .. "-" .. place
        if faults.by_name[fault] then
          if what == "rst" or what == "goaway" then fault = fault .. ",CANCEL" end
          if place:find "^in%-[bs]" then fault = fault .. ",2" end
          local bytes, fate = exchange(fault)
          assert.equal(ending, fate, what .. "-" .. place)
          heads[place] = bytes:find("\r\n\r\n", 1, true) ~= nil
          events[place] = bytes:find("\ndata: ", 1, true) ~= nil
        end
      end
    end
    local yes, no = true, false
    assert.same({ ["before-head"] = no, ["in-head"] = no, ["in-body"] = yes, ["before-event"] = yes,
      ["in-stream"] = yes }, heads)
    assert.same({ ["before-head"] = no, ["in-head"] = no, ["in-body"] = yes, ["before-event"] = no,
      ["in-stream"] = yes }, events)
  end)

  it("adds any header, and any Retry-After", function()
    assert.equal("Tue, 24 Nov", get("/fault/header,x-day,Tue%252C%2024%20Nov/v1/models").headers["x-day"])
    local answer = get("/fault/retry-after,-0x1p3/v1/models")
    assert.same({ 503, "-0x1p3" }, { answer.status, answer.headers["retry-after"] })
  end)

  it("redirects by each of the five statuses", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local answer = get("/v1/models", "redirect," .. status .. ",http://x.example/,1")
      assert.same({ status, "http://x.example/,1" }, { answer.status, answer.headers.location })
    end
    assert.equal(307, get("/v1/models", "redirect,http://x.example/").status)
  end)

  it("does it as often as asked and then answers", function()
    local seen = {}
    for i = 1, 4 do seen[i] = get("/fault/status,418/fault/times,2/v1/models").status end
    assert.same({ 418, 418, 200, 418 }, seen)
    for i = 1, 4 do seen[i] = get("/fault/status,418;times,1/v1/models/grok-4.5").status end
    assert.same({ 418, 200, 418, 200 }, seen)
  end)

  it("ends a connection that was kept, at its next request or by itself", function()
    local function ask(fault, times)
      local bytes, fate = raw.exchange(server.port, raw.request("GET", "/v1/models", sent(fault)):rep(times))
      return { select(2, bytes:gsub("HTTP/1.1 200", "")), fate }
    end
    assert.same({ 1, "closed" }, ask("stale", 2))
    assert.same({ 1, "closed" }, ask("stale,1", 1))
    assert.equal("reset", ask("stale-reset", 2)[2])
  end)

  it("goes on behind the end of an answer", function()
    local request = raw.request("GET", "/v1/models", sent("late-rest,1"))
    local bytes = raw.exchange(server.port, request, function(seen) return seen:find("no request", 1, true) end)
    assert.matches("^HTTP/1.1 200 .*HTTP/1.1 403 .*answers no request", bytes)
  end)

  it("compresses well, or as badly as it is called", function()
    local function unpacked(fault) return piped("gzip -dc", get("/v1/models", fault).body) end
    local whole = get("/v1/models").body
    assert.equal(whole, unpacked("gzip"))
    assert.matches("unexpected end of file", unpacked("truncated-gzip"))
    assert.matches("unexpected end of file", unpacked("gzip-no-end"))
    assert.matches("invalid compressed data", unpacked("gzip-garbage"))
  end)

  it("has a gzip bomb that is worth its name", function()
    local request = raw.request("POST", "/v1/chat/completions", sent("gzip-bomb"), json.encode(CHAT))
    local bytes = raw.exchange(server.port, request, function(bytes) return #bytes > 100000 end)
    local unpacked = piped("gzip -dc 2>/dev/null", bytes:match("\r\n\r\n(.*)$"))
    assert.matches('^{"filler":"   ', unpacked)
    assert.is_true(#unpacked > 10000000)
  end)

  it("goes on without end", function()
    for _, fault in ipairs { "endless-line", "endless-comments", "endless-header", "endless-headers", "endless-1xx",
      "endless-trailers", "endless,1" } do
      local request = raw.request("POST", "/v1/chat/completions", sent(fault), json.encode(STREAM))
      local _, fate = raw.exchange(server.port, request, function(bytes) return #bytes > 300000 end)
      assert.equal("open", fate, fault)
    end
  end)

  it("is the same by HTTP/2, and streams share a connection's window", function()
    local client = xai.new { api_key = "xai-spec", base_url = server.url, http_version = "2", max_retries = 0 }
    local text = {}
    for i, fault in ipairs { "", "split,7", "gzip", "goodbye", "comments;crlf", "big-event,200000" } do
      local result, message = scripted.wait(client:start("chat", STREAM, { headers = { ["x-fault"] = fault } }))
      assert(result, message)
      text[i] = result.choices[1].message.content
    end
    for i = 2, #text do assert.equal(text[1], text[i]) end
    local long = { model = "grok-4.5", text = ("Much and more. "):rep(20000) }
    local result = assert(scripted.wait(client:start("tokenize", long)))
    assert.is_true(#result.token_ids > 20000)
    local _, _, info = scripted.wait(client:start("list_models", { headers = { ["x-fault"] = "status,429,7" } }))
    assert.same({ 429, 7 }, { info.status, info.retry_after })
    client:close()
  end)

  it("reads header texts of HTTP/2 as they are coded", function()
    -- Samples of RFC 7541, appendix C.
    assert.equal("www.example.com", huffman.decode("\241\227\194\229\242\58\107\160\171\144\244\255"))
    assert.equal("no-cache", huffman.decode("\168\235\16\100\156\191"))
    assert.equal("custom-value", huffman.decode("\37\168\73\233\91\184\232\180\191"))
  end)
end)
