--- JSON is the same whatever library is underneath, and nothing is lost in it.

local core = require("xai.core")
local xai = require("xai")
local programs = require("spec.support.programs")
local json_module = require("spec.support.json_module")
local stages = require("spec.support.stage")
local promises = require("spec.support.json_promises")

-- The libraries that users have, and stricter or looser ones that they might have.
local LIBRARIES = {
  { "this machine's lua-cjson", require("cjson") },
  { "this machine's lua-cjson, the one that does not raise", require("cjson.safe") },
  { "a library like OpenResty's lua-cjson",
    json_module.make { null = core.null, integers = true, new = true, array_mt = { __name = "array" } } },
  { "a library like vim.json", json_module.make { null = core.null, empty_array = true } },
  { "a library with a table for null", json_module.make { integers = true, halves = true } },
  { "a library with a userdata for null", json_module.make { null = io.stderr, empty_array = true, new = true } },
  { "a library that reads numbers which JSON does not have",
    json_module.make { null = core.null, lenient = true, integers = true } },
  { "a library that returns its errors", json_module.make { soft = true, halves = true } },
}

for _, library in ipairs(LIBRARIES) do
  describe("JSON on " .. library[1], function()
    local codec = core.codec(library[2])
    local function encode(v) return (core.encode(codec, v)) end
    local function decode(text) return core.decode(codec, text) end
    for _, promise in ipairs(promises) do
      it(promise[1], function() promise[2](encode, decode, xai) end)
    end
  end)
end

describe("JSON", function()
  local json_cjson = require("cjson")
  local client, house

  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  before_each(function() house:reset() end)
  after_each(function() assert.equal(0, house:settle()) end)

  local function ask(body, opts)
    client = house:new_client(opts)
    body.model, body.messages = "grok-4.5", { { role = "user", content = "Hi" } }
    local result, message = client:chat(body)
    local sent = house:received()
    return sent[#sent].body, result, message
  end

  it("of a client is decoded by the module that it was given, and encoded without it", function()
    local calls = 0
    local module = json_module.make { integers = true, halves = true }
    local wrapped = {
      encode = function() error("nobody asks it to encode") end,
      decode = function(text) calls = calls + 1 return module.decode(text) end,
    }
    local sent, result = ask({ seed = 2 ^ 53, tools = xai.array {}, user = xai.null }, { json = wrapped })
    assert.is_true(calls >= 1)
    assert.matches('"seed":9007199254740992%f[,}]', sent)
    assert.matches('"tools":%[%]', sent)
    assert.matches('"user":null', sent)
    assert.equal("assistant", result.choices[1].message.role)
    assert.is_nil(tostring(result.created):find(".", 1, true))
  end)

  it("of an answer is there, although its module closes the client", function()
    client = house:new_client()
    local module = {}
    function module.decode(text)
      if text:find("choices", 1, true) then client:close() end
      return json_cjson.decode(text)
    end
    local body = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
    assert.is_string(assert(client:chat(body, { json = module })).choices[1].message.content)
    local ok, message = pcall(client.chat, client, body)
    assert.is_false(ok)
    assert.matches("client:chat: the client is closed", message, 1, true)
  end)

  it("of one call is made by the module given to that call", function()
    local used
    local module = {
      encode = json_cjson.encode,
      decode = function(text) used = true return json_cjson.decode(text) end,
    }
    client = house:new_client()
    assert(client:list_models())
    assert.is_nil(used)
    assert(client:list_models { json = module })
    assert.is_true(used)
  end)

  it("sends integers, floats, empty arrays and null as they are, and changes no table of the user", function()
    local parameters = { type = "object", properties = {}, required = xai.array {} }
    local body = { temperature = 0.1 + 0.2, seed = 123456789012345, stop = xai.null,
      tools = { { type = "function", ["function"] = { name = "f", parameters = parameters } } } }
    local sent = ask(body)
    assert.matches('"temperature":0.30000000000000004', sent, 1, true)
    assert.matches('"seed":123456789012345', sent, 1, true)
    assert.matches('"required":[]', sent, 1, true)
    assert.matches('"properties":{}', sent, 1, true)
    assert.is_nil(next(parameters.required))
    assert.equal(xai.null, body.stop)
    assert.equal(parameters, body.tools[1]["function"].parameters)
    assert.is_nil(getmetatable(parameters.properties))
  end)

  it("cannot be changed by what a program sets in lua-cjson", function()
    local codec = core.codec(json_cjson)
    local depth = json_cjson.encode_max_depth()
    json_cjson.encode_max_depth(1)
    json_cjson.decode_max_depth(1)
    json_cjson.encode_sparse_array(true, 1, 1)
    json_cjson.encode_number_precision(2)
    local text = core.encode(codec, { a = { b = { 1.25 } } })
    local value = core.decode(codec, text)
    local ok = pcall(core.encode, codec, { [100000] = "x" })
    json_cjson.encode_max_depth(depth)
    json_cjson.decode_max_depth(depth)
    json_cjson.encode_sparse_array(false, 2, 10)
    json_cjson.encode_number_precision(14)
    assert.equal('{"a":{"b":[1.25]}}', text)
    assert.equal(1.25, value.a.b[1])
    assert.is_false(ok)
  end)

  it("takes the empty array of a library that marks one by a metatable", function()
    local mark = {}
    local module = json_module.make { null = core.null, new = true, array_mt = mark }
    assert.equal("[[],{}]", (core.encode(core.codec(module), { setmetatable({}, mark), {} })))
  end)

  it("takes the null of the library for null", function()
    local module = json_module.make { integers = true }
    assert.equal("[null,null]", (core.encode(core.codec(module), { module.null, xai.null })))
  end)

  it("refuses long integers that JSON does not have, or not there", function()
    for _, text in ipairs { "[01234567890123456]", "[-01234567890123456]", "{1234567890123456:1}",
      "{1234567890123456 : 1}", '[1234567890123456"a"]' } do
      assert.is_nil((xai.decode(text)))
    end
  end)

  it("of five megabytes goes both ways", function()
    local rows = {}
    for i = 1, 40000 do
      rows[i] = { id = 2 ^ 53 - i, text = ("row %d "):format(i):rep(10), none = xai.array {}, half = i / 3 }
    end
    local text = xai.encode { rows = rows }
    assert.is_true(#text > 5e6)
    local back = assert(xai.decode(text)).rows
    assert.equal(40000, #back)
    for i = 1, 40000, 7777 do assert.same(rows[i], back[i]) end
    assert.equal(#text, #xai.encode { rows = back })
  end)

  it("of one string of five megabytes goes both ways", function()
    local big = ("[] \\ud83d 12345678901234567890 \" \\ \0 "):rep(140000)
    assert.is_true(xai.decode(xai.encode { big }) [1] == big)
  end)

  it("does not take data for its own marks", function()
    local codec, other = core.codec(json_cjson), core.codec(json_cjson)
    -- What one codec marks is seen by looking over the library's shoulder.
    local seen
    local spy = { decode = function(text) seen = text return json_cjson.decode(text) end }
    core.decode(core.codec(spy), "[[]]")
    local mark = seen:match '^%[%["(.*)"%]%]$'
    assert.is_true(#mark > 20)
    local text = json_cjson.encode { { mark }, mark .. "[]", mark .. "12" }
    for _, one in ipairs { codec, other } do
      local value = core.decode(one, text)
      assert.equal(mark, value[1][1])
      assert.equal(mark .. "[]", value[2])
      assert.equal(mark .. "12", value[3])
      assert.equal(text, (core.encode(one, value)))
    end
  end)

  it("has the functions encode, decode and array, which say what they want", function()
    assert.has_error(function() xai.array("x") end)
    local ok, message = pcall(xai.encode, { f = print })
    assert.is_false(ok)
    assert.matches("xai.encode: f is a function, which JSON cannot express", message, 1, true)
    ok, message = pcall(function() return (xai.decode({})) end)
    assert.is_false(ok)
    assert.matches("json_spec.lua:%d+: xai.decode: the text must be a string, got table", message)
    assert.equal("[1]", xai.encode(xai.array { 1 }))
  end)
end)

-- Other processes ------------------------------------------------------------------------------

local COMMA = [[
  local xai = require "xai"
  if not os.setlocale(%q) or not ("%%g"):format(0.5):find(",", 1, true) and not rawget(_G, "jit") then
    return print("no such locale")
  end
  print(xai.encode { 0.5, 1 / 3, 2 ^ 53 + 0.0 }, xai.decode("[0.125]")[1] == 1 / 8)
]]

describe("JSON under a locale with a decimal comma", function()
  it("has points, on every machine that has such a locale", function()
    local dir, name = os.tmpname(), "de_DE.UTF-8"
    os.remove(dir)
    programs.output(("mkdir %s && localedef -i de_DE -f UTF-8 %s/%s"):format(dir, dir, name))
    -- The C library keeps what it reads of LOCPATH; that is no leak of ours.
    local said = programs.code(COMMA:format(name), { LOCPATH = dir, ASAN_OPTIONS = "detect_leaks=0" })
    programs.output("rm -r " .. dir)
    if said == "no such locale\n" then return end
    assert.equal("[0.5,0.3333333333333333,9007199254740992]\ttrue\n", said)
  end)
end)

-- Neovim's LuaJIT loads what was built for Lua 5.1.
if _VERSION == "Lua 5.1" and programs.has("nvim") then
  describe("JSON inside Neovim", function()
    it("keeps every promise with vim.json", function()
      local command = "nvim --headless -u NONE -i NONE -c 'luafile spec/support/nvim_json.lua' -c 'qall!'"
      local said = programs.output(programs.with({}, command))
      assert.equal(#promises .. " kept, 0 broken", said:match("%d+ kept, %d+ broken") or said)
    end)
  end)
end
