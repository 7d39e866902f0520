--- What goes out: text that is UTF-8, numbers with a point, and numbers as they are.

local core = require("xai.core")
local xai = require("xai")
local programs = require("spec.support.programs")
local json_module = require("spec.support.json_module")
local locale = require("spec.support.locale")
local scripted = require("spec.support.scripted")

local LIBRARIES = {
  ["lua-cjson"] = require("cjson"),
  ["the lua-cjson that does not raise"] = require("cjson.safe"),
  ["a library like OpenResty's"] = json_module.make { null = core.null, integers = true, new = true },
  ["a library like vim.json"] = json_module.make { null = core.null, empty_array = true },
  ["a library that returns its errors"] = json_module.make { soft = true, halves = true },
}

-- Text that is not UTF-8 ------------------------------------------------------------------------

-- What is no UTF-8, and the byte where it begins to be none.
local BROKEN = {
  ["a character that is cut"] = { ("😀"):sub(1, 3), 1 },
  ["a character that is cut within words"] = { "so " .. ("é"):sub(1, 1) .. " far", 4 },
  ["a tail without its head"] = { "a" .. ("€"):sub(2), 2 },
  ["Latin-1"] = { "caf\233", 4 },
  ["an overlong slash"] = { "\192\175", 1 },
  ["an overlong NUL"] = { "ok\192\128", 3 },
  ["three bytes for a letter"] = { "\224\129\129", 1 },
  ["four bytes for a letter"] = { "\240\128\129\129", 1 },
  ["the first half of a surrogate pair"] = { "\237\160\189", 1 },
  ["both halves of a surrogate pair"] = { "x\237\160\189\237\184\128", 2 },
  ["more than U+10FFFF"] = { "\244\144\128\128", 1 },
  ["a byte that UTF-8 has not"] = { ("long enough for words at a time "):rep(3) .. "\255", 97 },
  ["five bytes"] = { "\248\136\128\128\128", 1 },
  ["a break behind much text"] = { ("é"):rep(70000) .. "\128", 140001 },
}

-- The first and the last character of each length, and those around the surrogates.
local RIGHT = { "\0", "\127", "\194\128", "\223\191", "\224\160\128", "\237\159\191", "\238\128\128", "\239\191\191",
  "\240\144\128\128", "\244\143\191\191", "", ("Grüße, 世界 😀 "):rep(99) }

describe("Text that is not UTF-8 in a request", function()
  local function body(content) return { model = "m", messages = { { role = "user", content = content } } } end

  local server, client
  setup(function() server = scripted.start { scripted.answer(200, {}, "{}") } end)
  teardown(function() server.close() end)
  before_each(function() client = xai.new { api_key = "k", base_url = server.url } end)
  after_each(function() client:close() end)

  for name, broken in pairs(BROKEN) do
    it("raises with its place, and nothing is sent: " .. name .. " (anthropics/claude-code#56064)", function()
      local text, byte = broken[1], broken[2]
      local place = ("is not UTF-8 (byte %d of %d)"):format(byte, #text)
      for library, module in pairs(LIBRARIES) do
        local function refused(what, fn, argument)
          local ok, message = pcall(client.start, client, fn, argument, { json = module })
          assert.same({ false, library }, { ok, library })
          assert.is_truthy(message:find(what .. place, 1, true), message:sub(1, 300))
        end
        refused("messages[1].content ", "chat", body(text))
        refused("metadata has a name that ", "chat", { model = "m", metadata = { [text] = "x" } })
        refused("[2] ", "request", { path = "/v1/x", body = { "a", text } })
      end
      assert.same({ 0, 0 }, { xai.active(), #server.requests })
    end)
  end

  it("is named as such by xai.encode, too (anthropics/claude-code#56064)", function()
    local function refused(value, why)
      local ok, message = pcall(xai.encode, value)
      assert.is_false(ok)
      assert.is_truthy(message:find(why, 1, true), message)
    end
    refused("\255", "body is not UTF-8 (byte 1 of 1)")
    refused({ "a", { "b\255" } }, "[2][1] is not UTF-8 (byte 2 of 2)")
    refused({ ["\255"] = 1 }, "body has a name that is not UTF-8 (byte 1 of 1)")
    refused({ a = { x = 1.5, y = { ["z\255"] = xai.array {} } } }, "a.y has a name that is not UTF-8 (byte 2 of 2)")
  end)

  it("is not found where there is none", function()
    for library, module in pairs(LIBRARIES) do
      local codec = core.codec(module)
      for _, text in ipairs(RIGHT) do
        assert.same({ text, library }, { core.decode(codec, (core.encode(codec, { text })))[1], library })
      end
    end
  end)

  it("comes in as it is, and is refused when it should go out again", function()
    local got = assert(xai.decode('{"a":"\255"}'))
    assert.equal("\255", got.a)
    assert.is_false(pcall(xai.encode, got))
  end)

  it("passes in a body that is a string: its bytes are the program's", function()
    local call = client:start("request", { path = "/v1/x", body = "caf\233" })
    scripted.wait(call)
    assert.matches("\r\n\r\ncaf\233$", server.requests[#server.requests])
  end)
end)

-- Numbers ---------------------------------------------------------------------------------------

-- Answers of decoders that keep 64 bits of an integer and no more.
local function clamping()
  local module = json_module.make { null = core.null, integers = true }
  local decode = module.decode
  local function clamp(text)
    if #text < 19 then return text end
    local most = text:sub(1, 1) == "-" and "-9223372036854775808" or "9223372036854775807"
    local longer = #text > #most or #text == #most and text > most
    return longer and most or text
  end
  function module.decode(text)
    return decode((text:gsub("([%[:,])(%-?%d+)([%],}])", function(a, n, b) return a .. clamp(n) .. b end)))
  end
  return module
end

describe("Integers beyond 64 bits", function()
  local numbers = { "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809",
    "123456789012345678901234567890", "-123456789012345678901234567890", "1" .. ("0"):rep(308), "1" .. ("0"):rep(400) }

  it("are the nearest number, whatever the decoder does (found on Neovim 0.12 and OpenResty)", function()
    LIBRARIES["a library that clamps"] = clamping()
    for library, module in pairs(LIBRARIES) do
      local codec = core.codec(module)
      for _, text in ipairs(numbers) do
        local expected = #text > 400 and math.huge or tonumber(text .. ".0")
        local got = core.decode(codec, ('{"n":%s,"list":[%s]}'):format(text, text))
        assert.same({ library, expected, expected }, { library, got.n, got.list[1] })
        assert.equal("number", type(got.n))
      end
    end
    LIBRARIES["a library that clamps"] = nil
  end)
end)

-- Under a locale with a decimal comma -----------------------------------------------------------

local COMMA, why_not = locale.make()

local PRELUDE = [[
  local function switch(name)
    assert(os.setlocale(name, "numeric"), "no such locale")
  end
  local core, xai
  local function load()
    core, xai = require "xai.core", require "xai"
  end
]]

-- In which order programs change the locale.
local ORDERS = {
  ["before the library is loaded"] = 'switch "comma" load()',
  ["after the library was loaded"] = 'load() xai.encode { 0.5 } xai.decode "[0.5]" switch "comma"',
  ["and lua-cjson is loaded in between"] = 'require "cjson" switch "comma" load()',
  ["and back before the library is used"] = 'switch "comma" load() xai.decode "[1]" switch "C"',
  ["and back while lua-cjson was told"] =
    'load() xai.decode "[0.5]" switch "comma" require "cjson".new() switch "C"',
  ["and back and forth"] = [[
    load()
    for _ = 1, 3 do
      switch "comma"
      assert(xai.encode { 0.5 } == "[0.5]" and xai.decode "[0.5]"[1] == 0.5)
      switch "C"
      assert(xai.encode { 0.5 } == "[0.5]" and xai.decode "[0.5]"[1] == 0.5)
    end
    switch "comma"
  ]],
}

local MODULES = [[
  local json_module = require "spec.support.json_module"
  local MODULES = {
    require "cjson", require "cjson.safe",
    json_module.make { integers = true, halves = true },
    json_module.make { null = core.null, soft = true, new = true },
  }
]]

local BOTH_WAYS = [=[
  local VALUES = { 0.5, -0.25, 1 / 3, 0.1 + 0.2, 5e-324, 1e308, 1.5e-7, 123456789012345.67, 7.0, 2 ^ 53, 1e23, 2 ^ 70 }
  local TEXT = '{"a":0.5,"b":[0.25,-1.5e-3,{"c":1.0}],"d":"0.5","0.5":"[0.5]","e":[[],12345678901234567890.5]}'
  for i, module in ipairs(MODULES) do
    local codec = core.codec(module)
    for _, value in ipairs(VALUES) do
      local text = core.encode(codec, { value })
      assert(not text:find(",", 1, true), text)
      assert(core.decode(codec, text)[1] == value, i .. " " .. text)
      assert(core.encode(codec, { a = { value } }) == '{"a":' .. text .. "}")
      assert(core.decode(codec, (core.encode(codec, value))) == value)
    end
    local got = assert(core.decode(codec, TEXT))
    assert(got.a == 0.5 and got.b[1] == 0.25 and got.b[2] == -1.5e-3 and got.b[3].c == 1)
    assert(not math.type or math.type(got.b[3].c) == "integer")
    assert(got.d == "0.5" and got["0.5"] == "[0.5]" and #got.e[1] == 0 and got.e[2] == 12345678901234567890.5)
    local long = assert(core.decode(codec, "[0." .. ("3"):rep(500) .. "]"))
    assert(long[1] == 1 / 3)
    local list = core.decode(codec, '[1,2,3,{"a":1,"b":2},-0.5,4,5]')
    assert(#list == 7 and list[1] == 1 and list[2] == 2 and list[4].b == 2 and list[5] == -0.5 and list[7] == 5)
    assert(not math.type or math.type(list[1]) == "integer")
    assert(core.decode(codec, "17") == 17)
    for _, wrong in ipairs { "[.5]", "[1.5.5]", "{0.5:1}", "{1:1}", '[0.5"a"]', "[0.5 0.5]", "[0.5", "[1 2]",
      "[1,2" } do
      local value, why = core.decode(codec, wrong)
      assert(value == nil and type(why) == "string" or module ~= MODULES[1] and module ~= MODULES[2], wrong)
    end
  end
  print "kept"
]=]

local WHOLE_CALL = [[
  local scripted = require "spec.support.scripted"
  local server = scripted.start { scripted.answer(200, {}, '{"choices":[],"cost":0.75,"big":1e2}') }
  local client = xai.new { api_key = "k", base_url = server.url, headers = { ["x-half"] = 0.5 } }
  local result, message = scripted.wait(client:start("chat", { model = "m", temperature = 0.7, top_p = 0.5 }))
  assert(result, message)
  assert(result.cost == 0.75)
  local sent = server.requests[1]
  assert(sent:find('"temperature":0.7', 1, true) and sent:find('"top_p":0.5', 1, true), sent)
  assert(sent:find("x-half: 0.5\r\n", 1, true), sent)
  local half = 0.5
  local asked = { path = "/v1/x", query = { n = half } }
  assert(scripted.wait(client:start("request", asked)))
  assert(server.requests[2]:find("GET /v1/x?n=0.5 HTTP", 1, true), server.requests[2])
  assert(asked.query.n == half)
  client:close()
  server.close()
  print "kept"
]]

describe("Under a locale with a decimal comma", function()
  if not COMMA then
    it("numbers have a point", function() pending(why_not) end)
    return
  end
  teardown(function() COMMA.remove() end)

  local function says(code)
    return programs.code(PRELUDE .. code, COMMA.environment)
  end

  it("a program can tell", function()
    local said = says 'switch "comma" print((string.format("%.1f", 0.5)))'
    assert.equal(rawget(_G, "jit") and "0.5\n" or "0,5\n", said)
  end)

  for order, code in pairs(ORDERS) do
    it("numbers have a point both ways, set " .. order .. " (mpx/lua-cjson#70)", function()
      assert.equal("kept\n", says(code .. "\n" .. MODULES .. BOTH_WAYS))
    end)

    it("calls send and read a point, set " .. order .. " (mpx/lua-cjson#70)", function()
      assert.equal("kept\n", says(code .. "\n" .. WHOLE_CALL))
    end)
  end

  it("messages have one, too (mpx/lua-cjson#70)", function()
    local said = says [[
      load() switch "comma"
      local scripted = require "spec.support.scripted"
      local server = scripted.start { scripted.stall }
      local client = xai.new { api_key = "k", base_url = server.url, timeout = 0.05, max_retries = 0 }
      local _, message = scripted.wait(client:start("list_models"))
      client:close()
      server.close()
      print(message)
    ]]
    assert.matches("0.05 s passed", said, 1, true)
  end)
end)
