--- Members of objects go out in an order that depends on their names alone.

local cjson = require("cjson")
local core = require("xai.core")
local programs = require("spec.support.programs")
local xai = require("xai")

local codec = core.codec(cjson)

-- The same numbers on each Lua: x -> 16807 x mod 2^31 - 1.
local function generator(seed)
  return function(low, high)
    seed = seed * 16807 % 2147483647
    return low + seed % (high - low + 1)
  end
end

local function encode(value) return (core.encode(codec, value)) end

describe("JSON that goes out", function()
  it("has the members of each object sorted by the bytes of their names", function()
    assert.equal('{"":0,"A":1,"B":2,"a":3,"a\\u0000":4,"aa":5,"b":6,"z":7,"\195\132":8,"\195\164":9}',
      encode { z = 7, b = 6, aa = 5, a = 3, B = 2, A = 1, ["\195\164"] = 9, ["\195\132"] = 8, [""] = 0, ["a\0"] = 4 })
    assert.equal('{"a":{"x":1,"y":2},"b":[{"p":1,"q":2}]}', encode { b = { { q = 2, p = 1 } }, a = { y = 2, x = 1 } })
  end)

  it("is the same for equal tables, however they were filled, of any number of members", function()
    for _, n in ipairs { 0, 1, 2, 11, 12, 13, 50, 127, 128, 129, 130, 1000, 20000 } do
      local up, down, names = {}, {}, {}
      for i = 1, n do up["k" .. i], names[i] = i, "k" .. i end
      for i = n, 1, -1 do down["k" .. i] = i end
      table.sort(names)
      for i, name in ipairs(names) do names[i] = '"' .. name .. '":' .. name:sub(2) end
      local expected = "{" .. table.concat(names, ",") .. "}"
      assert.is_true(encode(up) == expected, n .. " members")
      assert.is_true(encode(down) == expected, n .. " members")
    end
  end)

  it("is the same in every process", function()
    local code = [[
      local xai = require "xai"
      local t = {}
      local names = "type properties city unit required description additionalProperties"
      for word in names:gmatch "%a+" do t[word] = { word } end
      print(xai.encode { tools = { { parameters = t, name = "f", type = "function" } }, model = "m", store = false })
    ]]
    local first = programs.code(code)
    assert.matches('^{"model":"m","store":false,"tools":%[{"name":"f","parameters":{"additionalProperties":', first)
    for _ = 1, 3 do assert.equal(first, programs.code(code)) end
  end)

  it("of a request is so, too, also with a library of the user's that only decodes", function()
    local text = encode { b = 1, a = { d = 2, c = 3 } }
    local own = core.codec { decode = cjson.decode }
    assert.equal('{"a":{"c":3,"d":2},"b":1}', text)
    assert.equal(text, (core.encode(own, { a = { c = 3, d = 2 }, b = 1 })))
  end)

  it("has first what xai.ordered names, in that order, then the rest", function()
    local t = { why = 1, city = 2, a = 3, b = 4 }
    assert.equal(t, xai.ordered({ "why", "missing", "city" }, t))
    assert.equal('{"why":1,"city":2,"a":3,"b":4}', encode(t))
    t.missing = 5
    assert.equal('{"why":1,"missing":5,"city":2,"a":3,"b":4}', encode(t))
    assert.equal('[{"why":1,"missing":5,"city":2,"a":3,"b":4}]', encode { t })
    xai.ordered({ "b", "b", "a" }, t)
    assert.equal('{"b":4,"a":3,"city":2,"missing":5,"why":1}', encode(t))
    assert.equal("{}", encode(xai.ordered({ "x" }, {})))
    assert.equal("{}", encode(xai.ordered({}, {})))
  end)

  it("has the order of the names as they were given: a list that changes later changes nothing", function()
    local names = { "b", "a" }
    local t = xai.ordered(names, { a = 1, b = 2 })
    names[1], names[2] = "a", "b"
    assert.equal('{"b":2,"a":1}', encode(t))
  end)

  it("has an order for objects of many members, too", function()
    local t, names = {}, {}
    for i = 1, 500 do
      t["k" .. i] = i
      names[i] = "k" .. (501 - i)
    end
    local text = encode(xai.ordered(names, t))
    assert.equal('{"k500":500,"k499":499,', text:sub(1, 23))
    assert.equal(',"k1":1}', text:sub(-8))
  end)

  it("of a marked table that is a list is a list", function()
    assert.equal("[1,2]", encode(xai.ordered({ "a" }, { 1, 2 })))
  end)

  it("is refused with the place, where a mark or a string cannot be", function()
    for _, case in ipairs {
      { function() xai.ordered("why", {}) end, "xai.ordered: expected a list of names, got string" },
      { function() xai.ordered({ "a" }, "t") end, "xai.ordered: expected a table to mark, got string" },
      { function() xai.ordered({ "a", 2 }, {}) end, "xai.ordered: name 2 must be a string, got number" },
      { function() xai.encode { a = { "x", "\255" } } end, "a[2] is not UTF-8 (byte 1 of 1)" },
      { function() xai.encode { ["\255"] = 1 } end, "has a name that is not UTF-8" },
    } do
      local ok, message = pcall(case[1])
      assert.is_false(ok)
      assert.matches(case[2], message, 1, true)
    end
  end)

  it("equals what lua-cjson writes, but for the order", function()
    local rand = generator(20261130)
    local function text()
      local bytes = {}
      for i = 1, rand(0, 20) do
        local c = rand(1, 4)
        bytes[i] = c == 1 and string.char(rand(0, 127)) or c == 2 and "\195\164" or c == 3 and "/" or "\226\130\172"
      end
      return table.concat(bytes)
    end
    local function number()
      local kind = rand(1, 5)
      if kind == 1 then return rand(-1000, 1000) end
      if kind == 2 then return rand(-1000, 1000) / 8 end
      if kind == 3 then return tonumber(("%.14g"):format(rand(1, 1e6) * 1.5e-9)) end
      if kind == 4 then return tonumber(("%.14g"):format(rand(1, 1e6) * 7e15)) * 1.0 end
      return rand(0, 1e6) * 1000000
    end
    local function value(depth)
      local kind = rand(1, depth > 4 and 3 or 5)
      if kind == 1 then return text() end
      if kind == 2 then return number() end
      if kind == 3 then return rand(0, 1) == 1 end
      local t = {}
      if kind == 4 then
        for i = 1, rand(1, 4) do t[i] = value(depth + 1) end
      else
        t[text()] = value(depth + 1) -- one member: no order
      end
      return t
    end
    for i = 1, 3000 do
      local one = { value(0) }
      local theirs = cjson.encode(one)
      -- What is an integer beyond 1e14 as a float is written in full by us.
      if not theirs:find("e+", 1, true) then assert.equal(theirs, encode(one), "value " .. i) end
    end
  end)

  it("is whole where finalizers encode while it is made", function()
    local expected = encode { deep = { 1, 2, 3 } }
    local made = 0
    local finalize = function() made = made + #encode { x = { y = {} } } end
    local function litter()
      local new_proxy = rawget(_G, "newproxy") -- Lua 5.1: tables have no finalizer
      if new_proxy then
        for _ = 1, 20 do getmetatable(new_proxy(true)).__gc = finalize end
      else
        for _ = 1, 20 do setmetatable({}, { __gc = finalize }) end
      end
    end
    local big = {}
    for i = 1, 300 do big["name" .. i] = { i, tostring(i) } end
    local whole = encode(big)
    for _ = 1, 300 do
      litter()
      assert.is_true(encode(big) == whole)
      assert.equal(expected, encode { deep = { 1, 2, 3 } })
    end
    collectgarbage()
    assert.is_true(made > 0)
  end)
end)

describe("xai.utf8", function()
  it("replaces each maximal subpart that is wrong by one U+FFFD", function()
    local R = "\239\191\189"
    for _, case in ipairs {
      { "", "" }, { "plain \0 \226\130\172 \240\159\152\128", "plain \0 \226\130\172 \240\159\152\128" },
      { "\255", R }, { "a\128b", "a" .. R .. "b" }, { "\192\175", R .. R }, { "\224\128\175", R .. R .. R },
      { "\226\130", R }, { "\226\130x", R .. "x" }, { "\226", R }, { "\226\226\130\172", R .. "\226\130\172" },
      { "\240\159\152", R }, { "\240\159\152\240\159\152\128", R .. "\240\159\152\128" },
      { "\237\160\128", R:rep(3) }, { "\244\144\128\128", R:rep(4) }, { "\240\128\128\128", R:rep(4) },
      -- Unicode 15, table 3-8 to 3-11
      { "\192\175\224\128\191\240\129\130\65", R:rep(8) .. "A" },
      { "\237\160\128\237\191\191\237\175\65", R:rep(8) .. "A" },
      { "\244\145\146\147\255\65\128\191\66", R:rep(5) .. "A" .. R:rep(2) .. "B" },
      { "\225\128\226\240\145\146\241\191\65", R:rep(4) .. "A" },
    } do
      assert.equal(case[2], xai.utf8(case[1]))
      assert.equal(case[2], xai.utf8(xai.utf8(case[1])))
    end
    assert.has_error(function() xai.utf8({}) end)
  end)

  it("makes every text one that can be sent", function()
    local rand = generator(7)
    for _ = 1, 2000 do
      local bytes = {}
      for i = 1, rand(1, 12) do bytes[i] = string.char(rand(0, 3) == 0 and rand(0, 127) or rand(128, 255)) end
      local text = xai.utf8(table.concat(bytes))
      assert.equal(text, xai.decode(xai.encode { text })[1])
    end
  end)
end)
