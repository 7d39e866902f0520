--- What a program hears when it mistypes a name, and where a message says an address or a place.

local scripted = require "spec.support.scripted"
local raised = require "spec.support.raised"
local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same
local stage

--- What `f(...)` raised, without the place.
local function error_of(f, ...)
  return (tostring(raised(f, ...)):gsub("^[^%s]*:%d+: ", ""))
end

local function call(object, name)
  return function() return object[name](object, {}) end
end

describe("an unknown function (real use, 44)", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("of a client raises, with the nearest name if one is near", function()
    for wrong, right in pairs {
      responses = "respond", messages = "message", completions = "complete", chats = "chat", tokenise = "tokenize",
      list_model = "list_models", Chat = "chat", getModel = "get_model", models = "list_models", staart = "start",
      clsoe = "close", generate_images = "generate_image", embeddings = false, create = "create_batch", make = false,
      x = false, [""] = false,
    } do
      local hint = right and (" (did you mean '%s'?)"):format(right) or ""
      same(("client has no function '%s'%s"):format(wrong, hint), error_of(call(stage.client, wrong)))
    end
  end)

  it("of a client raises where the caller stands, also when it is only asked for, and of a closed one", function()
    local ok, err = pcall(function() return stage.client.responses end)
    assert.is_false(ok)
    assert.matches("^[^:]*names_spec%.lua:%d+: client has no function", err)
    stage.client:close()
    assert.is_false(pcall(function() return stage.client:responses {} end))
  end)

  it("of a client is no trouble for what Lua and its tools ask of any value", function()
    local client = stage.client
    for _, name in ipairs { "__len", "_NAME", "_class", 1, true, 2.5 } do
      assert.is_nil(client[name])
    end
    assert.matches("^xai%.client %(", tostring(client))
    assert.is_true(client == client)
    assert.has_no.errors(function() assert.are.same(client, client) end)
    assert.has_no.errors(function() require("luassert.util").deepcopy(client) end)
    same("userdata", type(client))
    assert.is_function(client.chat)
  end)

  it("named to client:start raises with the nearest one", function()
    same("client:start: unknown function 'chats' (did you mean 'chat'?)",
      error_of(stage.client.start, stage.client, "chats"))
    same("client:start: unknown function 'embeddings'", error_of(stage.client.start, stage.client, "embeddings"))
  end)

  it("of a stream, a call, a task and the module raises where a known name is near", function()
    local stream = assert(stage:stream "chat")
    local started = stage.client:start "list_models"
    local task = xai.spawn(function() end)
    for wrong, right in pairs { texts = "text", nxt = "next", results = "result", Close = "close" } do
      same(("stream has no function '%s' (did you mean '%s'?)"):format(wrong, right), error_of(call(stream, wrong)))
    end
    for wrong, right in pairs { results = "result", wiat = "wait", cancle = "cancel" } do
      same(("call has no function '%s' (did you mean '%s'?)"):format(wrong, right), error_of(call(started, wrong)))
    end
    for wrong, right in pairs { wiat = "wait", Cancel = "cancel", statsu = "status", traceBack = "traceback" } do
      same(("task has no function '%s' (did you mean '%s'?)"):format(wrong, right), error_of(call(task, wrong)))
    end
    for wrong, right in pairs { spwan = "spawn", updaet = "update", encoed = "encode", onError = "on_error" } do
      same(("xai has no function '%s' (did you mean '%s'?)"):format(wrong, right), error_of(call(xai, wrong)))
    end
    stream:close()
    started:wait()
    task:wait()
  end)

  it("far from all of them is nil there, so that a program may ask what there is, and keep what it likes", function()
    local stream = assert(stage:stream "chat")
    local started = stage.client:start "list_models"
    local task = xai.spawn(function() end)
    for _, object in ipairs { stream, started, task, xai } do
      for _, name in ipairs { "label", "embeddings", "__len", 1, "_private" } do assert.is_nil(object[name]) end
      object.label = 5
      same(5, object.label)
      object.label = nil
      assert.has_no.errors(function() return next(object) end)
    end
    assert.is_nil(xai.on_error)
    stream:close()
    started:wait()
    task:wait()
  end)

  it("set in the module's place of a known one raises, too", function()
    same("xai has no function 'on_eror' (did you mean 'on_error'?)", error_of(function() xai.on_eror = print end))
    xai.on_error = print
    xai.on_error = nil
    assert.is_nil(xai.on_error)
  end)
end)

describe("an unknown option (real use, 45)", function()
  it("has no guess that is far off", function()
    for _, wrong in ipairs { "key", "url", "max_tokens", "temperature", "verify", "organization", "ca" } do
      same(("xai.new: unknown option '%s'"):format(wrong), error_of(xai.new, { [wrong] = 1 }))
    end
    for wrong, right in pairs {
      Timeout = "timeout", tiemout = "timeout", maxRetries = "max_retries", ["api-key"] = "api_key",
      retries = "max_retries", header = "headers", baseURL = "base_url",
    } do
      same(("xai.new: unknown option '%s' (did you mean '%s'?)"):format(wrong, right),
        error_of(xai.new, { [wrong] = 1 }))
    end
  end)
end)

describe("a table within itself (real use, 45)", function()
  local function refused(text, value)
    local message = error_of(xai.encode, value)
    same("xai.encode: " .. text, message)
  end

  it("is named, with the way to it", function()
    local t = {}
    t.t = t
    refused("body contains itself, as t", t)
    refused("metadata contains itself, as metadata.t", { metadata = t })
    local list = { "x" }
    list[2] = list
    refused("messages contains itself, as messages[2]", { messages = list })
    local a, b, c = {}, {}, {}
    a.b, b.c, c.a = b, { c }, a
    refused("deep[1].a contains itself, as deep[1].a.b.c[1].a", { deep = { { a = a } } })
    local inner = {}
    local outer = { near = { inner }, n = 1 }
    inner.up = outer
    refused("body contains itself, as near[1].up", outer)
  end)

  it("that is only deep is said to be so, and one that is there twice is sent twice", function()
    local deep = {}
    for _ = 1, 3000 do deep = { deep } end
    assert.matches("^xai%.encode: [%[%]1]+%.%.%. is nested too deeply$", error_of(xai.encode, deep))
    local twice = { 1 }
    same('{"a":[1],"b":[[1],[1]]}', (xai.encode { a = twice, b = { twice, twice } }
      :gsub('^{"b":(.*),"a":(.*)}$', '{"a":%2,"b":%1}')))
  end)
end)

describe("a redirect (real use, 45)", function()
  local function message_of(location, body)
    local headers = { ["Content-Type"] = "text/html" }
    if location then headers.Location = location end
    local _, _, info = scripted.ask { scripted.answer(301, headers, body or "") }
    same("redirect", info.kind)
    return info.message
  end

  it("names the address, whatever the body says", function()
    same("redirect to https://elsewhere.example/v2/models refused", message_of("https://elsewhere.example/v2/models",
      "<html><head><title>301 Moved Permanently</title></head><body>Moved</body></html>"))
    same("redirect to https://elsewhere.example/ refused", message_of("https://elsewhere.example/",
      '{"error":{"message":"Moved","code":301}}'))
  end)

  it("shows no password, query or fragment", function()
    for location, shown in pairs {
      ["https://user:pass@host.example/a?token=secret#part"] = "https://host.example/a",
      ["https://user@host.example"] = "https://host.example",
      ["https://a:b@c:d@host.example:8443/x@y"] = "https://host.example:8443/x@y",
      ["https://host.example?key=secret"] = "https://host.example",
      ["https://host.example#secret"] = "https://host.example",
      ["https://user:p@host.example?x=1"] = "https://host.example",
      ["//user:pass@host.example/b?secret"] = "//host.example/b",
      ["/v2/models?key=secret"] = "/v2/models",
      ["models/x@y?secret"] = "models/x@y",
      ["?secret"] = "",
      ["https://host.example/" .. ("a"):rep(500)] = "https://host.example/" .. ("a"):rep(187),
    } do
      same("redirect to " .. shown .. " refused", message_of(location))
    end
    same("redirect to nowhere refused", message_of(nil))
  end)
end)
