--- xai.decode_partial, and the reader below it that takes a text in pieces.

local xai = require "xai"
local json_reader = require "xai.results.json_reader"

local decode_partial = xai.decode_partial
local REPLACEMENT = "\239\191\189"

--- A text that is equal for equal values; strings stand in it as they are.
local function canonical(value)
  if type(value) == "string" then return '"' .. value .. '"' end
  if type(value) ~= "table" then return xai.encode(value) end
  local parts = {}
  if #value > 0 or xai.encode(value) == "[]" then
    for i = 1, #value do parts[i] = canonical(value[i]) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for name, member in pairs(value) do parts[#parts + 1] = canonical(name) .. ":" .. canonical(member) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function reads(text, expected)
  local value, problem = decode_partial(text)
  assert.is_nil(problem, text)
  assert.equal(expected, value ~= nil and canonical(value) or nil, text)
end

-- Texts with everything that JSON has.
local WHOLE = {
  [[{"why":"because","city":"Oslo","day":3,"people":["Anna","Bo"],"flag":true,"off":false,"none":null}]],
  [[ { "a" : [ 1 , -2.5e3 , 0 , 12345678901234567890 , [ ] , { } , null , [ [ "x" ] ] ] , "b" : "" } ]],
  [["\u00e9\ud83d\ude00\n\\\"\/\b\f\r\t plain é 😀 \ud83d x \ude00 \ud83d\u0041"]],
  [[{"a":{"b":{"c":[{"d":"deep"},{"d":"deeper"}]}},"a2":[true,false,null],"a":"again","gone":1,"gone":null}]],
  "\239\187\191[1]",
  "[0.1,1e-7,-0,9007199254740993,1E+2]",
}

--- Is `part` a beginning of `whole`?
local function is_beginning(part, whole)
  if type(part) == "string" then return type(whole) == "string" and whole:sub(1, #part) == part end
  if type(part) ~= "table" or part == xai.null then return part == whole end
  if type(whole) ~= "table" then return false end
  for key, member in pairs(part) do
    if whole[key] == nil or not is_beginning(member, whole[key]) then return false end
  end
  return true
end

--- Random numbers that are the same on each Lua: random(n) is 1 to n.
local function dice(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

describe("decode_partial", function()
  it("cuts strings anywhere", function()
    reads('"', '""')
    reads('{"a":"', '{"a":""}')
    reads('{"a":"hel', '{"a":"hel"}')
    reads('["one","tw', '["one","tw"]')
    reads("\"caf\195", '"caf"')
    reads("\"caf\195\169", '"café"')
    reads("\"\240\159\152", '""')
    reads('"a\\', '"a"')
    reads('"a\\u00', '"a"')
    reads('"a\\u00e9', '"aé"')
    reads('"a\\ud83d', '"a"')
    reads('"a\\ud83d\\', '"a"')
    reads('"a\\ud83d\\ude0', '"a"')
    reads('"a\\ud83d\\ude00', '"a😀"')
    reads('"a\\ud83d"', '"a' .. REPLACEMENT .. '"')
    reads('"a\\ud83dx', '"a' .. REPLACEMENT .. 'x"')
  end)

  it("shows numbers and names only when they are whole", function()
    reads("12", nil)
    reads("12 ", "12")
    reads("[1,23", "[1]")
    reads("[1,23,", "[1,23]")
    reads("[1.", "[]")
    reads("[-", "[]")
    reads('{"na', "{}")
    reads('{"name"', "{}")
    reads('{"name":', "{}")
    reads('{"name":1', "{}")
    reads('{"name":1}', '{"name":1}')
    reads("[tru", "[]")
    reads("[true", "[true]")
    reads("[fals", "[]")
    reads("nul", nil)
    assert.equal(xai.null, (decode_partial "null"))
  end)

  it("gives nothing and no reason before the value begins", function()
    reads("", nil)
    reads(" \n", nil)
    reads("\239\187", nil)
    reads("\239\187\191", nil)
  end)

  it("gives what decode gives for whole texts", function()
    for _, text in ipairs(WHOLE) do
      assert.equal(canonical(xai.decode(text)), canonical((decode_partial(text .. " "))))
      local reader = json_reader.new()
      assert(reader:feed(text))
      assert.equal(canonical(xai.decode(text)), canonical((reader:value())))
      assert.is_true(reader:is_whole())
    end
    local integer = decode_partial '{"n":9007199254740993,"m":[' .n
    assert.equal(xai.decode("[9007199254740993]")[1], integer)
    assert.equal("[]", xai.encode(decode_partial '{"a":[' .a))
    assert.equal("{}", xai.encode(decode_partial '{"a":{' .a))
  end)

  it("gives a beginning of the value for each beginning of the text", function()
    for _, text in ipairs(WHOLE) do
      local whole = xai.decode(text)
      for last = 0, #text do
        local value, problem = decode_partial(text:sub(1, last))
        assert.is_nil(problem)
        if not text:find('"gone"', 1, true) and not text:find("\\ud83d", 1, true) then
          assert.is_true(value == nil or is_beginning(value, whole), text:sub(1, last))
        end
      end
    end
  end)

  it("says what is no JSON, and where", function()
    local function refuses(text, pattern)
      local value, problem = decode_partial(text)
      assert.is_nil(value, text)
      assert.matches("^not JSON: ", problem)
      assert.matches(pattern, problem)
    end
    refuses("Sure! Here", "expected a value at character 1, got 'S'")
    refuses("{'a':1}", "expected a name in quotes at character 2, got '''")
    refuses('{"a" 1', "expected ':' at character 6, got '1'")
    refuses('{"a":1,}', "a name in quotes at character 8")
    refuses("[1,]", "a value at character 4, got ']'")
    refuses("[1}", "expected ',' or ']' at character 3, got '}'")
    refuses('{"a":1]', "expected ',' or '}' at character 7")
    refuses("{} x", "expected the end at character 4, got 'x'")
    refuses("]", "a value at character 1")
    refuses("nulx", "'null'")
    refuses("[trues", "',' or ']' at character 6")
    refuses("NaN", "a value")
    refuses("01 ", "a number instead of '01'")
    refuses("[1.,", "a number instead of '1.'")
    refuses("[1e,", "a number")
    refuses("[-,", "a number")
    refuses("[1-2,", "a number")
    refuses("[.5,", "a value")
    refuses('"\\x"', "an escape that JSON has at character 3")
    refuses('"\\u12g', "an escape")
    refuses('"a\0b', "byte 0")
    refuses("{}\0{}", "expected the end at character 3, got byte 0")
    refuses("[1\255", "byte 255")
  end)

  it("bounds the depth, as decode does", function()
    assert.is_nil((select(2, decode_partial(("["):rep(1000)))))
    assert.equal("nested too deeply", (select(2, decode_partial(("["):rep(1001)))))
    assert.equal("nested too deeply", (select(2, decode_partial(('{"a":'):rep(2000)))))
  end)

  it("raises for what is no text", function()
    assert.has_error(function() decode_partial(nil) end, "xai.decode_partial: the text must be a string, got nil")
    assert.has_error(function() decode_partial {} end, "xai.decode_partial: the text must be a string, got table")
  end)

  it("never raises on any bytes", function()
    local random = dice(7)
    local tokens = { '"', "\\", "u", "d83d", "{", "}", "[", "]", ":", ",", "1", "-", "e", ".", "true", "null", " ",
      "\0", "\195", "\169", "\240\159", "\255", '"a"', '"a":', "\\u", "\\n", "\239\187\191" }
    for _ = 1, 5000 do
      local parts = {}
      for i = 1, random(12) do parts[i] = tokens[random(#tokens)] end
      local text = table.concat(parts)
      local value, problem = decode_partial(text)
      assert(problem == nil or type(problem) == "string" and value == nil)
      local whole = not text:find("%z") and xai.decode(text) or nil -- decoders may end at a NUL
      if whole ~= nil and type(whole) ~= "number" then
        assert.equal(canonical(whole), canonical(value))
      end
    end
  end)
end)

local LETTERS = { "a", "é", "😀", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\\\", '\\"', "x y" }

--- A random JSON text.
local function random_text(random, depth)
  local kind, parts = random(depth > 4 and 6 or 8), {}
  if kind == 1 then return tostring(random(100000)) end
  if kind == 2 then return "-" .. random(9) .. "." .. random(99) .. "e" .. random(20) end
  if kind == 3 then return "true" end
  if kind == 4 then return "null" end
  if kind < 7 then
    for i = 1, random(6) do parts[i] = LETTERS[random(#LETTERS)] end
    return '"' .. table.concat(parts) .. '"'
  end
  for i = 1, random(5) - 1 do
    parts[i] = (kind == 8 and '"k' .. random(6) .. '":' or "") .. random_text(random, depth + 1)
  end
  local inner = table.concat(parts, random(2) == 1 and "," or " ,\n")
  return kind == 7 and "[" .. inner .. "]" or "{" .. inner .. "}"
end

describe("a reader of JSON in pieces", function()
  it("gives what decode gives for 2,000 random texts in random pieces, looked at meanwhile or not", function()
    local random = dice(11)
    for _ = 1, 2000 do
      local text, at = random_text(random, 0) .. " ", 1
      local reader = json_reader.new()
      while at <= #text do
        local stop = at + random(5) - 1
        assert(reader:feed(text:sub(at, stop)))
        if random(2) == 1 then reader:value() end
        at = stop + 1
      end
      assert.equal(canonical(xai.decode(text)), canonical((reader:value())), text)
    end
  end)

  local function fed(text, size)
    local reader = json_reader.new()
    for at = 1, #text, size do
      local ok, problem = reader:feed(text:sub(at, at + size - 1))
      if not ok then return nil, problem end
    end
    return (reader:value(true))
  end

  it("gives the same for pieces of any size", function()
    for _, text in ipairs(WHOLE) do
      for size = 1, 7 do assert.equal(canonical(xai.decode(text)), canonical((fed(text, size)))) end
    end
    local _, whole = fed('{"a":[1,2,x]}', 100)
    local _, pieces = fed('{"a":[1,2,x]}', 1)
    assert.equal(whole, pieces)
  end)

  it("grows the same tables, and tells whether the value is another", function()
    local reader = json_reader.new()
    reader:feed '{"a":[1,'
    local value, changed = reader:value()
    assert.is_true(changed)
    local list = value.a
    assert.is_false((select(2, reader:value())))
    reader:feed "2"
    assert.is_false((select(2, reader:value())))
    reader:feed ',"x'
    value, changed = reader:value()
    assert.is_true(changed)
    assert.equal(list, value.a)
    assert.same({ 1, 2, "x" }, list)
    reader:feed "yz"
    reader:value()
    assert.same({ 1, 2, "xyz" }, list)
    assert.is_false(reader:is_whole())
    reader:feed '"]}'
    assert.is_true(reader:is_whole())
  end)

  it("renews a string of over 4 KB when it has grown by an eighth, and at its end", function()
    local reader = json_reader.new()
    reader:feed('["' .. ("a"):rep(8000))
    assert.equal(8000, #reader:value()[1])
    reader:feed(("a"):rep(999))
    assert.equal(8000, #reader:value()[1])
    assert.equal(8999, #reader:value(true)[1])
    reader:feed(("a"):rep(1125))
    assert.equal(10124, #reader:value()[1])
    reader:feed 'b"'
    assert.equal(10125, #reader:value()[1])
  end)

  it("renews a long string rarely: the bytes copied are a small multiple of its length", function()
    local reader = json_reader.new()
    reader:feed '["'
    local copied, last = 0, -1
    for _ = 1, 20000 do
      reader:feed(("a"):rep(50))
      local length = #reader:value()[1]
      if length ~= last then copied, last = copied + length, length end
    end
    assert.is_true(last > 880000)
    assert.is_true(copied < 12 * 1000000)
  end)

  it("keeps the reason once it is no JSON", function()
    local reader = json_reader.new()
    local _, problem = reader:feed '{"a":1,x'
    assert.matches("character 8", problem)
    assert.equal(problem, (select(2, reader:feed '"b":2}')))
    assert.same({ a = 1 }, (reader:value()))
    assert.is_false(reader:is_whole())
  end)
end)
