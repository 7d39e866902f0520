--- xai.check(schema, value): every mistake, with its path.

local xai = require "xai"

local check, null = xai.check, xai.null

local function right(schema, value)
  local ok, message = check(schema, value)
  assert.is_true(ok, message)
end

--- The list must be exactly this: path, message, path, message ...
local function wrong(schema, value, ...)
  local ok, message, list = check(schema, value)
  assert.is_nil(ok)
  assert.equal("string", type(message))
  local expected = {}
  for i = 1, select("#", ...), 2 do
    expected[#expected + 1] = { path = (select(i, ...)), message = (select(i + 1, ...)) }
  end
  assert.same(expected, list)
end

local function raises(expected, schema)
  local ok, problem = pcall(check, schema, 1)
  assert.is_false(ok)
  assert.equal(expected, (problem:gsub("^[^ ]-:%d+: ", "")))
end

describe("xai.check", function()
  it("gives true, or nil, a message and a list of mistakes with paths", function()
    local schema = { type = "object", properties = { people = { items = { type = "string" } } } }
    assert.same({ true }, { check(schema, { people = { "Anna" } }) })
    local ok, message, list = check(schema, { people = { "Anna", 5 } })
    assert.is_nil(ok)
    assert.equal("people[2]: expected a string, got a number", message)
    assert.same({ { path = "people[2]", message = "expected a string, got a number" } }, list)
  end)

  it("finds every mistake, in a fixed order", function()
    wrong({ type = "object", additionalProperties = false, required = { "b", "a", "z" },
      properties = { a = { type = "string" }, b = { minimum = 5 }, c = { maxLength = 1 } } },
      { b = 1, c = "long", y = 1, x = 2 },
      "a", "is missing", "z", "is missing", "b", "must be at least 5, got 1",
      "c", "must have at most 1 character, got 4", "x", "is not allowed", "y", "is not allowed")
    local _, message = check({ items = { type = "string" } }, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 })
    assert.matches("^%[1%]: expected a string, got a number; %[2%]: .*%[10%]: [^;]*; and 2 more$", message)
  end)

  it("names places as Lua would", function()
    local any = { type = "string" }
    wrong({ properties = { a = { items = { properties = { ["odd name"] = { items = any } } } } } },
      { a = { {}, { ["odd name"] = { 1 } } } }, 'a[2]["odd name"][1]', "expected a string, got a number")
    wrong(any, 1, "", "expected a string, got a number")
    assert.equal("expected a string, got a number", (select(2, check(any, 1))))
  end)

  it("knows type, also as a list", function()
    for name, value in pairs { string = "a", number = 1.5, integer = 2, boolean = false, null = null,
      object = { a = 1 }, array = { 1 } } do
      right({ type = name }, value)
      right({ type = { "null", name } }, value)
      for other in pairs { string = 1, boolean = 1, null = 1, object = 1, array = 1 } do
        if other ~= name then assert.is_nil((check({ type = other }, value))) end
      end
    end
    right({ type = "number" }, 1)
    right({ type = "integer" }, 1.0)
    right({ type = "null" }, nil)
    wrong({ type = "integer" }, 1.5, "", "expected an integer, got 1.5")
    wrong({ type = { "string", "null" } }, 1, "", "expected a string or null, got a number")
    wrong({ type = { "string", "null", "array" } }, 1, "", "expected a string, null or an array, got a number")
  end)

  it("takes an empty table for an object and for a list", function()
    right({ type = "object" }, {})
    right({ type = "array" }, {})
    right({ type = "array" }, xai.array {})
    wrong({ type = "object" }, xai.array {}, "", "expected an object, got an array")
    wrong({ type = "array", minItems = 1 }, {}, "", "must have at least 1 item, got 0")
    wrong({ type = "object", required = { "a" } }, {}, "a", "is missing")
    wrong({ type = "string" }, {}, "", "expected a string, got an empty table")
  end)

  it("takes no value that JSON lacks", function()
    wrong({}, print, "", "expected a value that JSON has, got a function")
    wrong({ items = {} }, { 1, 0 / 0 }, "[2]", "expected a value that JSON has, got a number that JSON lacks")
    wrong({ type = "number" }, math.huge, "", "expected a number, got a number that JSON lacks")
    wrong({ type = "object" }, io.stdout, "", "expected an object, got a userdata")
  end)

  it("lets a missing member be null where the schema names null", function()
    local function object(member) return { properties = { a = member }, required = { "a" } } end
    right(object { type = { "string", "null" } }, {})
    right(object { type = "null" }, {})
    right(object { enum = { "x", null } }, {})
    right(object { const = null }, {})
    right(object { anyOf = { { type = "string" }, { type = "null" } } }, {})
    right({ properties = { a = { ["$ref"] = "#/$defs/n" } }, required = { "a" },
      ["$defs"] = { n = { type = "null" } } }, {})
    wrong(object { type = "string" }, {}, "a", "is missing")
    wrong(object {}, {}, "a", "is missing")
    wrong(object { type = { "string", "null" }, allOf = { { type = "string" } } }, {}, "a", "is missing")
    right(object { type = { "string", "null" } }, { a = null })
    wrong(object { type = "string" }, { a = null }, "a", "expected a string, got null")
  end)

  it("knows additionalProperties, and names what was meant", function()
    local schema = { properties = { city = {} }, additionalProperties = false }
    wrong(schema, { ctiy = "Oslo" }, "ctiy", 'is not allowed (did you mean "city"?)')
    wrong(schema, { ["a b"] = 1 }, '["a b"]', "is not allowed")
    wrong({ properties = { a = {} }, additionalProperties = { type = "string" } }, { a = 1, b = 2 },
      "b", "expected a string, got a number")
    right({ properties = { a = {} }, additionalProperties = true }, { b = 1 })
    right({ properties = { a = {} } }, { b = 1 })
    wrong({ properties = { a = false } }, { a = 1 }, "a", "is not allowed")
  end)

  it("takes no member for an extra one that patternProperties may mean", function()
    local schema = { additionalProperties = false, patternProperties = { ["^x-"] = { type = "string" } } }
    right(schema, { ["x-a"] = "b" })
    wrong(schema, { ["x-a"] = 1, y = 1 }, '["x-a"]', "expected a string, got a number", "y", "is not allowed")
    right({ additionalProperties = false, patternProperties = { ["(?=x)"] = {} } }, { y = 1 })
  end)

  it("knows items and prefixItems", function()
    local tuple = { prefixItems = { { type = "string" }, { type = "number" } }, items = { type = "boolean" } }
    right(tuple, { "a", 1, true })
    wrong(tuple, { 1, "a", 1 },
      "[1]", "expected a string, got a number", "[2]", "expected a number, got a string",
      "[3]", "expected a boolean, got a number")
    wrong({ prefixItems = { {} }, items = false }, { 1, 2 }, "[2]", "is not allowed")
    right({ prefixItems = { {}, {} } }, { 1 })
    wrong({ items = { type = "string" } }, { "a", null }, "[2]", "expected a string, got null")
    wrong({ minItems = 2 }, { 1 }, "", "must have at least 2 items, got 1")
    wrong({ maxItems = 1 }, { 1, 2 }, "", "must have at most 1 item, got 2")
  end)

  it("knows enum and const, deep values too", function()
    wrong({ enum = { "party", "work" } }, "x", "", 'expected "party" or "work", got "x"')
    right({ enum = { 1, "a", null, false } }, null)
    right({ enum = { 1, false } }, false)
    wrong({ enum = { 1 } }, "1", "", 'expected 1, got "1"')
    right({ const = { a = { 1, { b = "c" } } } }, { a = { 1, { b = "c" } } })
    right({ const = { a = 1, b = null } }, { a = 1 })
    wrong({ const = { a = 1 } }, { a = 1, b = 2 }, "", "is not the one that the schema has")
    wrong({ const = { 1, 2 } }, { 1 }, "", "is not the one that the schema has")
    wrong({ const = false }, true, "", "expected false, got true")
    wrong({ const = { 1 } }, { a = 1 }, "", "expected an array, got an object")
  end)

  it("knows the limits of numbers", function()
    wrong({ minimum = 1 }, 0, "", "must be at least 1, got 0")
    wrong({ maximum = 1 }, 1.5, "", "must be at most 1, got 1.5")
    wrong({ exclusiveMinimum = 1 }, 1, "", "must be more than 1, got 1")
    wrong({ exclusiveMaximum = 1 }, 1, "", "must be less than 1, got 1")
    wrong({ multipleOf = 5 }, 7, "", "must be a multiple of 5, got 7")
    right({ multipleOf = 0.0001 }, 0.0075)
    assert.is_nil((check({ multipleOf = 0.0001 }, 0.00751)))
    right({ multipleOf = 0.1 }, 0.3)
    right({ minimum = 1, multipleOf = 2 }, "a string")
  end)

  it("counts characters, not bytes", function()
    right({ maxLength = 2, minLength = 2 }, "é😀")
    wrong({ maxLength = 1 }, "é😀", "", "must have at most 1 character, got 2")
    wrong({ minLength = 3 }, "é😀", "", "must have at least 3 characters, got 2")
    right({ maxLength = 70000 }, ("é"):rep(70000))
    assert.is_nil((check({ maxLength = 69999 }, ("é"):rep(70000))))
  end)

  it("tells patterns that Lua's own can, and ignores others", function()
    local told = {
      { "^\\d{4}-\\d{2}-\\d{2}$", "2026-01-02", "2026-1-02" },
      { "^(a|bc)?d+$", "bcdd", "bd" },
      { "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$", "ada@example.org", "ada@example" },
      { "b", "abc", "ac" },
      { "^[A-Z]{2,3}$", "ABC", "ABCD" },
      { "^\\$\\^[.%]\\+$", "$^%+", "$^x+" },
      { "^a$|^b$", "b", "ab" },
      { "^[\\w.-]+$", "a_b.c-d", "a b" },
      { "^\\S*$", "ab", "a b" },
      { "^.*é$", "caf\195\169", "cafe" },
    }
    for _, row in ipairs(told) do
      right({ pattern = row[1] }, row[2])
      assert.is_nil((check({ pattern = row[1] }, row[3])), row[1])
    end
    for _, pattern in ipairs { "(?=x)y", "(ab)+$^", "\\p{L}x", "a{5}{6}", "[a", "(", "a**", "\\bx", "^.{3}$", "(a)\\1",
      "[z-", "x{0,300}y", ("(a|b|c)"):rep(9) } do
      right({ pattern = pattern }, "äöü")
    end
    wrong({ pattern = "^a$" }, "b", "", 'must match the pattern ^a$, got "b"')
  end)

  it("knows anyOf, oneOf and allOf, and tells the mistakes of the nearest form", function()
    local forms = { { type = "string" }, { type = "object", properties = { a = { type = "number" } } } }
    right({ anyOf = forms }, "x")
    wrong({ anyOf = forms }, { a = "b" }, "a", "expected a number, got a string")
    wrong({ anyOf = forms }, 5, "", "expected a string or an object, got a number")
    wrong({ anyOf = { { anyOf = forms }, { type = "null" } } }, 5,
      "", "expected a string, an object or null, got a number")
    wrong({ oneOf = { { minimum = 1 }, { maximum = 5 }, { type = "string" } } }, 3,
      "", "must fit one of the allowed forms alone, fits number 1 and number 2")
    right({ oneOf = { { minimum = 4 }, { maximum = 3 } } }, 3)
    wrong({ allOf = { { minimum = 4 }, { maximum = 2 } } }, 3,
      "", "must be at least 4, got 3", "", "must be at most 2, got 3")
    local shapes = { anyOf = {
      { properties = { kind = { const = "circle" }, r = { type = "number" }, s = { type = "number" } } },
      { properties = { kind = { const = "square" }, side = { type = "number" } } } } }
    wrong(shapes, { kind = "circle", r = "1", s = "2" },
      "r", "expected a number, got a string", "s", "expected a number, got a string")
  end)

  it("follows local references", function()
    local tree = { type = "object", required = { "v" },
      properties = { v = { type = "integer" }, kids = { items = { ["$ref"] = "#" } } } }
    right(tree, { v = 1, kids = { { v = 2, kids = {} } } })
    wrong(tree, { v = 1, kids = { { v = 2 }, { v = "x", kids = { {} } } } },
      "kids[2].v", "expected an integer, got a string", "kids[2].kids[1].v", "is missing")
    local schema = { ["$ref"] = "#/$defs/a~1b~0%25", maximum = 3, ["$defs"] = { ["a/b~%"] = { type = "number" } } }
    right(schema, 2)
    wrong(schema, "x", "", "expected a number, got a string")
    wrong(schema, 5, "", "must be at most 3, got 5")
    right({ ["$ref"] = "#here", ["$defs"] = { x = { ["$anchor"] = "here", type = "string" } } }, "a")
    wrong({ prefixItems = { { type = "string" }, { ["$ref"] = "#/prefixItems/0" } } }, { "a", 1 },
      "[2]", "expected a string, got a number")
  end)

  it("ignores keywords that it does not know", function()
    right({ type = "string", format = "date", ["x-mine"] = print, ["not"] = {}, title = 5 }, "x")
  end)

  it("takes true and false as schemas", function()
    right(true, print)
    wrong(false, 1, "", "is not allowed")
  end)

  it("raises for what is no schema, naming the place", function()
    raises("xai.check: the schema must be a table, got a nil", nil)
    raises("xai.check: the schema must be a table, got a string", "x")
    raises("xai.check: the schema must be a table, got a list", { "x" })
    raises("xai.check: schema.type must be a type of JSON (did you mean 'string'?), got the string \"strng\"",
      { type = "strng" })
    raises("xai.check: schema.properties.day.minimum must be a number, got the string \"1\"",
      { properties = { day = { minimum = "1" } } })
    raises("xai.check: schema.properties.day must be a schema, got the string \"integer\"",
      { properties = { day = "integer" } })
    raises("xai.check: schema.properties must be a table of names and schemas, got a table", { properties = { {} } })
    raises("xai.check: schema.properties.a.required must be a list of names, got a boolean",
      { properties = { a = { required = true } } })
    raises("xai.check: schema.items must be a schema, got a table", { items = { {}, {} } })
    raises("xai.check: schema.anyOf must be a list of schemas, got a table", { anyOf = {} })
    raises("xai.check: schema.anyOf[2] must be a schema, got the number 5", { anyOf = { {}, 5 } })
    raises("xai.check: schema.multipleOf must be a number above 0, got the number 0", { multipleOf = 0 })
    raises("xai.check: schema.minLength must be a whole number of 0 or more, got the number -1", { minLength = -1 })
    raises("xai.check: schema.enum must be a list, got the string \"a\"", { enum = "a" })
    raises("xai.check: schema[\"$ref\"] refers to a schema that is not there: \"#/$defs/x\"",
      { ["$ref"] = "#/$defs/x" })
    raises("xai.check: schema[\"$ref\"] must refer to a place in this schema, as '#/$defs/name' does: \"http://a/b\"",
      { ["$ref"] = "http://a/b" })
  end)

  it("raises for a schema that refers to itself without an end", function()
    raises("xai.check: the schema refers to itself without an end", { ["$ref"] = "#" })
    local loop = {}
    loop.allOf = { loop }
    raises("xai.check: the schema refers to itself without an end", loop)
    local ok, problem = pcall(check, { ["$ref"] = "#/$defs/a",
      ["$defs"] = { a = { anyOf = { true, { ["$ref"] = "#/$defs/b" } } },
        b = { oneOf = { { ["$ref"] = "#/$defs/a" } } } } }, 1)
    assert.is_false(ok)
    assert.matches("refers to itself without an end", problem)
  end)

  it("bounds recursion: deep values, values and schemas that contain themselves", function()
    local schema = { type = "object" }
    schema.properties = { a = schema }
    right(schema, { a = { a = { a = {} } } })
    wrong(schema, { a = { a = 5 } }, "a.a", "expected an object, got a number")
    local deep = {}
    for _ = 1, 5000 do deep = { a = deep } end
    assert.matches("nested too deeply to be checked", (select(2, check(schema, deep))))
    local cycle = {}
    cycle.a = cycle
    assert.matches("nested too deeply to be checked", (select(2, check(schema, cycle))))
    right({ type = "object" }, cycle)
    assert.is_nil((check({ const = cycle }, { a = { a = {} } })))
    local chain = { ["$defs"] = {} }
    for i = 1, 1000 do chain["$defs"]["d" .. i] = { ["$ref"] = "#/$defs/d" .. i + 1 } end
    chain["$defs"].d1001, chain["$ref"] = {}, "#/$defs/d1"
    assert.is_false((pcall(check, chain, 1)))
    local nested = {}
    for _ = 1, 5000 do nested = { items = nested } end
    right(nested, { { { 1 } } })
  end)

  it("takes a schema of doubling references as what it is", function()
    for _, key in ipairs { "anyOf", "allOf", "oneOf" } do
      local defs = { d0 = { type = "string" } }
      for i = 1, 60 do
        local ref = { ["$ref"] = "#/$defs/d" .. i - 1 }
        local other = key == "oneOf" and { type = "null" } or { ["$ref"] = ref["$ref"] }
        defs["d" .. i] = { [key] = { ref, other } }
      end
      local schema = { ["$ref"] = "#/$defs/d60", ["$defs"] = defs }
      right(schema, "x")
      assert.is_nil((check(schema, 5)))
    end
    local list = {}
    list.anyOf = { { type = "string" }, { type = "array", items = list },
      { type = "array", maxItems = 3, items = list } }
    local value = { 5 }
    for _ = 1, 60 do value = { value } end
    assert.is_nil((check(list, value)))
  end)

  it("bounds its answer for large values", function()
    local list = {}
    for i = 1, 100000 do list[i] = i end
    local _, message, mistakes = check({ items = { type = "string" } }, list)
    assert.equal(1000, #mistakes)
    assert.matches("and more than 990 more$", message)
    local huge = ("x"):rep(10000000)
    for _, schema in ipairs { { maxLength = 5 }, { const = "a" }, { pattern = "^y" }, { type = "number" } } do
      assert.is_true(#select(2, check(schema, huge)) < 200)
    end
    assert.is_true(#select(2, check({ additionalProperties = false }, { [huge] = 1 })) < 200)
    right({ pattern = "(x+x+)+y" }, huge)
    right({ pattern = "x*x*x*y" }, huge)
  end)

  it("writes messages in UTF-8, whatever the value holds", function()
    for _, text in ipairs { "\255\254", ("é"):rep(200), "a\0b", "\195", ("a"):rep(59) .. "😀😀" } do
      local _, message = check({ const = "x" }, text)
      xai.encode(message)
      _, message = check({ additionalProperties = false }, { [text] = 1 })
      xai.encode(message)
    end
  end)
end)
