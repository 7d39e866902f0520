--- Misuse is raised at once, at the user's own line, in words to act on; nothing is sent.

local stages = require("spec.support.stage")
local xai = require("xai")

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }

local house

--- `f` (on one line) raises exactly this text, naming its own line.
local function refused(f, text)
  local ok, message = pcall(f)
  assert.is_false(ok, "nothing was raised; expected: " .. text)
  local where = debug.getinfo(f, "S")
  assert.equal(("%s:%d: %s"):format(where.short_src, where.linedefined, text), message)
end

describe("misuse of", function()
  local client

  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  before_each(function()
    house:reset()
    client = house:new_client()
  end)
  after_each(function()
    assert.same({}, house:received()) -- nothing was sent
    assert.equal(0, house:settle())
  end)

  -- Options: a value, and what is said of it behind "option 'NAME' ".
  local WRONG = {
    timeout = { "10", "must be a number of seconds, got string" },
    connect_timeout = { -1, "must be a number of seconds" },
    idle_timeout = { 0 / 0, "must be a number of seconds" },
    deadline = { 1 / 0, "must be a number of seconds" },
    max_retries = { 101, "must be a whole number from 0 to 100" },
    max_body = { {}, "must be a number of bytes, got table" },
    max_event = { -5, "must be a number of bytes" },
    max_buffer = { true, "must be a number of bytes, got boolean" },
    base_url = { 7, "must be a string, got number" },
    proxy = { "", "is empty" },
    no_proxy = { "a\nb", "has a control character in it" },
    ca_file = { false, "must be a string, got boolean" },
    ca_path = { "a\0b", "has a control character in it" },
    user_agent = { "a\r\nX-Evil: 1", "has a control character in it" },
    unix_socket = { print, "must be a string, got function" },
    http_version = { "3", 'must be "1.1" or "2"' },
    allow_http = { "yes", "must be a boolean, got string" },
    headers = { "X: y", "must be a table, got string" },
    json = { { encode = print }, "must be a module with the function decode" },
    raw = { 1, "must be a boolean, got number" },
    on_event = { "print", "must be a function, got string" },
    on_request = { {}, "must be a function, got table" },
    on_response = { 1, "must be a function, got number" },
    on_retry = { true, "must be a function, got boolean" },
    debug = { "yes", "must be a boolean or a function, got string" },
    api_key = { 5, "must be a string or a function, got number" },
  }

  for name, row in pairs(WRONG) do
    it("option " .. name .. " is refused by xai.new and by a call", function()
      local options = { [name] = row[1] }
      refused(function() xai.new(options) end, ("xai.new: option '%s' %s"):format(name, row[2]))
      refused(function() client:chat(HI, options) end, ("client:chat: option '%s' %s"):format(name, row[2]))
      refused(function() client:list_models(options) end, ("client:list_models: option '%s' %s"):format(name, row[2]))
    end)
  end

  it("a cap below one byte is refused", function()
    for _, name in ipairs { "max_body", "max_event", "max_buffer" } do
      for _, value in ipairs { 0, 0.5 } do
        local text = ("option '%s' must be at least 1"):format(name)
        refused(function() xai.new { [name] = value } end, "xai.new: " .. text)
        refused(function() client:chat(HI, { [name] = value }) end, "client:chat: " .. text)
      end
    end
  end)

  it("a NUL byte does not end a name or a word", function()
    refused(function() xai.new { ["timeout\0x"] = 5 } end,
      "xai.new: unknown option 'timeout' with a NUL byte behind it")
    refused(function() client:request { path = "/", ["method\0"] = "GET" } end,
      "client:request: unknown field 'method' with a NUL byte behind it")
    refused(function() xai.new { retry = "safe\0x" } end, "xai.new: option 'retry' must be \"usual\" or \"safe\"")
    refused(function() xai.new { http_version = "2\0" } end,
      "xai.new: option 'http_version' must be \"1.1\" or \"2\"")
  end)

  it("http_version is refused as a number, for 1.10 would be 1.1", function()
    refused(function() xai.new { http_version = 2 } end, "xai.new: option 'http_version' must be \"1.1\" or \"2\"")
  end)

  it("a count with a fraction is refused", function()
    refused(function() xai.new { max_retries = 1.5 } end,
      "xai.new: option 'max_retries' must be a whole number from 0 to 100")
  end)

  it("unknown options are named with the nearest one that is known", function()
    for wrong, right in pairs { timout = "timeout", apikey = "api_key", max_retry = "max_retries", url = false,
      baseurl = "base_url", header = "headers", conect_timeout = "connect_timeout", Debug = "debug",
      http_verison = "http_version", cafile = "ca_file", zzzzzzzz = false } do
      local hint = right and (" (did you mean '%s'?)"):format(right) or ""
      refused(function() xai.new { [wrong] = 1 } end, ("xai.new: unknown option '%s'%s"):format(wrong, hint))
      refused(function() client:chat(HI, { [wrong] = 1 }) end,
        ("client:chat: unknown option '%s'%s"):format(wrong, hint))
    end
    refused(function() xai.new { [("x"):rep(5000)] = 1 } end, "xai.new: unknown option '" .. ("x"):rep(5000) .. "'")
    refused(function() xai.new { [1] = "timeout" } end, "xai.new: option names must be strings, got a number")
  end)

  it("options that are no table are refused", function()
    refused(function() xai.new("xai-key") end, "xai.new: options must be a table, got string")
    refused(function() client:chat(HI, "fast") end, "client:chat: options must be a table, got string")
    refused(function() client:list_models(5) end, "client:list_models: options must be a table, got number")
    refused(function() client:get_model("x", true) end, "client:get_model: options must be a table, got boolean")
  end)

  it("headers are refused that would break out of their line", function()
    local function with(name, value) return { headers = { [name] = value } } end
    local value = "client:chat: option 'headers': the value of 'X-A' "
    for _, bad in ipairs { "a\r\nb", "a\nb", "a\rb", "a\0b", "\127" } do
      refused(function() client:chat(HI, with("X-A", bad)) end, value .. "has a control character in it")
    end
    refused(function() client:chat(HI, with("X-A", {})) end, value .. "must be a string or false, got table")
    refused(function() client:chat(HI, with("X-A", true)) end, value .. "must be a string or false, got boolean")
    for _, bad in ipairs { "X A", "X:A", "", "X\rA", "X\195\164", "A(b)" } do
      refused(function() client:chat(HI, with(bad, "x")) end,
        ("client:chat: option 'headers': '%s' is not a header name"):format(bad))
    end
    refused(function() client:chat(HI, { headers = { "X-A: b" } }) end,
      "client:chat: header names must be strings, got a number")
    local ok, message = pcall(client.chat, client, HI, with("X\0A", "x"))
    assert.is_false(ok)
    assert.is_truthy(message:find("is not a header name", 1, true))
  end)

  it("two spellings of one header in a table are refused: chance would choose", function()
    local twice = { headers = { ["x-team"] = "a", ["X-B"] = "b", ["X-Team"] = false } }
    local text = "option 'headers': 'X-Team' and 'x-team' are one header"
    refused(function() xai.new(twice) end, "xai.new: " .. text)
    refused(function() client:chat(HI, twice) end, "client:chat: " .. text)
  end)

  it("keys are refused that would break the header, and are not shown", function()
    for _, bad in ipairs { "xai-secret\n", "xai-\r\nsecret", "xai\0secret" } do
      local text = "option 'api_key' has a control character in it"
      refused(function() xai.new { api_key = bad } end, "xai.new: " .. text)
      refused(function() client:chat(HI, { api_key = bad }) end, "client:chat: " .. text)
    end
    refused(function() xai.new { api_key = "" } end, "xai.new: option 'api_key' is empty")
  end)

  it("functions for keys must give one", function()
    local function with(f) return { api_key = f } end
    refused(function() client:chat(HI, with(function() return "" end)) end, "client:chat: api_key is empty")
    refused(function() client:chat(HI, with(function() return "xai-a\nb" end)) end,
      "client:chat: api_key has a control character in it (a line end, perhaps?)")
    for value, kind in pairs { [5] = "number", [false] = "boolean" } do
      refused(function() client:chat(HI, with(function() return value end)) end,
        "client:chat: the api_key function gave no string but " .. kind)
    end
    refused(function() client:chat(HI, with(function() end)) end,
      "client:chat: the api_key function gave no string but nil")
    local ok, err = pcall(client.chat, client, HI, with(function() error({ mine = true }) end))
    assert.is_false(ok)
    assert.is_true(err.mine)
  end)

  it("a client that closes itself by its key function is noticed", function()
    local own
    own = house:new_client { api_key = function() own:close() return "xai-late" end }
    refused(function() own:chat(HI) end, "client:chat: the client is closed")
  end)

  it("base URLs that are none are refused", function()
    local none = "is not an http or https URL"
    local plain = "is plain http to a host that is not loopback; set allow_http to send your key and prompts "
      .. "unencrypted"
    for url, why in pairs {
      ["ftp://api.x.ai"] = none, ["api.x.ai"] = none, ["https://"] = none, ["file:///etc/passwd"] = none,
      ["http//api.x.ai"] = none, ["https://a b/"] = none, ["garbage"] = none,
      ["https://api.x.ai/?a=b"] = "carries a query", ["https://api.x.ai/v1?"] = "carries a query",
      ["https://api.x.ai/#top"] = "carries a fragment",
      ["http://api.x.ai"] = plain, ["http://127.0.0.1.evil.example"] = plain, ["http://localhost.evil.example"] = plain,
      ["http://0.0.0.0"] = plain, ["http://[::2]"] = plain, ["http://mylocalhost"] = plain,
    } do
      refused(function() xai.new { base_url = url } end, ("xai.new: base_url '%s' %s"):format(url, why))
      refused(function() client:chat(HI, { base_url = url }) end,
        ("client:chat: base_url '%s' %s"):format(url, why))
    end
  end)

  it("a base URL with a password is refused and not shown", function()
    for _, url in ipairs { "https://me@api.x.ai", "https://me:pass@api.x.ai" } do
      refused(function() xai.new { base_url = url } end, "xai.new: base_url carries a user name or password")
    end
  end)

  it("a proxy that is none is refused, and its user and password are not shown", function()
    local text = "is no address of a proxy; scheme://host:port is, with http, https, socks4, socks4a, socks5, socks5h "
      .. "or no scheme"
    for _, url in ipairs { "ftp://127.0.0.1", "127.0.0.1:99999", "127.0.0.1:port", "http://", "http://a b:80", "a b",
      "gopher://127.0.0.1", "socks6://127.0.0.1" } do
      refused(function() xai.new { proxy = url } end, ("xai.new: proxy '%s' %s"):format(url, text))
      refused(function() client:chat(HI, { proxy = url }) end, ("client:chat: proxy '%s' %s"):format(url, text))
    end
    for _, url in ipairs { "http://me:secret@127.0.0.1:99999", "ftp://me:secret@127.0.0.1", "me:secret@a b" } do
      refused(function() xai.new { proxy = url } end, "xai.new: proxy " .. text)
    end
  end)

  it("a proxy elsewhere is refused for plain http", function()
    local text = "would take plain http away from this machine; set allow_http to send your key and prompts unencrypted"
    local plain = house.server.url
    for _, url in ipairs { "http://192.0.2.1:3128", "192.0.2.1", "socks5h://proxy.example",
      "http://127.0.0.1.example" } do
      refused(function() xai.new { base_url = plain, proxy = url } end, ("xai.new: proxy '%s' %s"):format(url, text))
      refused(function() client:chat(HI, { proxy = url }) end, ("client:chat: proxy '%s' %s"):format(url, text))
      xai.new({ base_url = plain, proxy = url, allow_http = true }):close()
      xai.new({ base_url = "https://127.0.0.1", proxy = url }):close()
    end
    local secret = { base_url = plain, proxy = "http://me:secret@192.0.2.1" }
    refused(function() xai.new(secret) end, "xai.new: proxy " .. text)
    local behind = xai.new { api_key = stages.KEY, base_url = "https://127.0.0.1", proxy = "http://192.0.2.1" }
    refused(function() behind:chat(HI, { base_url = plain }) end, "client:chat: proxy 'http://192.0.2.1' " .. text)
    behind:close()
    local free = xai.new { api_key = stages.KEY, base_url = "http://192.0.2.1", allow_http = true }
    refused(function() free:chat(HI, { allow_http = false }) end, "client:chat: base_url 'http://192.0.2.1' is plain "
      .. "http to a host that is not loopback; set allow_http to send your key and prompts unencrypted")
    free:close()
    for _, url in ipairs { "http://127.0.0.1:3128", "localhost:3128", "socks5://me:secret@[::1]:1080",
      "SOCKS4://127.0.0.1" } do
      xai.new({ base_url = plain, proxy = url }):close()
    end
  end)

  it("take_key is for xai.new alone", function()
    refused(function() client:chat(HI, { take_key = true }) end,
      "client:chat: option 'take_key' is one of xai.new")
  end)

  it("bodies and ids of the wrong type are refused", function()
    for _, name in ipairs { "chat", "respond", "message", "complete", "complete_legacy", "generate_image",
      "tokenize" } do
      refused(function() client[name](client) end, ("client:%s: the body must be a table, got nil"):format(name))
      refused(function() client[name](client, 5) end, ("client:%s: the body must be a table, got number"):format(name))
    end
    for name, id in pairs { get_deferred = "request_id", get_response = "response_id", delete_response = "response_id",
      get_model = "model_id", get_language_model = "model_id", get_image_model = "model_id" } do
      local function says(value, text)
        refused(function() client[name](client, value) end, ("client:%s: %s %s"):format(name, id, text))
      end
      says(nil, "must be a string, got nil")
      says(12, "must be a string, got number")
      says({}, "must be a string, got table")
      says("", "is empty")
      for _, none in ipairs { "/", "//", ".", "..", "./.", "../.." } do says(none, "'" .. none .. "' is not an id") end
      for _, bad in ipairs { "a\nb", "a\r\nb", "a\0b", "\127" } do says(bad, "has a control character in it") end
    end
  end)

  it("bodies that JSON cannot express are refused by the path of the field", function()
    local body = { tools = { { ["function"] = { parameters = { required = { "a", nil, "c" } } } } } }
    refused(function() client:chat(body) end,
      "client:chat: tools[1].function.parameters.required is a list with holes (xai.null fills a hole)")
    refused(function() client:chat { model = print } end, "client:chat: model is a function, which JSON cannot express")
    refused(function() client:respond { temperature = 0 / 0 } end, "client:respond: temperature is not a finite number")
    refused(function() client:request { path = "/v1/x", body = { { a = io.stdout } } } end,
      "client:request: [1].a is a userdata, which JSON cannot express")
  end)

  it("a dot in place of the colon is noticed", function()
    local text = "client:%s: the first argument must be a client, got %s (call it with a colon)"
    refused(function() client.chat(HI) end, text:format("chat", "table"))
    refused(function() client.list_models() end, text:format("list_models", "nil"))
    refused(function() client.get_model("grok-4.5") end, text:format("get_model", "string"))
    refused(function() client.chat(io.stdout, HI) end, text:format("chat", "userdata"))
    refused(function() client.start("chat", HI) end,
      "client:start: the name of a function must come first, got table (call it with a colon)")
  end)

  it("a closed client is noticed", function()
    client:close()
    client:close()
    assert.equal("xai.client (closed)", tostring(client))
    refused(function() client:chat(HI) end, "client:chat: the client is closed")
    refused(function() client:list_models() end, "client:list_models: the client is closed")
    refused(function() client:request { path = "/" } end, "client:request: the client is closed")
    refused(function() client:start("chat", HI) end, "client:chat: the client is closed")
  end)

  it("client:start is noticed, too", function()
    refused(function() client:start("shout", HI) end, "client:start: unknown function 'shout'")
    refused(function() client:start() end, "client:start: the name of a function must come first, got nil")
    refused(function() client:start("chat") end, "client:chat: the body must be a table, got nil")
    refused(function() client:start("list_models", { timout = 1 }) end,
      "client:list_models: unknown option 'timout' (did you mean 'timeout'?)")
  end)

  it("client:request is refused field by field", function()
    local path = "/v1/models"
    refused(function() client:request("/v1/models") end, "client:request: expected a table, got string")
    refused(function() client:request() end, "client:request: expected a table, got nil")
    refused(function() client:request {} end, "client:request: path must be a string, got nil")
    refused(function() client:request { path = "v1/models" } end,
      "client:request: path must begin with '/', as in \"/v1/models\"")
    for _, bad in ipairs { "/a b", "/a\nb", "/a\0b", "/a#b", "/a\\b", "/\195\182" } do
      refused(function() client:request { path = bad } end,
        "client:request: path has a character that must be percent-encoded")
    end
    for _, bad in ipairs { "get", "", "GET /x", "GET\r\n", "GET\0X", 5, {} } do
      refused(function() client:request { path = path, method = bad } end,
        "client:request: method must be a word in capitals, as in \"GET\"")
    end
    refused(function() client:request { path = path, body = 5 } end,
      "client:request: body must be a table or a string, got number")
    refused(function() client:request { path = path, query = "a=b" } end,
      "client:request: query must be a table, got string")
    refused(function() client:request { path = path, query = { a = true } } end,
      "client:request: query must map strings to strings or numbers")
    refused(function() client:request { path = path, query = { "a" } } end,
      "client:request: query must map strings to strings or numbers")
    refused(function() client:request { path = path, metod = "GET" } end,
      "client:request: unknown field 'metod' (did you mean 'method'?)")
    refused(function() client:request { path = path, [1] = 1 } end,
      "client:request: field names must be strings, got a number")
  end)
end)

describe("an option", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  after_each(function() assert.equal(0, house:settle()) end)

  it("of a call holds for that call alone", function()
    local client = house:new_client()
    local _, _, info = client:list_models { max_body = 10 }
    assert.equal("limit", info.kind)
    assert(client:list_models())
  end)

  it("table is copied: changes to it later do nothing, and it is not changed", function()
    local headers = { ["X-A"] = "1" }
    local options = { api_key = stages.KEY, base_url = house.server.url, headers = headers }
    local client = xai.new(options)
    options.base_url, options.api_key = "http://127.0.0.1:1", "xai-wrong"
    assert(client:list_models())
    assert.same({ ["X-A"] = "1" }, headers)
    headers["X-B"], headers[true], headers["X-C"] = "a\r\nb", "x", nil
    assert(client:list_models())
    local log = house:received()
    assert.equal("1", log[#log].headers["x-a"])
    assert.is_nil(log[#log].headers["x-b"])
    headers["X-B"], headers[true] = nil, nil
    assert.same({ api_key = "xai-wrong", base_url = "http://127.0.0.1:1", headers = headers }, options)
    client:close()
  end)

  it("table may be changed by a callback of the call that it is for", function()
    local options = { user_agent = "first/" .. ("x"):rep(100) }
    function options.api_key()
      options.user_agent, options.headers = nil, 7
      collectgarbage()
      return stages.KEY
    end
    house:reset()
    assert(house:new_client():list_models(options))
    assert.equal("first/" .. ("x"):rep(100), house:received()[1].headers["user-agent"])
  end)

  it("is only taken from the table itself, where it was checked", function()
    local unchecked = { headers = { ["x-a"] = "1\r\nx-b: 2" }, api_key = 7 }
    house:reset()
    assert(house:new_client():list_models(setmetatable({}, { __index = unchecked })))
    assert.is_nil(house:received()[1].headers["x-b"])
  end)

  it("may be a large or small number", function()
    assert(house:new_client { timeout = 1e9, deadline = 0.5e9, max_body = 9e15, max_retries = 100 }:list_models())
    local _, _, info = house:new_client { timeout = 0.0001 }:list_models { headers = { ["x-fault"] = "late-head,300" } }
    assert.equal("timeout", info and info.kind)
  end)

  it("of time may be 0: there is no limit", function()
    local none = { timeout = 0, connect_timeout = 0, idle_timeout = 0, deadline = 0 }
    assert(house:new_client(none):list_models { headers = { ["x-fault"] = "late-head,50" } })
    assert(house:new_client { connect_timeout = 1e9 }:list_models(none))
  end)

  it("that was refused leaves no client behind", function()
    for _ = 1, 50 do pcall(xai.new, { api_key = "xai-1", base_url = "ftp://x" }) end
    assert.equal(0, house:settle())
  end)
end)
