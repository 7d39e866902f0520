--- xai.testing.tape: answers are recorded once and given from then on.

local leftovers = require "spec.support.leftovers"
local live = require "spec.support.live"
local programs = require "spec.support.programs"
local raised = require "spec.support.raised"
local server = require "xai.testing.server"
local testing = require "xai.testing"
local xai = require "xai"

local same = assert.same
local KEY = "xai-spec-0123456789abcdef"
local MODEL = "grok-4.5"

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local function spill(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

describe("xai.testing.tape", function()
  local service, path, clients

  setup(function()
    service = server.spawn { pace = 0 }
    leftovers.add(service.close)
  end)
  teardown(function() service.close() end)

  before_each(function()
    path, clients = os.tmpname(), {}
    os.remove(path)
  end)
  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    os.remove(path)
    assert.equal(0, live())
  end)

  local function keep(client)
    clients[#clients + 1] = client
    return client
  end

  --- A client that records, and one that replays without anybody who could answer.
  local function recorder(options)
    return keep(testing.tape(path, options):client { base_url = service.url, api_key = KEY, max_retries = 0 })
  end
  local function replayer(options)
    local tape = testing.tape(path, options)
    return keep(xai.new { base_url = "http://127.0.0.1:1", tape = tape }), tape
  end

  local function body_of(text, fields)
    local body = { model = MODEL, messages = { { role = "user", content = text or "What is Lua?" } } }
    for name, value in pairs(fields or {}) do body[name] = value end
    return body
  end

  --- What `f` gives while it is recorded, and then again.
  local function both(f)
    local first = f(recorder())
    assert.equal("xai.testing.tape (" .. path .. ", replays)", tostring(testing.tape(path)))
    return first, f((replayer()))
  end

  it("records an answer and gives it again, without a key", function()
    local first, second = both(function(client)
      local result, message, info = client:chat(body_of())
      return { result = result, message = message, status = info.status, id = info.request_id, limit = info.rate_limit }
    end)
    assert.truthy(first.result.id)
    same(first, second)
  end)

  it("records failures of the service", function()
    local first, second = both(function(client)
      local _, message, info = client:get_model "nope"
      return { message = message, kind = info.kind, status = info.status, body = info.body }
    end)
    assert.equal("not_found", first.kind)
    same(first, second)
  end)

  it("records streams with their pieces", function()
    local function read(client)
      local words = {}
      local stream = client:chat(body_of("What is Lua? — ünïcode", { stream = true }))
      for word in stream:text() do words[#words + 1] = word end
      return words
    end
    local first, second = both(read)
    same(first, second)
    local line = slurp(path)
    local _, pieces = line:gsub('"data: ', "")
    assert.is_true(pieces > 5)
    assert.truthy(xai.decode(line).pieces)
  end)

  it("gives pieces one by one, also to on_event", function()
    local client = recorder()
    client:chat(body_of(nil, { stream = true })):result()
    local steps, heard = 0, 0
    local call = replayer():start("chat", body_of(nil, { stream = true }), {
      on_event = function() heard = heard + 1 end,
    })
    while not call:done() do
      xai.step(0)
      steps = steps + 1
    end
    assert.is_true(heard > 5 and steps > 5)
  end)

  it("records conversations and tools, whatever the key for the service's cache", function()
    local tool = {
      name = "get_weather", description = "The weather", parameters = xai.schema.object(xai.schema.string "city"),
      run = function() return { celsius = 24 } end,
    }
    local first, second = both(function(client)
      local talk = client:conversation { model = MODEL, tools = { tool } }
      local one = talk:ask "My name is Ada."
      local two = talk:ask "Is it warm in Rome?"
      return { one, two, (talk:ask "What is my name?") }
    end)
    assert.equal("Your name is Ada.", first[3])
    same(first, second)
  end)

  it("never has the key in the file", function()
    local client = recorder()
    client:chat(body_of("my key is " .. KEY), { headers = { ["x-fault"] = "echo-key" } })
    client:chat(body_of("my key is " .. KEY, { stream = true })):result()
    client:request { path = "/v1/models", query = { key = KEY } }
    client:chat(body_of "x", { headers = { ["x-api-key"] = "other-key-98765432" }, api_key = KEY })
    local text = slurp(path)
    assert.is_nil(text:find("0123456789", 1, true))
    assert.is_nil(text:find("98765432", 1, true))
    assert.is_nil(text:lower():find("authorization", 1, true))
    assert.matches("my key is %*+", text)
  end)

  it("is JSON lines that people can read", function()
    local client = recorder()
    client:chat(body_of "Hi")
    client:list_models()
    local lines = {}
    for line in slurp(path):gmatch "([^\n]+)\n" do lines[#lines + 1] = assert(xai.decode(line)) end
    assert.equal(2, #lines)
    same({ "POST", "/v1/chat/completions", 200, "Hi" },
      { lines[1].method, lines[1].path, lines[1].status, lines[1].body.messages[1].content })
    assert.equal("chat.completion", lines[1].answer.object)
    assert.equal("application/json", lines[1].headers["content-type"])
    same({ "GET", "/v1/models", nil }, { lines[2].method, lines[2].path, lines[2].body })
  end)

  it("may be edited by people", function()
    recorder():chat(body_of "Hi")
    local text = slurp(path):gsub('"content":"Hello! Nice to meet you%."', '"content":"Edited."')
    spill(path, "\n" .. text:gsub('"status":200', '"status" : 200'):gsub("\n", "  \n\n"))
    assert.equal("Edited.", xai.text((replayer():chat(body_of "Hi"))))
  end)

  it("records bytes that are no text", function()
    local function read(client)
      local fault = { headers = { ["x-fault"] = "say,%FF%00%FEabc" }, max_retries = 0 }
      return { client:request({ path = "/v1/models" }, fault) }
    end
    recorder()
    spill(path, '{"method":"GET","path":"/v1/x","status":200,"headers":{"content-type":"image/png"},'
      .. '"pieces":["a",{"base64":"/wD+"},"b"]}\n')
    assert.equal("a\255\0\254b", (replayer():request { path = "/v1/x" }))
    os.remove(path)
    local first, second = both(function(client) return (read(client)[2]) end)
    assert.equal(first, second)
  end)

  it("compares method, path and body, and not how the body is written", function()
    spill(path, '{"method":"POST","path":"/v1/chat/completions","body":{"model":"m", "n":1.0,"messages":[]},'
      .. '"status":200,"headers":{},"answer":{"id":"one"}}\n')
    local client, tape = replayer()
    assert.equal(1, tape.left)
    assert.equal("one", client:chat({ messages = xai.array {}, n = 1, model = "m" }).id)
    assert.equal(0, tape.left)
  end)

  it("gives equal requests their answers in turn", function()
    local line = '{"method":"GET","path":"/v1/models/a","status":200,"headers":{},"answer":{"id":"%s"}}\n'
    spill(path, line:format "one" .. line:format "two")
    local client = replayer()
    same({ "one", "two" }, { client:get_model("a").id, client:get_model("a").id })
    local message = raised(function() client:get_model "a" end)
    assert.matches("testing_tape_spec.lua:%d+: client:get_model: GET /v1/models/a is not on the tape ", message)
    assert.matches("it was recorded 2 times, and given as often$", message)
  end)

  it("names the nearest of the recorded requests for one that is not there", function()
    local client = recorder()
    client:chat(body_of "Hi")
    client:chat(body_of("What is Lua?", { temperature = 1 }))
    client:get_model "grok-4.5"
    client = replayer()
    local function miss(f) return raised(f) end
    assert.matches('the nearest is line 2: messages%[1%]%.content was "What is Lua%?", and is "What is Go%?"$',
      miss(function() client:chat(body_of("What is Go?", { temperature = 1 })) end))
    assert.matches("the nearest is line 1: temperature was nothing, and is 2$",
      miss(function() client:chat(body_of("Hi", { temperature = 2 })) end))
    assert.matches("the nearest is line 3: GET /v1/models/grok%-4%.5$",
      miss(function() client:get_model "grok-4.6" end))
    assert.matches("which has 3 other calls$", miss(function() client:delete_response "x" end))
    assert.matches("%(delete it to record anew%)", miss(function() client:delete_response "x" end))
  end)

  it("ignores members of the body that the test names", function()
    recorder { ignore = { "user" } }:chat(body_of("Hi", { user = "a" }))
    assert.truthy(replayer { ignore = { "user" } }:chat(body_of("Hi", { user = "b" })))
    assert.matches('user was "a", and is "b"$',
      raised(function() replayer():chat(body_of("Hi", { user = "b" })) end))
  end)

  it("records what came of a stream that was not read to its end", function()
    local stalls = { headers = { ["x-fault"] = "stall-in-stream,3" } }
    local stream = recorder():chat(body_of(nil, { stream = true }), stalls)
    local word = stream:text()()
    stream:close()
    assert.equal("closed", xai.decode(slurp(path)).cut)
    stream = replayer():chat(body_of(nil, { stream = true }))
    assert.equal(word, stream:text()())
    assert.equal("truncated", select(3, stream:result()).kind)
  end)

  it("does not record calls that nobody answered", function()
    local client = keep(testing.tape(path):client { base_url = "http://127.0.0.1:1", api_key = KEY, max_retries = 0 })
    assert.equal("connection", select(3, client:list_models()).kind)
    assert.is_nil((io.open(path)))
  end)

  it("does not record what warms", function()
    local client = recorder()
    client:warm():wait()
    client:list_models()
    client = replayer()
    assert.is_true((client:warm():wait()))
    assert.truthy(client:list_models())
  end)

  it("replays in a budget and with retries", function()
    recorder():chat(body_of())
    local tape = testing.tape(path)
    local client = keep(tape:client { budget = xai.budget { calls = 1 }, max_retries = 2 })
    assert.truthy(client:chat(body_of()))
    assert.equal("budget", select(3, client:chat(body_of())).code)
    assert.matches("given as often", tostring(raised(function()
      keep(tape:client { budget = xai.budget { calls = 1 } }):chat(body_of())
    end)))
  end)

  it("has modes", function()
    recorder():chat(body_of "Hi")
    recorder { mode = "record" }:chat(body_of "What is Lua?")
    assert.is_nil(slurp(path):find("Nice to meet you", 1, true))
    assert.matches("xai.testing.tape %(.*, replays%)", tostring(testing.tape(path, { mode = "replay" })))
    os.remove(path)
    assert.matches("^spec/testing_tape_spec.lua:%d+: testing.tape: it cannot be read: ",
      raised(function() testing.tape(path, { mode = "replay" }) end):gsub("^%./", ""))
    assert.matches("testing.tape: it cannot be read: /tmp: Is a directory$", raised(function() testing.tape "/tmp" end))
  end)

  it("tells of a disk that is full", function()
    local said = {}
    local stderr = io.stderr
    io.stderr = { write = function(_, ...) said[#said + 1] = table.concat { ... } end } -- luacheck: ignore 122
    local tape = testing.tape("/dev/full", { mode = "record" })
    local client = keep(tape:client { base_url = service.url, api_key = KEY })
    local result = client:list_models()
    io.stderr = stderr -- luacheck: ignore 122
    assert.truthy(result)
    assert.matches("xai.testing: the tape /dev/full cannot be written: ", table.concat(said), 1, true)
    assert.matches("client:list_models: the tape /dev/full cannot be written: ",
      raised(function() client:list_models() end))
  end)

  it("tells of paths that cannot be written", function()
    local client = keep(testing.tape("/nowhere/tape"):client { base_url = service.url, api_key = KEY })
    local stderr = io.stderr
    io.stderr = { write = function() end } -- luacheck: ignore 122
    client:list_models()
    io.stderr = stderr -- luacheck: ignore 122
    assert.matches("the tape /nowhere/tape cannot be written", raised(function() client:list_models() end))
    assert.matches("testing.tape: it cannot be written: ",
      raised(function() testing.tape("/nowhere/tape", { mode = "record" }) end))
  end)

  it("names the line of a tape that is damaged", function()
    local GOOD = '{"method":"GET","path":"/x","status":200,"headers":{},"answer":{}}\n'
    for _, bad in ipairs {
      "nonsense", "{", '{"method":"GET"', '{"method":"GET"}', '{"method":1,"path":"/x","status":200}', "[]",
      '{"method":"GET","path":"/x","status":200,"headers":[]}', '{"method":"GET","path":"/x","status":200} more',
      '{"method":"GET","path":"/x","status":200,"pieces":[{"base64":"?"}]}',
      '{"method":"GET","path":"/x","status":200,"pieces":[true]}',
      '{"method":"GET","path":"/x","status":200,"answer":{"a":',
    } do
      spill(path, GOOD .. bad .. "\n")
      assert.matches(":2: ", tostring(raised(function() testing.tape(path) end)), 1, true)
    end
  end)

  it("checks its arguments", function()
    local function wrong(pattern, ...)
      local arguments = { ... }
      assert.matches("testing_tape_spec.lua:%d+: testing.tape: " .. pattern,
        raised(function() testing.tape((table.unpack or unpack)(arguments, 1, 2)) end)) -- luacheck: ignore 143 113
    end
    wrong("the path must be a string, got a nil$")
    wrong("options must be a table, got a string$", path, "replay")
    wrong("unknown option 'mod' %(did you mean 'mode'%?%)$", path, { mod = "replay" })
    wrong("option 'mode' must be a string, got a boolean$", path, { mode = true })
    wrong('option \'mode\' must be "auto", "record" or "replay"$', path, { mode = "play" })
  end)

  it("is written when the program ends, whatever was read", function()
    local output = programs.code(([[
      local client = require "xai.testing".tape(%q):client { base_url = %q, api_key = "xai-0123456789" }
      local body = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "What is Lua?" } } }
      print((client:chat(body):text()()))
    ]]):format(path, service.url))
    assert.equal("Lua\n", output)
    assert.equal("Lua", replayer():chat(body_of(nil, { stream = true })):text()())
  end)
end)
