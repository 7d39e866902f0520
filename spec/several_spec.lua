--- Waiting for several tasks, and for time: xai.all, xai.race, xai.map, xai.sleep, xai.update.

local core = require("xai.core")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

--- Let tasks go on that need nothing from outside.
local function turns(n)
  for _ = 1, n or 1 do xai.step(0) end
end

local function fail_with(err)
  return function() error(err, 0) end
end

local function hang() xai.sleep(math.huge) end

describe("the scheduler:", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    turns(3)
    stages.rest()
    assert.is_nil(xai.timeout())
    stage:leave()
  end)

  describe("xai.all", function()
    it("gives the first results in order", function()
      local results = xai.run(function()
        return xai.all {
          function() xai.sleep(0) return "a", "b" end,
          xai.spawn(function() return "c" end),
          function() return assert(stage:whole("chat")).object end,
        }
      end)
      same({ "a", "c", "chat.completion" }, results)
      same({}, xai.all {})
    end)

    it("works in the main program, with tasks that are over, and with one given twice", function()
      local task = xai.spawn(function() return 1 end)
      same({ 1, 1, 2 }, xai.all { task, task, function() return 2 end })
      same({ 1 }, xai.all { task })
    end)

    it("cancels the others when one fails", function()
      local function waiter() xai.run(hang) end
      local sleepers = { xai.spawn(hang), xai.spawn(hang) }
      local ok, err = pcall(xai.all, { sleepers[1], waiter, fail_with("mine"), sleepers[2] })
      assert.is_false(ok)
      assert.equal("mine", err)
      turns(3)
      same({ "cancelled", "cancelled" }, { sleepers[1]:status(), sleepers[2]:status() })
    end)

    it("keeps an error object as it is", function()
      local mine = {}
      local ok, err = pcall(xai.all, { hang, fail_with(mine) })
      assert.is_false(ok)
      assert.equal(mine, err)
    end)

    it("that is cancelled cancels its tasks", function()
      local inner = {}
      local outer = xai.spawn(function()
        for i = 1, 3 do inner[i] = xai.spawn(hang) end
        xai.all(inner)
      end)
      turns(2)
      outer:cancel()
      turns(2)
      for i = 1, 3 do assert.equal("cancelled", inner[i]:status()) end
    end)

    it("waits for a thousand without a thousand times a thousand turns", function()
      local list = {}
      for i = 1, 1000 do list[i] = function() xai.sleep(0) return i end end
      local results = xai.run(xai.all, list)
      same({ 1, 1000, 1000 }, { results[1], results[1000], #results })
    end)

    it("refuses what is no list of functions and tasks", function()
      for _, name in ipairs { "all", "race" } do
        for _, bad in ipairs { 1, "x", print } do
          local ok, err = pcall(xai[name], bad)
          assert.is_false(ok)
          assert.matches("^xai%." .. name .. ": expected a list", err)
        end
        local ok, err = pcall(xai[name], { print, 7 })
        assert.is_false(ok)
        assert.matches("item 2 must be a function or a task, got number", err)
      end
      turns(2)
    end)
  end)

  describe("xai.race", function()
    it("gives what the first one returned, and cancels the others", function()
      local slow = xai.spawn(hang)
      same({ "fast", 2 }, { xai.race { slow, function() xai.sleep(0) return "fast", 2 end } })
      turns()
      assert.equal("cancelled", slow:status())
      same({ 1, nil }, { select("#", xai.race {}), xai.race {} }) -- nil, not nothing
    end)

    it("raises the error of the first one that ends", function()
      local slow = xai.spawn(hang)
      local ok, err = pcall(xai.race, { slow, fail_with("mine") })
      assert.is_false(ok)
      assert.matches("^mine", err)
      turns()
      assert.equal("cancelled", slow:status())
    end)

    it("is a deadline for a call, which ends at the server", function()
      xai.run(function()
        local result = xai.race {
          function() return (stage:whole("chat", nil, "stall-before-head")) end,
          function() xai.sleep(0.05) return "too late" end,
        }
        assert.equal("too late", result)
        assert.is_true(stage:last_end().aborted)
      end)
    end)
  end)

  describe("xai.map", function()
    it("gives the results in order, with items and indices", function()
      same({ "a1", "b2", "c3" }, xai.map({ "a", "b", "c" }, function(item, i)
        xai.sleep(i % 2 / 1000)
        return item .. i
      end))
      same({}, xai.map({}, print))
    end)

    it("has at most `limit` under way", function()
      for _, limit in ipairs { 1, 3, 100 } do
        local now, most, done = 0, 0, 0
        xai.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, function()
          now = now + 1
          most = math.max(most, now)
          xai.sleep(0)
          now, done = now - 1, done + 1
        end, limit)
        same({ math.min(limit, 8), 8 }, { most, done })
      end
    end)

    it("stops at an error", function()
      local begun = 0
      local ok, err = pcall(xai.map, { 1, 2, 3, 4, 5, 6 }, function(i)
        begun = begun + 1
        if i == 2 then error("mine", 0) end
        xai.sleep(0)
      end, 2)
      assert.is_false(ok)
      assert.equal("mine", err)
      turns(5)
      assert.equal(2, begun)
    end)

    it("refuses misuse", function()
      for _, bad in ipairs { { 1, print }, { {}, 1 }, { {}, print, 0 }, { {}, print, "x" }, { {}, print, 0 / 0 } } do
        local ok, err = pcall(xai.map, bad[1], bad[2], bad[3])
        assert.is_false(ok)
        assert.matches("^xai%.map: ", err)
      end
    end)
  end)

  describe("xai.sleep", function()
    it("wakes the earliest first, and those of one moment in order", function()
      local order, at = {}, core.now() + 0.02
      local function sleeper(i, moment)
        return function()
          xai.sleep(math.max(moment - core.now(), 0))
          order[#order + 1] = i
        end
      end
      local list = {}
      for i, offset in ipairs { 0.03, 0, 0.06, 0.01, 0.05, 0.02, 0.04 } do list[i] = sleeper(i, at + offset) end
      xai.all(list)
      same({ 2, 4, 6, 1, 7, 5, 3 }, order)
    end)

    it("tells the engine of its moment also where it blocks", function()
      local step, due = core.step, {}
      function core.step(seconds)
        due[#due + 1] = core.timeout()
        return step(seconds)
      end
      local ok, err = pcall(xai.sleep, 0.02)
      core.step = step
      assert(ok, err)
      for _, seconds in ipairs(due) do assert.is_true(seconds <= 0.021) end
      assert.is_true(#due > 0)
    end)

    it("of nothing lets all that are ready have a turn", function()
      local seen = false
      xai.spawn(function() seen = true end)
      xai.sleep(0)
      assert.is_true(seen)
    end)

    it("that is cancelled leaves no timer, wherever it stood", function()
      local sleepers = {}
      for i = 1, 50 do sleepers[i] = xai.spawn(xai.sleep, 1000 + (i * 7919) % 50) end
      turns()
      assert.is_true(xai.timeout() > 900)
      for i = 1, 50 do sleepers[(i * 31) % 50 + 1]:cancel() end
      turns()
      assert.is_nil(xai.timeout())
      for _, task in ipairs(sleepers) do assert.equal("cancelled", task:status()) end
    end)

    it("wakes in order also when many were cancelled", function()
      local order, sleepers, at = {}, {}, core.now() + 0.5 -- all must sleep before the first wakes
      for i = 1, 60 do
        sleepers[i] = xai.spawn(function()
          xai.sleep(at + (i * 37) % 60 / 1000 - core.now())
          order[#order + 1] = (i * 37) % 60
        end)
      end
      turns()
      for i = 1, 60, 2 do sleepers[i]:cancel() end
      for i = 2, 60, 2 do sleepers[i]:wait() end
      for i = 2, 30 do assert.is_true(order[i - 1] < order[i]) end
    end)

    it("for no time ends within the same frame", function()
      local slept = 0
      local task = xai.spawn(function()
        for _ = 1, 50 do
          xai.sleep(0)
          slept = slept + 1
        end
      end)
      xai.update(5000)
      same({ 50, "done" }, { slept, task:status() })
    end)

    it("refuses what is no time", function()
      for _, bad in ipairs { -1, "1", 0 / 0, {} } do
        local ok, err = pcall(xai.sleep, bad)
        assert.is_false(ok)
        assert.matches("^xai%.sleep: expected a number of seconds", err)
      end
    end)
  end)

  it("a process that was busy takes its own silence not for the server's", function()
    local stream = assert(stage:stream("chat", "slow-words,10", { idle_timeout = 0.5 }))
    assert(stream:next())
    local over = core.now() + 0.8
    repeat until core.now() > over
    local _, message = stream:result()
    assert.is_nil(message)
  end)

  describe("xai.update", function()
    --- Frames with this budget until `ready()`.
    local function frames(budget, ready)
      for i = 1, 5000 do
        if ready() then return i end
        xai.update(budget)
        if core.active() > 0 and not core.has_ready() then core.step(0.002) end -- the rest of the frame
      end
      error("nothing happened")
    end

    it("runs calls, tasks and callbacks, and never waits", function()
      local done, text = 0, {}
      local function finish() done = done + 1 end
      stage:start("chat", nil, { on_done = finish })
      xai.spawn(function()
        for piece in assert(stage:stream("chat", "split,40")):text() do text[#text + 1] = piece end
        finish()
      end)
      local hanging = stage:start("chat", "stall-before-head")
      frames(2, function() return done == 2 end)
      assert.equal(stages.TEXT, table.concat(text))
      assert.equal(1, xai.active())
      hanging:cancel()
    end)

    it("does a little of everything even when it has no time at all", function()
      local events, texts, turns_taken = 0, {}, 0
      local done = {}
      stage:start("chat", nil, {
        on_event = function() events = events + 1 end, on_done = function() done[#done + 1] = true end,
      }, { stream = true })
      for i = 1, 3 do
        texts[i] = {}
        xai.spawn(function()
          local stream = assert(stage:stream("chat"))
          local event = stream:next()
          while event do
            texts[i][#texts[i] + 1] = event.choices[1].delta.content
            event = stream:next()
          end
          done[#done + 1] = true
        end)
      end
      local ticker = xai.spawn(function()
        while true do
          turns_taken = turns_taken + 1
          coroutine.yield()
        end
      end)
      local count = frames(0, function() return #done == 4 end)
      assert.equal(13, events)
      for i = 1, 3 do assert.equal(stages.TEXT, table.concat(texts[i])) end
      assert.is_true(turns_taken > 5 and turns_taken <= count)
      ticker:cancel()
    end)

    it("gives a task that yields by itself one turn a frame", function()
      local count = 0
      local task = xai.spawn(function()
        while true do
          count = count + 1
          coroutine.yield()
        end
      end)
      for i = 1, 5 do
        xai.update(20)
        assert.equal(i, count)
      end
      assert.is_true(task:cancel())
      xai.update(2)
      same({ 5, "cancelled" }, { count, task:status() })
    end)

    if _VERSION == "Lua 5.4" then
      it("leaves the collector as the program has set it", function()
        local usual, seen = collectgarbage("setstepmul", 200), nil
        finally(function() collectgarbage("setstepmul", usual) end)
        xai.spawn(function()
          seen = collectgarbage("setstepmul", 200)
        end)
        xai.update(20)
        assert.equal(200, seen)
      end)
    end

    it("stops at its budget and goes on with the next one", function()
      local turn = {}
      local list = {}
      for i = 1, 3 do
        list[i] = xai.spawn(function()
          for _ = 1, 2 do
            local over = core.now() + 0.003
            repeat until core.now() > over -- a task that uses up the frame
            turn[#turn + 1] = i
            xai.sleep(0)
          end
        end)
      end
      for i = 1, 3 do
        xai.update(1)
        assert.equal(i, turn[i])
        assert.is_nil(turn[i + 1])
      end
      xai.all(list)
      same({ 1, 2, 3, 1, 2, 3 }, turn)
    end)

    it("does not starve tasks for callbacks", function()
      local ended = false
      local call
      call = stage:start("chat", "endless,3", { on_event = function()
        local over = core.now() + 0.003
        repeat until core.now() > over
      end }, { stream = true })
      local task = xai.spawn(function()
        for _ = 1, 3 do xai.sleep(0) end
        ended = true
      end)
      frames(1, function() return ended end)
      assert.equal("done", task:status())
      call:cancel()
    end)

    it("lets a callback and a task block, also when the time is used up", function()
      local seen = {}
      stage:start("chat", nil, { on_done = function()
        seen.callback = xai.run(function() return assert(stage:whole("chat")).object end)
      end })
      xai.spawn(function()
        local list = { 2, 1 }
        table.sort(list, function(a, b)
          seen.task = assert(stage:whole("chat")).object
          return a < b
        end)
      end)
      frames(0, function() return seen.callback and seen.task end)
      same({ callback = "chat.completion", task = "chat.completion" }, seen)
    end)

    it("refuses what is no time", function()
      for _, bad in ipairs { -1, "1", 0 / 0 } do
        local ok, err = pcall(xai.update, bad)
        assert.is_false(ok)
        assert.matches("^xai%.update: expected a number of milliseconds", err)
      end
      xai.update()
    end)
  end)
end)
