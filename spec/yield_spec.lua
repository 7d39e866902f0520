--- Where a task yields, and where it blocks only itself: pcall, loops, metamethods, C functions.

local stages = require("spec.support.stage")
local xai = require("xai")
local yieldable = require("xai.runtime.wait").is_yieldable

local same = assert.same
local stage

local jit = rawget(_G, "jit")
local is_51 = _VERSION == "Lua 5.1" and not jit

--- Does the task that runs `f(wait)` yield when `wait()` waits for a call within?
-- It does when no other wait is nested into it: when another task that blocks is
-- begun first and ended first, it was below on the stack.
local function yields(f)
  local suspended
  xai.run(function()
    local task
    local function wait()
      xai.spawn(function() suspended = task:status() == "waiting" end)
      assert(stage:whole("chat", nil, "late-head,50"))
      return 1
    end
    task = xai.spawn(f, wait)
    task:wait()
  end)
  assert(suspended ~= nil, "others did not go on meanwhile")
  return suspended
end

local function with(name, metamethod, act)
  return function(wait)
    local object = setmetatable({}, { [name] = function() return wait() and metamethod end })
    act(object, setmetatable({}, getmetatable(object)))
  end
end

-- name, function(wait), where it cannot yield: never (nil), on 5.1, anywhere.
local PLACES = {
  { "a plain call", function(wait) wait() end },
  { "a method of an object", function(wait) ({ f = wait }):f() end },
  { "a tail call", function(wait) return wait() end },
  { "a deep recursion", function(wait)
    local function deep(n) return n == 0 and wait() or 1 + deep(n - 1) end
    deep(100)
  end },
  { "a callable object", function(wait)
    local object = setmetatable({}, { __call = function() wait() end })
    object()
  end },
  { "pcall", function(wait) assert(pcall(wait)) end, "5.1" },
  { "xpcall", function(wait) assert(xpcall(wait, print)) end, "5.1" },
  { "pcall within pcall", function(wait) assert(pcall(pcall, wait)) end, "5.1" },
  { "the iterator of a loop", function(wait)
    local function next_one(_, n)
      wait()
      if n < 1 then return n + 1 end
    end
    for _ in next_one, nil, 0 do end -- luacheck: ignore 542
  end, "5.1" },
  { "__index", with("__index", 1, function(o) return o.x end), "5.1" },
  { "__newindex", with("__newindex", 1, function(o) o.x = 1 end), "5.1" },
  { "__add", with("__add", 1, function(o) return o + 1 end), "5.1" },
  { "__concat", with("__concat", "", function(o) return o .. "x" end), "5.1" },
  { "__eq", with("__eq", true, function(o, p) return o == p end), "5.1" },
  { "__lt", with("__lt", true, function(o, p) return o < p end), "5.1" },
  { "__unm", with("__unm", 1, function(o) return -o end), "5.1" },
  { "table.sort's comparison", function(wait)
    table.sort({ 2, 1 }, function(a, b) return wait() and a < b end)
  end, "all" },
  { "string.gsub's replacement", function(wait) return (("x"):gsub("x", function() wait() end)) end, "all" },
  { "a pcall within table.sort", function(wait)
    table.sort({ 2, 1 }, function(a, b) return pcall(wait) and a < b end)
  end, "all" },
  { "a generator of the task's own", function(wait) coroutine.wrap(wait)() end, "all" },
}

local function is_blocked(where)
  return where == "all" or where == "5.1" and is_51
end

describe("a task that waits", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    xai.step(0)
    stages.rest()
    assert.is_nil(xai.timeout())
    stage:leave()
  end)

  for _, place in ipairs(PLACES) do
    it((is_blocked(place[3]) and "blocks itself alone in " or "yields in ") .. place[1], function()
      assert.equal(not is_blocked(place[3]), yields(place[2]))
    end)
  end

  it("reads streams by loops, by calls and as text, each beside the others", function()
    local texts = {}
    xai.run(xai.all, {
      function()
        local parts = {}
        for event in assert(stage:stream("chat", "split,30")) do parts[#parts + 1] = event.choices[1].delta.content end
        texts[1] = table.concat(parts)
      end,
      function() texts[2] = stages.text(assert(stage:stream("chat", "split,31"))) end,
      function()
        local parts, stream = {}, assert(stage:stream("chat", "split,32"))
        local event = stream:next()
        while event do
          parts[#parts + 1] = event.choices[1].delta.content
          event = stream:next()
        end
        texts[3] = table.concat(parts)
      end,
      function() texts[4] = assert(stage:stream("chat", "split,33")):result().choices[1].message.content end,
      function()
        local parts = {}
        assert(stage:stream("chat", "split,34", { on_event = function(event)
          parts[#parts + 1] = event.choices[1].delta.content
        end }))
        texts[5] = table.concat(parts)
      end,
    })
    for i = 1, 5 do assert.equal(stages.TEXT, texts[i]) end
  end)

  it("hands nothing of ours to a generator of the user's own", function()
    local got = {}
    xai.run(function()
      xai.spawn(function() xai.sleep(0) end)
      local words = coroutine.wrap(function()
        for i = 1, 3 do
          assert(stage:whole("chat"))
          coroutine.yield("word " .. i)
        end
      end)
      for word in words do got[#got + 1] = word end
    end)
    same({ "word 1", "word 2", "word 3" }, got)
  end)

  it("sees errors by pcall, and goes on", function()
    local seen = xai.run(function()
      local ok, err = pcall(function()
        for _ in assert(stage:stream("chat", "cut-stream,3")) do end -- luacheck: ignore 542
      end)
      return { ok, err.kind, assert(stage:whole("chat")).object }
    end)
    same({ false, "truncated", "chat.completion" }, seen)
  end)

  describe("where it cannot yield", function()
    --- Run `f` where no Lua can yield.
    local function stuck(f)
      return function()
        local result
        table.sort({ 2, 1 }, function(a, b)
          result = result or f()
          return a < b
        end)
        return result
      end
    end

    it("lets others start, wait, and end", function()
      local order = {}
      xai.run(function()
        xai.spawn(stuck(function()
          assert(stage:whole("chat", nil, "late-head,60"))
          order[#order + 1] = "stuck"
          return true
        end))
        for i = 1, 3 do
          xai.spawn(function()
            xai.sleep(0)
            assert(stage:whole("chat"))
            order[#order + 1] = i
          end)
        end
      end)
      assert.equal("stuck", order[4])
    end)

    it("may wait for tasks, for time and for several", function()
      local results = xai.run(stuck(function()
        xai.sleep(0.001)
        return {
          xai.spawn(function() return assert(stage:whole("chat")).object end):wait(),
          xai.all({ function() xai.sleep(0) return 1 end, function() return 2 end })[2],
          xai.race { function() xai.sleep(math.huge) end, function() return "first" end },
          xai.run(function() return "nested" end),
        }
      end))
      same({ "chat.completion", 2, "first", "nested" }, results)
    end)

    it("nests some twenty deep, and says so beyond that", function()
      local deepest = 0
      local function nest(n)
        deepest = n
        return n < 40 and xai.run(stuck(function() return nest(n + 1) end)) or "bottom"
      end
      local ok, err = pcall(xai.run, nest, 1)
      assert.is_false(ok)
      assert.matches("too many waits that cannot yield are nested", err)
      assert.is_true(deepest >= 20 and deepest < 25)
    end)

    it("waits for a call at any depth", function()
      local count = 0
      xai.run(function()
        for _ = 1, 60 do
          xai.spawn(stuck(function()
            assert(stage:whole("chat", nil, "late-head,1"))
            count = count + 1
            return true
          end))
        end
      end)
      assert.equal(60, count)
    end)

    it("says so when it waits for one that blocks below it", function()
      local below, seen
      xai.run(function()
        below = xai.spawn(stuck(function()
          local above = xai.spawn(stuck(function()
            seen = { pcall(below.wait, below) }
            return true
          end))
          above:wait()
          return true
        end))
      end)
      assert.is_false(seen[1])
      assert.matches("blocked until this one returns", seen[2])
      assert.equal("done", below:status())
    end)

    it("can be cancelled, and its call with it", function()
      local seen
      xai.run(function()
        local task = xai.spawn(stuck(function()
          seen = { pcall(stage.whole, stage, "chat", nil, "stall-before-head") }
          return true
        end))
        xai.sleep(0)
        xai.spawn(function()
          while xai.active() == 0 do xai.sleep(0) end
          task:cancel()
        end)
        task:wait()
      end)
      same({ false, "cancelled" }, { seen[1], seen[2].kind })
      assert.is_true(stage:last_end().aborted)
    end)

    it("does not count callbacks as part of it", function()
      local spawned
      local ended_before = xai.run(stuck(function()
        local call = stage:start("chat", nil, { on_done = function()
          spawned = xai.spawn(function() xai.sleep(0.02) end)
        end })
        call:wait()
        return true
      end))
      same({ true, "waiting" }, { ended_before, spawned:status() })
      spawned:wait()
    end)
  end)

  describe("outside of tasks", function()
    it("blocks in a coroutine that nobody knows, and others go on", function()
      local order = {}
      local other = xai.spawn(function()
        assert(stage:whole("chat"))
        order[#order + 1] = "task"
      end)
      local co = coroutine.wrap(function()
        assert(stage:whole("chat", nil, "late-head,60"))
        order[#order + 1] = "coroutine"
        return "returned"
      end)
      assert.equal("returned", co())
      same({ "task", "coroutine" }, order)
      assert.equal("done", other:status())
    end)

    it("knows that the main program cannot yield", function()
      if coroutine.running() == nil or select(2, coroutine.running()) then assert.is_false(yieldable()) end
      assert.is_true(coroutine.wrap(function() return (yieldable()) end)())
    end)
  end)
end)
