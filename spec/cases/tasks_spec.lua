--- Tasks as programs use them: the errors that they raise, the lists that they take.

local raised = require "spec.support.raised"
local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same
local stage

describe("tasks", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function()
    stage:enter()
    xai.on_error = function() end
  end)
  after_each(function()
    xai.on_error = nil
    stage:leave()
  end)

  describe("raise an error as it was raised (real use, 41):", function()
    local function raise(err)
      return function() error(err, 0) end
    end

    local object = setmetatable({ kind = "mine" }, { __tostring = function() return "an object" end })

    -- false and numbers are errors, too; nil is what the Lua makes of it.
    local ERRORS = { "mine", "", "two\nlines", 42, false, object, n = 6 }

    local WAYS = {
      run = function(f) return xai.run(f) end,
      all = function(f) return xai.all { f } end,
      ["all, others cancelled"] = function(f) return xai.all { function() xai.sleep(60) end, f } end,
      race = function(f) return xai.race { f, function() xai.sleep(60) end } end,
      map = function(f) return xai.map({ 1, 2, 3 }, f, 2) end,
      ["task:wait"] = function(f) return xai.spawn(f):wait() end,
      ["task:wait, failed before"] = function(f)
        local task = xai.spawn(f)
        xai.sleep(0)
        return task:wait()
      end,
      ["a task that waits for a task"] = function(f)
        return xai.run(function() return xai.spawn(function() return xai.all { f } end):wait() end)
      end,
    }

    for name, way in pairs(WAYS) do
      it(name, function()
        for i = 1, ERRORS.n do assert.is_true(rawequal(ERRORS[i], raised(way, raise(ERRORS[i])))) end
        same(raised(raise(nil)), raised(way, raise(nil)))
      end)
    end

    it("with the line that Lua adds, and nothing else", function()
      local function f() error "mine" end
      same(raised(f), raised(xai.run, f))
      local message = raised(xai.map, { 1 }, function(item) return item.missing.field end)
      assert.is_nil(message:find("\n", 1, true))
    end)

    it("the traceback is the task's, also of one that only passed it on", function()
      local function origin_of_it() error "mine" end
      local inner = xai.spawn(function()
        xai.sleep(0)
        origin_of_it()
      end)
      local outer = xai.spawn(function() return inner:wait() end)
      raised(outer.wait, outer)
      for _, task in ipairs { inner, outer } do
        assert.matches("mine\nstack traceback:\n.*origin_of_it", task:traceback())
      end
      local _, count = outer:traceback():gsub("stack traceback:", "")
      assert.equal(1, count)
    end)

    it("xai.on_error still gets the traceback of one that nobody waits for", function()
      local heard
      xai.on_error = function(...) heard = { ... } end
      xai.spawn(function() error("mine", 0) end)
      xai.sleep(0)
      same("mine", heard[1])
      assert.matches("^mine\nstack traceback:", heard[2])
    end)
  end)

  describe("take no list with holes, on any Lua:", function()
    local function nothing() end

    for _, name in ipairs { "all", "race" } do
      for i, list in ipairs { { nothing, nil, nothing }, { nil, nothing }, { nothing, nil, nil, nothing } } do
        it(("xai.%s, list %d"):format(name, i), function()
          assert.matches("xai%." .. name .. ": item %d must be a function or a task, got nil",
            raised(xai[name], list))
        end)
      end

      it(("xai.%s, a table that is no list"):format(name), function()
        assert.matches("got a table with the key 'first'", raised(xai[name], { first = nothing }))
        assert.matches("a list begins at 1, got an item at 0", raised(xai[name], { [0] = nothing, nothing }))
        assert.matches("a list begins at 1, got an item at 1.5", raised(xai[name], { nothing, [1.5] = nothing }))
        assert.has_no.errors(function() xai[name] { nothing, nothing, n = 2 } end)
      end)
    end

    it("xai.map", function()
      local count = 0
      local function f() count = count + 1 end
      assert.matches("xai%.map: item 2 must be there, got nil", raised(xai.map, { 1, nil, 3 }, f))
      assert.matches("xai%.map: item 1 must be there, got nil", raised(xai.map, { nil, 2 }, f))
      same(0, count)
      assert.has_no.errors(function() xai.map({ 1, 2, name = "list" }, f) end)
      same(2, count)
    end)
  end)

  describe("xai.map (real use, 49)", function()
    it("runs all at once without a limit", function()
      local now, most = 0, 0
      local list = {}
      for i = 1, 50 do list[i] = i end
      local results = xai.map(list, function(item)
        now = now + 1
        most = math.max(most, now)
        xai.sleep(0.001)
        now = now - 1
        return item * 2
      end)
      same({ 50, 50, 100 }, { most, #results, results[50] })
    end)

    --- 1 to n, then nothing, for ever.
    local function count_to(n)
      local i, calls = 0, 0
      return function()
        calls = calls + 1
        i = i + 1
        if i <= n then return i end
      end, function() return calls end
    end

    it("takes an iterator, asks it only for what is to be done next, and once after its end at most", function()
      for _, limit in ipairs { 1, 2, 3.5, 20, 1e9, math.huge } do
        local iterator, calls = count_to(9)
        local ahead, done = 0, 0
        local results = xai.map(iterator, function(item, index)
          same(item, index)
          ahead = math.max(ahead, calls() - done)
          xai.sleep(0)
          done = done + 1
          return item * 3
        end, limit)
        same({ 3, 6, 9, 12, 15, 18, 21, 24, 27 }, results)
        assert.is_true(ahead <= math.min(limit, 10))
        same(10, calls())
      end
      same({}, xai.map(count_to(0), function() error "never" end, 3))
    end)

    it("takes an iterator that waits, such as a stream's", function()
      local words = xai.run(function()
        local stream = assert(stage:stream "chat")
        return xai.map(stream:text(), function(text)
          xai.sleep(0.001)
          return text
        end, 3)
      end)
      assert.matches("^Lua is a small", table.concat(words))
      local stream = assert(stage:stream "chat") -- is its own iterator
      assert.is_true(#xai.map(stream, function(event) return event end, 2) > 3)
    end)

    it("passes on an iterator's error, and cancels the items that are under way", function()
      local i, begun, ended = 0, 0, 0
      local function iterator()
        i = i + 1
        if i == 3 then error("no more", 0) end
        return i
      end
      same("no more", raised(xai.map, iterator, function()
        begun = begun + 1
        xai.sleep(60)
        ended = ended + 1
      end, 5))
      same({ 2, 0 }, { begun, ended })
    end)

    it("wants a limit for an iterator, and says what is wrong", function()
      local function f() end
      assert.matches("xai%.map: an iterator needs a limit", raised(xai.map, count_to(3), f))
      assert.matches("xai%.map: expected a function, got table", raised(xai.map, ipairs {}, {}, 1))
      assert.matches("xai%.map: expected a list or an iterator, got string", raised(xai.map, "list", f))
      assert.matches("xai%.map: the limit must be 1 or more", raised(xai.map, count_to(3), f, 0))
    end)
  end)

  it("xai.all's and xai.race's members are cancelled with their waiter (real use, 49)", function()
    for _, way in ipairs { xai.all, xai.race } do
      local given = xai.spawn(function() xai.sleep(60) end)
      local started
      local waiter = xai.spawn(function()
        way { given, function()
          started = true
          xai.sleep(60)
        end }
      end)
      xai.sleep(0)
      xai.sleep(0)
      assert.is_true(started)
      waiter:cancel()
      xai.sleep(0)
      same({ "cancelled", "cancelled" }, { given:status(), waiter:status() })
    end
    same(0, xai.active())
  end)
end)
