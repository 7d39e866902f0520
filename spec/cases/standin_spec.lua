--- The stand-in server as its users met it.

local uv = require "luv"
local xai = require "xai"
local leftovers = require "spec.support.leftovers"
local programs = require "spec.support.programs"
local raw = require "spec.support.raw_client"
local scripted = require "spec.support.scripted"
local standin = require "xai.testing.server"
local faults = require "xai.testing.standin.faults"
local forms = require "xai.testing.standin.fault_forms"
local hpack = require "xai.testing.standin.hpack"
local json = require "xai.testing.standin.json"

local KEY = { Authorization = "Bearer xai-spec" }

local server

--- What a list of models gets with this fault.
local function models(fault)
  local answer = raw.call(server.port, "GET", "/v1/models", { Authorization = KEY.Authorization, ["x-fault"] = fault })
  return answer.status, json.decode(answer.body)
end

describe("the stand-in server", function()
  before_each(function()
    server = standin.start()
    leftovers.add(function() server:close() end)
  end)
  after_each(function()
    server:close()
    uv.run()
  end)

  -- Each is wrong, and its answer says this.
  local MALFORMED = {
    ["status,429,times,1"] = "write status,STATUS[,RETRY_AFTER].",
    ["status"] = "write status,STATUS[,RETRY_AFTER].",
    ["status,"] = "write status,STATUS[,RETRY_AFTER].",
    ["status,abc"] = "write status,STATUS[,RETRY_AFTER].",
    ["status,42"] = "write status,STATUS[,RETRY_AFTER].",
    ["status,4290"] = "write status,STATUS[,RETRY_AFTER].",
    ["status, 429"] = "write status,STATUS[,RETRY_AFTER].",
    ["status,429,-1"] = "write status,STATUS[,RETRY_AFTER].",
    ["status,429,soon"] = "write status,STATUS[,RETRY_AFTER].",
    ["status 429"] = "There is no fault 'status 429'",
    ["statsu,429"] = "There is no fault 'statsu'",
    [",429"] = "There is no fault ''",
    ["status,429;nope"] = "There is no fault 'nope'",
    ["nope;status,429"] = "There is no fault 'nope'",
    ["times"] = "write times,N.",
    ["status,429;times,"] = "write times,N.",
    ["status,429;times,one"] = "write times,N.",
    ["status,429;times,1,2"] = "write times,N.",
    ["status,429;times,1.5"] = "write times,N.",
    ["status,429;times,-1"] = "write times,N.",
    ["status,429;times,99999999999999999999"] = "write times,N.",
    ["flaky,1,2"] = "write flaky,N.",
    ["flaky"] = "write flaky,N.",
    ["garbage,1"] = "write garbage.",
    ["garbage,"] = "write garbage.",
    ["late-head"] = "write late-head,MS.",
    ["late-head,soon"] = "write late-head,MS.",
    ["late-head,1e3"] = "write late-head,MS.",
    ["split,0x10"] = "write split,N[,MS].",
    ["split,3,4,5"] = "write split,N[,MS].",
    ["split,,4"] = "write split,N[,MS].",
    ["stale,now"] = "write stale[,MS].",
    ["redirect"] = "write redirect,[3XX,]URL.",
    ["redirect,307"] = "write redirect,[3XX,]URL.",
    ["redirect,429,http://x.example/"] = "write redirect,[3XX,]URL.",
    ["header,x-name"] = "write header,NAME,VALUE.",
    ["header,,value"] = "write header,NAME,VALUE.",
    ["error-first,odd"] = "write error-first[,SHAPE].",
    ["reset-in-body,half"] = "write reset-in-body[,EVENTS].",
    ["reset-before-head,2"] = "write reset-before-head.",
    ["rst-in-body"] = "write rst-in-body,CODE[,EVENTS].",
    ["rst-in-body,REFUSED"] = "write rst-in-body,CODE[,EVENTS].",
    ["big-event,1MB"] = "write big-event,BYTES.",
    ["deep,very"] = "write deep[,N].",
    ["fixture"] = "write fixture,FILENAME.",
    ["say"] = "write say,TEXT.",
  }

  it("answers a malformed fault by 500, which says how it is written (real use, 42)", function()
    for fault, words in pairs(MALFORMED) do
      local status, body = models(fault)
      assert.equal(500, status, fault)
      assert.equal("malformed-fault", body.code)
      assert.is_truthy(body.error:find(words, 1, true), body.error)
      assert.is_truthy(body.error:find("status,429;times,1", 1, true), body.error)
    end
  end)

  it("answers a malformed fault of the path, too, and of several headers in one (real use, 42)", function()
    assert.equal(500, raw.call(server.port, "GET", "/fault/status,429,times,1/v1/models", KEY).status)
    assert.equal(500, raw.call(server.port, "GET", "/fault/%2C/v1/models", KEY).status)
    assert.equal(500, (models("status,429, times,1")))
  end)

  it("takes every fault that is written rightly, with blanks and empty places between them (real use, 42)", function()
    local seen = {}
    for i = 1, 3 do seen[i] = models(" status,429 ; times,2 ;;") end
    assert.same({ 429, 429, 200 }, seen)
    assert.equal(200, (models("")))
    assert.equal(200, (models(" ; ")))
    assert.equal(307, (models("redirect,307,http://x.example/1,2")))
    assert.equal(503, (models("retry-after,Tue, 24 Nov 2026 10:00:00 GMT")))
    assert.equal(429, (models("status,429,0.5")))
  end)

  it("knows of each fault how it is written", function()
    for name in pairs(faults.by_name) do
      local usage = forms.usage(name)
      local free = usage:find "TEXT%]?$" or usage:find "URL$" or usage:find "VALUE$"
      assert.equal(free ~= nil, forms.fit(name, "a,b,c,d"), name)
      assert.equal(free ~= nil, forms.fit(name, "1,2,3,4") or name == "redirect", name)
    end
  end)

  local function frame(kind, flags, id, payload)
    return string.char(0, math.floor(#payload / 256), #payload % 256, kind, flags, 0, 0, 0, id) .. payload
  end

  --- An HTTP/2 connection with no window for answers but what `updates` give it: the bytes that
  -- come for a request whose body is still to come when they are sent.
  local function by_h2(updates, tail)
    local head = hpack.literal(":method", "POST") .. hpack.literal(":path", "/v1/tokenize-text")
      .. hpack.literal("authorization", "Bearer xai-spec") .. hpack.literal("content-type", "application/json")
    local body = json.encode { model = "grok-4.5", text = ("Much and more. "):rep(60) }
    local bytes = raw.exchange(server.port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" .. frame(4, 0, 0, "\0\4\0\0\0\0")
      .. frame(1, 4, 1, head) .. updates .. frame(0, 1, 1, body) .. (tail or ""),
      function(bytes) return bytes:find("\0\0\0\0\1\0\0\0\1", 1, true) end) -- an empty DATA frame ends the stream
    return #bytes
  end

  it("heeds a WINDOW_UPDATE for a stream whose request is not finished (libcurl 8.23)", function()
    local wide = frame(8, 0, 1, "\0\1\0\0")
    assert.is_true(by_h2(wide) > 10000)
    assert.is_true(by_h2(frame(8, 0, 1, "\0\0\16\0"):rep(10)) > 10000)
    assert.is_true(by_h2("", wide) > 10000)
  end)

  it("widens the streams that there are when the first window is set anew", function()
    assert.is_true(by_h2("", frame(4, 0, 0, "\0\4\0\1\0\0")) > 10000)
    assert.is_true(by_h2(frame(4, 0, 0, "\0\4\0\1\0\0")) > 10000)
  end)

  it("sends a long answer by HTTP/2 while the request is long, too", function()
    local client = xai.new { api_key = "xai-spec", base_url = server.url, http_version = "2", max_retries = 0 }
    local long = { model = "grok-4.5", text = ("Much and more. "):rep(40000) }
    local result, message = scripted.wait(client:start("tokenize", long))
    client:close()
    assert(result, message)
    assert.is_true(#result.token_ids > 40000)
  end)
end)

describe("with-server", function()
  local function run(command)
    local output, code = programs.shell(("LUA='%s' %s"):format(programs.lua, command))
    return output, code
  end

  -- Asks the server twice, with a second between: that is longer than its idle time.
  local ASKS = [[sh -c '
    ask() { "$LUA" -e "
      local uv, said = require \"luv\", \"\"
      local socket = uv.new_tcp()
      socket:connect(\"127.0.0.1\", tonumber((os.getenv \"XAI_BASE_URL\"):match \"%d+$\"), function(problem)
        print(problem or \"connected\")
        socket:close()
      end)
      uv.run()"; }
    ask; sleep 1; ask']]

  it("has a server that lives as long as its program, however long that asks nothing (real use, 39)", function()
    local output = run("src/xai/testing/with-server --idle 0.2 -- " .. ASKS)
    assert.equal("connected\nconnected\n", output)
  end)

  --- Wait for the end of the server whose port is told in `output`.
  local function ends(output)
    local port = tonumber(output:match ":(%d+)\n")
    for _ = 1, 500 do
      if select(2, raw.exchange(port, "GET / HTTP/1.0\r\n\r\n")) == "refused" then return true end
      uv.sleep(20)
    end
    return false
  end

  it("has a server that ends with its program, however that ends (real use, 39)", function()
    local ENDS = {
      ["exit 0"] = 0, ["exit 3"] = 3, ["kill -TERM $$"] = 143, ["kill -KILL $$"] = 137, ["kill -ABRT $$"] = 134,
      ["kill -INT $$"] = 130, ["kill -HUP $$"] = 129, ["exec >&- 2>&-; exit 4"] = 4,
    }
    for ending, expected in pairs(ENDS) do
      local output, code = run(("src/xai/testing/with-server -- sh -c 'echo $XAI_BASE_URL; %s'"):format(ending))
      assert.equal(expected, code, ending)
      assert.is_true(ends(output), ending)
    end
  end)

  it("passes on the exit code of a program that takes an interrupt and goes on (real use, 39)", function()
    local output, code = run(
      "src/xai/testing/with-server -- sh -c 'kill -INT $PPID; sleep 0.1; echo $XAI_BASE_URL; exit 7'")
    assert.equal(7, code)
    assert.is_true(ends(output))
  end)

  it("ends its server when what holds it is killed (real use, 39)", function()
    for _, signal in ipairs { "KILL", "TERM", "HUP" } do
      local output = run(("src/xai/testing/with-server -- sh -c 'echo $XAI_BASE_URL; kill -%s $PPID' 2>/dev/null")
        :format(signal))
      assert.is_true(ends(output), signal)
    end
  end)
end)
