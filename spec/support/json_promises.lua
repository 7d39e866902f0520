--- json_promises.lua - what JSON does, whatever the library underneath.
--
-- A list of { name, function(encode, decode, xai) }; each raises when the promise is broken.
-- Plain Lua, so that it runs where there is no busted: see nvim_json.lua.

local reader = require("xai.testing.standin.json") -- strict, and tells arrays from objects

local EXACT = math.type ~= nil -- does this Lua have integers?

local list = {}
local function promise(name, f) list[#list + 1] = { name, f } end

local function show(v)
  return type(v) == "number" and ("%.17g"):format(v) or tostring(v)
end

local function expect(expected, got)
  if not rawequal(expected, got) and not (expected == got and type(expected) ~= "number") then
    if expected ~= got then error(("expected %s, got %s"):format(show(expected), show(got)), 2) end
  end
  if EXACT and math.type(expected) ~= math.type(got) then
    error(("expected %s to be %s, got %s"):format(show(expected), tostring(math.type(expected)),
      tostring(math.type(got))), 2)
  end
end

--- Are two values of the strict reader equal, arrays and objects told apart?
local function equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" or a == reader.null or b == reader.null then
    return a == b and (not EXACT or math.type(a) == math.type(b))
  end
  if reader.is_array(a) ~= reader.is_array(b) then return false end
  for key, value in pairs(a) do
    if not equal(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- A null member is the same as none.
local function without_nulls(v)
  if not reader.is_object(v) and not reader.is_array(v) then return v end
  for key, member in pairs(v) do
    if member == reader.null and reader.is_object(v) then v[key] = nil else without_nulls(member) end
  end
  return v
end

local function same_json(expected, got)
  if not equal(without_nulls(assert(reader.decode(expected))), assert(reader.decode(got))) then
    error("expected " .. expected .. "\ngot " .. got, 2)
  end
end

local function fixtures()
  return coroutine.wrap(function()
    local names = io.popen("ls spec/fixtures")
    for name in names:lines() do
      if name:find("%.response%.json$") or name:find("%.request%.json$") then coroutine.yield(name) end
    end
    names:close()
  end)
end

local function content(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

promise("every fixture decodes and encodes again to equal JSON", function(encode, decode)
  local n = 0
  for name in fixtures() do
    local text = content(name)
    same_json(text, encode(assert(decode(text))))
    n = n + 1
  end
  assert(n > 60, "fixtures are missing")
end)

promise("whole numbers are integers where Lua has them", function(_, decode)
  local res = decode('{"created":1795200000,"small":[0,-7,1e2,2.5]}')
  expect("1795200000", tostring(res.created))
  expect(1795200000, res.created)
  expect(0, res.small[1])
  expect(-7, res.small[2])
  expect(2.5, res.small[4])
end)

promise("all 64 bits survive both ways, and up to 2^53 on Luas without integers", function(encode, decode)
  local texts = EXACT and { "9007199254740993", "-9007199254740993", "-9223372036854775808", "9223372036854775807" }
    or { "9007199254740991", "-9007199254740992", "9007199254740992", "1000000000000000" }
  for _, text in ipairs(texts) do
    local got = decode('{"n":' .. text .. ',"list":[' .. text .. "]}")
    expect(tonumber(text), got.n)
    expect(tonumber(text), got.list[1])
    expect('{"n":' .. text .. "}", encode { n = got.n })
    expect("[" .. text .. "]", encode { got.n })
    expect(text, encode(decode(text)))
  end
end)

promise("long digits in strings and keys are left alone", function(encode, decode)
  local text = '{"12345678901234567890":"98765432109876543210, [] and [ ]"}'
  expect("98765432109876543210, [] and [ ]", decode(text)["12345678901234567890"])
  same_json(text, encode(decode(text)))
end)

promise("a number beyond 64 bits becomes the nearest one", function(_, decode)
  expect(2 ^ 64, decode("[18446744073709551616]")[1])
  expect(-2 ^ 70, decode("[-1180591620717411303424]")[1])
end)

promise("floats survive to the last bit", function(encode, decode)
  for _, n in ipairs { 0.1 + 0.2, 1 / 3, 5e-324, 1e308, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1,
    123456789012345.67, 1e100, 1e23, 2 ^ 63, -1e15 - 0.5, 3.141592653589793 } do
    expect(n, reader.decode(encode { n })[1])
    expect(n, decode(encode { n })[1])
  end
end)

promise("null in an object is absent, in an array xai.null", function(_, decode, xai)
  local got = decode('{"a":null,"b":[null,1,null],"c":{"d":null}}')
  expect(nil, got.a)
  expect(3, #got.b)
  expect(xai.null, got.b[1])
  expect(xai.null, got.b[3])
  expect(nil, next(got.c))
end)

promise("xai.null sends null", function(encode, _, xai)
  same_json('[null,1]', encode { xai.null, 1 })
  expect('{"a":null}', encode { a = xai.null })
  expect("null", encode(xai.null))
end)

promise("an empty array that came in goes out as [], an empty object as {}", function(encode, decode)
  for _, text in ipairs { "[]", "{}", '{"a":[]}', '{"a":{}}', "[[],{},[[]]]", '{"a":[{"b":[]},{"b":{}}]}' } do
    expect(text, encode(decode(text)))
  end
  expect('{"a":[]}', encode(decode('{ "a" : [ \n\t ] }')))
end)

promise("xai.array makes an empty table an array; a plain one is an object", function(encode, _, xai)
  expect("[]", encode(xai.array {}))
  expect("{}", encode {})
  expect('{"required":[]}', encode { required = xai.array {} })
  expect('[1,2]', encode(xai.array { 1, 2 }))
  expect('[[],{}]', encode { xai.array {}, {} })
end)

promise("an array that came empty is an array after it was filled, too", function(encode, decode)
  local got = decode('{"a":[]}')
  got.a[1] = "x"
  expect('{"a":["x"]}', encode(got))
end)

promise("NUL bytes and control characters pass", function(encode, decode)
  for _, s in ipairs { "a\0b", "\1\31\127", 'quote " back \\ slash /', "\194\128", "\226\128\168" } do
    expect(s, decode(encode { s })[1])
    expect(s, decode(encode { [s] = s })[s])
  end
end)

promise("text that is not UTF-8 comes in as it is, and does not go out", function(encode, decode)
  for _, s in ipairs { "\255\254 raw", "\237\160\128", "\226\130" } do
    expect(s, decode('["' .. s .. '"]')[1])
    expect(s, next(decode('{"' .. s .. '":1}')))
    expect(false, (pcall(encode, { s })))
    expect(false, (pcall(encode, { [s] = 1 })))
  end
end)

promise("half a surrogate pair in an answer becomes U+FFFD, a whole one its character", function(_, decode)
  local got = assert(decode([=[["\ud83d","a\udc00b","\ud83d\ud83d\ude00","\\ud83d","\ud83d\\n"]]=]))
  expect("\239\191\189", got[1])
  expect("a\239\191\189b", got[2])
  expect("\239\191\189\240\159\152\128", got[3])
  expect("\\ud83d", got[4])
  expect("\239\191\189\\n", got[5])
end)

promise("900 levels are decoded and encoded", function(encode, decode)
  local arrays = ("["):rep(900) .. ("]"):rep(900)
  expect(arrays, encode(decode(arrays)))
  local objects = ('{"a":'):rep(900) .. "9007199254740991" .. ("}"):rep(900)
  expect(objects, encode(decode(objects)))
end)

promise("what JSON has no word for is refused and named by its path", function(encode)
  local function refused(value, why)
    local ok, message = pcall(encode, value)
    expect(false, ok)
    if not message:find(why, 1, true) then error("expected '" .. why .. "', got '" .. message .. "'", 2) end
  end
  refused({ tools = { { ["function"] = { parameters = { required = print } } } } },
    "tools[1].function.parameters.required is a function, which JSON cannot express")
  refused({ a = coroutine.create(function() end) }, "a is a thread, which JSON cannot express")
  refused({ a = io.stdout }, "a is a userdata, which JSON cannot express")
  refused({ { n = 0 / 0 } }, "[1].n is not a finite number")
  refused({ temperature = 1 / 0 }, "temperature is not a finite number")
  refused({ x = { -1 / 0 } }, "x[1] is not a finite number")
  refused({ stop = { "a", nil, "c" } }, "stop is a list with holes (xai.null fills a hole)")
  refused({ messages = { "a", role = "user" } }, "messages mixes a list with named fields")
  refused({ user = { [7] = "x" } }, "user mixes names and numbers, or is a list with holes")
  refused({ user = { [true] = "x" } }, "user has a key that is not a string")
  refused({ user = { [1.5] = "x", "y" } }, "user is a list with holes")
  refused({ 1, [3] = 3 }, "body is a list with holes")
  refused(print, "body is a function")
end)

promise("a table within itself is refused by a short message", function(encode)
  local loop = { name = "x" }
  loop.next = loop
  local ok, message = pcall(encode, { metadata = loop })
  expect(false, ok)
  assert(message:find("metadata contains itself, as metadata.next", 1, true), message)
  local deep = {}
  for _ = 1, 2000 do deep = { next = deep } end
  ok, message = pcall(encode, { metadata = deep })
  expect(false, ok)
  assert(message:find("metadata.next.next", 1, true) and message:find("is nested too deeply", 1, true), message)
  assert(#message < 400, "the message has " .. #message .. " bytes")
end)

promise("encoding changes nothing in the given tables", function(encode, _, xai)
  local empty, inner = xai.array {}, { big = 2 ^ 53 - 1, third = 1 / 3, gone = xai.null }
  local outer = { required = empty, inner = inner, list = { {}, xai.null, 1 / 3 } }
  encode(outer)
  expect(nil, next(empty))
  expect(2 ^ 53 - 1, inner.big)
  expect(1 / 3, inner.third)
  expect(xai.null, inner.gone)
  expect(empty, outer.required)
  expect(inner, outer.inner)
  expect(nil, getmetatable(outer))
  expect(nil, getmetatable(outer.list[1]))
  expect(xai.null, outer.list[2])
end)

promise("one table in two places is written twice", function(encode, _, xai)
  local shared = { deep = xai.array {} }
  same_json('{"a":{"deep":[]},"b":{"deep":[]},"c":[{"deep":[]}]}', encode { a = shared, b = shared, c = { shared } })
end)

promise("text that is no JSON is nil and a reason", function(_, decode)
  for _, text in ipairs { "", "{", "[1,", "<html>", "{}\0", "[1]\0[2]", '["\0"]', '{"a" 1}', "[1] 2", "{]" } do
    local value, why = decode(text)
    expect(nil, value)
    expect("string", type(why))
  end
end)

promise("numbers and words that JSON does not have are refused", function(_, decode)
  for _, text in ipairs { "NaN", "nan", "-nan", "Infinity", "-Infinity", "0x10", "+1", "01", "-01", "0x", "None" } do
    for _, around in ipairs { "[%s]", "[1,%s]", '{"a":%s}', '{"a":{"b":[%s]},"c":1}', " %s " } do
      local value, why = decode(around:format(text))
      expect(nil, value)
      expect("string", type(why))
    end
  end
  expect("01 NaN 0x10", decode('["01 NaN 0x10"]')[1])
end)

promise("null, strings, numbers and booleans stand alone", function(encode, decode, xai)
  expect(xai.null, decode("null"))
  expect("x", decode('"x"'))
  expect(12, decode("12"))
  expect(false, decode(" false "))
  expect('"x"', encode("x"))
  expect("true", encode(true))
end)

promise("strings of any length come out as they are, beside others", function(_, decode, xai)
  local long = ("0123456789abcdef"):rep(5000)
  local cases = { long, long .. "\195\169", ("x"):rep(65535), ("x"):rep(65536), ("x"):rep(65537) }
  for _, text in ipairs(cases) do
    expect(text, decode('"' .. text .. '"'))
    local value = decode(('{"a":"%s","b":["%sB",null,[],7,{"c":"%s"}],"d":"short"}'):format(text, text, text))
    expect(text, value.a)
    expect(text .. "B", value.b[1])
    expect(xai.null, value.b[2])
    expect("[]", xai.encode(value.b[3]))
    expect(7, value.b[4])
    expect(text, value.b[5].c)
    expect("short", value.d)
    expect(1, decode(('{"%s":1}'):format(text))[text])
  end
  expect(long .. '"\n' .. long, decode('"' .. long .. '\\"\\n' .. long .. '"'))
  expect("nil", type((decode('["' .. long .. '" 1]'))))
  expect("nil", type((decode('["' .. long))))
end)

promise("many long strings are no different", function(_, decode)
  local parts, long = {}, ("y"):rep(70000)
  for i = 1, 100 do parts[i] = ('"%s%d"'):format(long, i) end
  local values = decode("[" .. table.concat(parts, ",") .. "]")
  expect(100, #values)
  for i = 1, 100 do expect(long .. i, values[i]) end
end)

return list
