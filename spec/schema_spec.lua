--- xai.schema: builders of JSON schemas.

local xai = require "xai"

local s = xai.schema

local function raises(expected, f, ...)
  local ok, problem = pcall(f, ...)
  assert.is_false(ok)
  assert.equal(expected, (problem:gsub("^[^ ]-:%d+: ", "")))
end

describe("xai.schema", function()
  it("builds plain tables", function()
    local event = s.object(
      s.string("why", "how you know"),
      s.string "city", s.integer("day", { minimum = 1, maximum = 31 }),
      s.enum("kind", { "party", "work" }), s.list("people", s.string()), s.optional(s.string "note"))
    assert.is_nil(getmetatable(event))
    assert.same({
      type = "object",
      required = { "why", "city", "day", "kind", "people" },
      additionalProperties = false,
      properties = {
        why = { type = "string", description = "how you know" },
        city = { type = "string" },
        day = { type = "integer", minimum = 1, maximum = 31 },
        kind = { type = "string", enum = { "party", "work" } },
        people = { type = "array", items = { type = "string" } },
        note = { type = "string" },
      },
    }, event)
  end)

  it("takes a name, then a description or a table of keywords", function()
    assert.same({ type = "number", description = "in degrees" }, s.number("celsius", "in degrees"))
    assert.same({ type = "number", maximum = 5 }, s.number("celsius", { maximum = 5 }))
    assert.same({ type = "boolean" }, s.boolean())
    assert.same({ type = "string", minLength = 2 }, s.string { minLength = 2 })
    assert.same({ type = "array", items = { type = "string" }, minItems = 1 },
      s.list("tags", s.string(), { minItems = 1 }))
    assert.same({ type = "string", enum = { "a" }, description = "x" }, s.enum("e", { "a" }, "x"))
    assert.same({ type = "string", enum = { "a" } }, s.enum { "a" })
    assert.same({ enum = { "a", 1 } }, s.enum { "a", 1 })
  end)

  it("nests objects, which have a name and a description of their own", function()
    local inner = s.object("place", "where it is", s.string "city")
    assert.equal("where it is", inner.description)
    local outer = s.object(inner, s.list("more", s.object(s.integer "n")))
    assert.equal(inner, outer.properties.place)
    assert.same({ "place", "more" }, outer.required)
    assert.same({ "n" }, outer.properties.more.items.required)
    assert.equal("all", s.object({ description = "all" }, s.string "a").description)
    assert.is_true(s.object({ additionalProperties = true }, s.string "a").additionalProperties)
  end)

  it("sends an object without fields, or without those that are required, as the service wants it", function()
    assert.matches('"properties":{}', xai.encode(s.object()), 1, true)
    assert.matches('"required":[]', xai.encode(s.object()), 1, true)
    assert.matches('"required":[]', xai.encode(s.object(s.optional(s.string "a"))), 1, true)
  end)

  it("wraps a field and keeps its name: optional and nullable", function()
    local o = s.object(s.optional(s.nullable(s.string "a")), s.nullable(s.optional(s.integer "b")),
      s.nullable(s.enum("c", { "x" })), s.nullable(s.any_of("d", s.string(), s.number())),
      s.nullable(s.object("e", s.string "f")))
    assert.same({ "c", "d", "e" }, o.required)
    assert.same({ "string", "null" }, o.properties.a.type)
    assert.same({ "integer", "null" }, o.properties.b.type)
    assert.same({ "x", xai.null }, o.properties.c.enum)
    assert.same({ type = "null" }, o.properties.d.anyOf[2])
    assert.same({ "object", "null" }, o.properties.e.type)
    assert.is_true(xai.check(o, { c = "x", d = 1, e = { f = "g" } }))
    assert.is_true(xai.check(o, {}))
    assert.is_nil((xai.check(o, { c = "y" })))
  end)

  it("changes no field that it wraps", function()
    local field = s.string "a"
    s.nullable(field)
    s.optional(field)
    assert.same({ type = "string" }, field)
    assert.same({ "a" }, s.object(field).required)
    local mine = { type = "string" }
    s.raw("b", mine)
    s.nullable(mine)
    assert.same({ type = "string" }, mine)
  end)

  it("takes hand-written schemas: raw as a field, any table as an element or a form", function()
    local mine = { type = "string", format = "date" }
    local o = s.object(s.raw("day", mine), s.list("days", mine), s.any_of("one", mine, { type = "null" }))
    assert.same(mine, o.properties.day)
    assert.equal(mine, o.properties.days.items)
    assert.equal(mine, o.properties.one.anyOf[1])
    assert.same({ anyOf = { mine, mine }, description = "a day" }, s.any_of("x", "a day", mine, mine))
  end)

  it("keeps the order of the fields, where the encoder does", function()
    local o = s.object(s.string "why", s.string "answer", s.string "before")
    assert.same({ "why", "answer", "before" }, o.required)
    if require "xai.core".ordered then
      local text = xai.encode(o)
      assert.is_true(text:find('"why":', 1, true) < text:find('"answer":', 1, true))
      assert.is_true(text:find('"answer":', 1, true) < text:find('"before":', 1, true))
    end
  end)

  it("lets the same field stand in several objects", function()
    local city = s.string "city"
    assert.equal(s.object(city).properties.city, s.object(city).properties.city)
  end)

  it("raises for wrong arguments, naming the builder and the field", function()
    raises("xai.schema.string: the name must be a string, got a number", s.string, 5)
    raises("xai.schema.string: field 'a': expected a description or a table of keywords, got a number",
      s.string, "a", 5)
    raises("xai.schema.string: field 'a': expected a description or a table of keywords, got a field",
      s.string, "a", s.string())
    raises("xai.schema.string: field 'a': takes at most 2 arguments, got 3", s.string, "a", "b", "c")
    raises("xai.schema.integer: field 'a': no keyword 'minimun' (did you mean 'minimum'?)",
      s.integer, "a", { minimun = 1 })
    raises("xai.schema.integer: field 'a': keywords must have names, got a number", s.integer, "a", { 5 })
    raises("xai.schema.integer: field 'a': the keyword 'type' is set by the builder",
      s.integer, "a", { type = "string" })
    raises("xai.schema.enum: field 'a': expected a list of values, got an empty table", s.enum, "a", {})
    raises("xai.schema.enum: field 'a': expected a list of values, got nothing", s.enum, "a")
    raises("xai.schema.enum: field 'a': value 2 is a table", s.enum, "a", { "x", {} })
    raises("xai.schema.list: field 'a': the element must be a schema, got nothing", s.list, "a")
    raises("xai.schema.list: field 'a': the element must be a schema, got a string", s.list, "a", "b")
    raises("xai.schema.object: field 'o': argument 2 is a field without a name", s.object, "o", s.string())
    raises("xai.schema.object: field 'o': there are two fields 'a'", s.object, "o", s.string "a", s.number "a")
    raises("xai.schema.object: argument 2 must be a field, got a table", s.object, s.string "a", { type = "string" })
    raises("xai.schema.object: the name must be a string, got a boolean", s.object, true)
    raises("xai.schema.object: field 'o': the keyword 'required' is set by the builder",
      s.object, "o", { required = { "a" } }, s.string "a")
    raises("xai.schema.any_of: field 'a': expected schemas, got nothing", s.any_of, "a")
    raises("xai.schema.any_of: argument 1 must be a schema, got nothing", s.any_of, nil, s.string())
    raises("xai.schema.optional: expected a field with a name", s.optional, s.string())
    raises("xai.schema.optional: the argument must be a schema, got nothing", s.optional)
    raises("xai.schema.nullable: the argument must be a schema, got a string", s.nullable, "a")
    raises("xai.schema.raw: field 'a': the schema must be a schema, got nothing", s.raw, "a")
    raises("xai.schema.raw: field 'a': the schema must be a schema, got a list", s.raw, "a", { "b" })
    raises("xai.schema has no function 'strng' (did you mean 'string'?)", function() return s.strng end)
  end)

  it("raises where the user's code is", function()
    local ok, problem = pcall(function()
      local field = s.string(5)
      return field
    end)
    assert.is_false(ok)
    assert.matches("schema_spec%.lua:%d+: xai%.schema%.string", problem)
  end)
end)
