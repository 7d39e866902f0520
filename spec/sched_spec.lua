--- The scheduler: xai.run, and tasks.

local scripted = require("spec.support.scripted")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

--- Let tasks go on that need nothing from outside.
local function turns(n)
  for _ = 1, n or 1 do xai.step(0) end
end

local function heard()
  local list = {}
  xai.on_error = function(err, traceback) list[#list + 1] = { err = err, traceback = traceback } end
  return list
end

local function fail_with(err)
  return function() error(err, 0) end
end

describe("the scheduler", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    xai.on_error = nil
    turns(3)
    stages.rest()
    assert.is_nil(xai.timeout())
    stage:leave()
  end)

  it("moves the rest of an event to a task that waits with half of it", function()
    local head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    local event = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Lua"}}]}\n\n'
    local first, second = head .. event .. event:sub(1, 30), event:sub(31) .. "data: [DONE]\n\n"
    local words = scripted.in_task({ scripted.slowly(first, second) }, nil, function(client)
      local list = {}
      local body = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "Hi" } } }
      local next_text = assert(client:chat(body)):text()
      local part = next_text() -- in a `for` it could not yield on Lua 5.1, and the server runs here, too
      while part do
        list[#list + 1] = part
        part = next_text()
      end
      return table.concat(list, " ")
    end)
    same({ "Lua Lua" }, words)
  end)

  describe("xai.run", function()
    it("passes arguments and returns all results", function()
      local n, results = 0, nil
      local function collect(...) n, results = select("#", ...), { ... } end
      collect(xai.run(function(...) return select("#", ...), nil, ..., nil end, 1, nil, 3, nil))
      same({ 4, 4, nil, 1 }, { n, results[1], results[2], results[3] })
      collect(xai.run(function() end))
      assert.equal(0, n)
    end)

    it("makes calls, streams and pauses that do not block other tasks", function()
      local most, pauses = 0, 0
      xai.run(function()
        local tasks = {}
        for i = 1, 3 do
          tasks[i] = xai.spawn(function()
            assert(stage:whole("chat", nil, "late-head,20"))
            assert(stage:stream("chat", "late-head,20")):result()
          end)
        end
        while tasks[3]:status() ~= "done" do
          most, pauses = math.max(most, xai.active()), pauses + 1
          xai.sleep(0.001)
        end
      end)
      assert.equal(3, most)
      assert.is_true(pauses > 5)
    end)

    it("ends only when all tasks that were spawned within have ended, also those that they spawned", function()
      local ended = {}
      local result = xai.run(function()
        xai.spawn(function()
          xai.sleep(0)
          xai.spawn(function()
            assert(stage:whole("chat"))
            ended[#ended + 1] = "grandchild"
          end)
          ended[#ended + 1] = "child"
        end)
        ended[#ended + 1] = "parent"
        return "result"
      end)
      same({ "result", "parent", "child", "grandchild" }, { result, ended[1], ended[2], ended[3] })
    end)

    it("waits for tasks that were spawned in a coroutine of the task's own", function()
      local ended = false
      xai.run(function()
        coroutine.wrap(function()
          xai.spawn(function()
            xai.sleep(0)
            ended = true
          end)
        end)()
      end)
      assert.is_true(ended)
    end)

    it("raises the error of its function as it is", function()
      local ok, err = pcall(xai.run, function() error("mine") end)
      assert.is_false(ok)
      assert.matches("sched_spec%.lua:%d+: mine$", err)
      local object = { kind = "mine" }
      ok, err = pcall(xai.run, fail_with(object))
      assert.is_false(ok)
      assert.equal(object, err)
      ok, err = pcall(xai.run, fail_with(nil))
      same({ pcall(error, nil) }, { ok, err }) -- on 5.5 these are words
    end)

    it("still waits for the others when its function fails", function()
      local ended = false
      assert.is_false(pcall(xai.run, function()
        xai.spawn(function()
          xai.sleep(0)
          ended = true
        end)
        error("mine")
      end))
      assert.is_true(ended)
    end)

    it("runs in a task, beside the other tasks", function()
      local order = {}
      local function note(word)
        return function()
          for i = 1, 2 do
            order[#order + 1] = word .. i
            xai.sleep(0)
          end
        end
      end
      xai.run(function()
        xai.spawn(note "outer")
        same("inner", xai.run(function()
          xai.spawn(note "inner")
          return "inner"
        end))
        order[#order + 1] = "after"
      end)
      same({ "outer1", "inner1", "outer2", "inner2" }, { order[1], order[2], order[3], order[4] })
      assert.equal("after", order[5])
    end)

    it("runs in a task as deep as one likes, and in many tasks at once", function()
      local function deep(n)
        return n == 0 and "bottom" or xai.run(deep, n - 1)
      end
      assert.equal("bottom", deep(60))
      local count = 0
      xai.run(function()
        for _ = 1, 50 do
          xai.spawn(xai.run, function()
            xai.sleep(0)
            count = count + 1
          end)
        end
      end)
      assert.equal(50, count)
    end)

    it("runs in any coroutine, and in callbacks", function()
      assert.equal(7, coroutine.wrap(function() return xai.run(function() return 7 end) end)())
      local seen
      local call = stage:start("chat", nil, { on_done = function()
        seen = xai.run(function() return assert(stage:whole("chat")).object end)
      end })
      call:wait()
      assert.equal("chat.completion", seen)
    end)

    it("says so when its tasks wait for each other", function()
      local ok, err = pcall(xai.run, function()
        local a, b
        a = xai.spawn(function() b:wait() end)
        b = xai.spawn(function() a:wait() end)
        a:wait()
      end)
      assert.is_false(ok)
      assert.matches("cannot end", err)
    end)

    it("refuses what is no function", function()
      for _, name in ipairs { "run", "spawn" } do
        for _, bad in ipairs { 1, "f", {} } do
          local ok, err = pcall(xai[name], bad)
          assert.is_false(ok)
          assert.matches("^xai%." .. name .. ": expected a function, got " .. type(bad), err)
        end
        assert.is_false(pcall(xai[name]))
      end
    end)
  end)

  describe("a task", function()
    it("begins when its turn comes, in order", function()
      local order = {}
      for i = 1, 3 do xai.spawn(function() order[#order + 1] = i end) end
      same({}, order)
      assert.equal(0, xai.timeout()) -- who watches us is told
      turns()
      same({ 1, 2, 3 }, order)
      assert.equal("nil", tostring(xai.timeout())) -- a value, not nothing
    end)

    it("tells its status", function()
      local inside
      local task
      task = xai.spawn(function()
        inside = task:status()
        xai.sleep(0)
        coroutine.yield()
      end)
      local seen = { task:status() }
      for i = 2, 4 do
        turns()
        seen[i] = task:status()
      end
      same({ "ready", "waiting", "ready", "done" }, seen)
      assert.equal("running", inside)
      assert.equal("xai.task (done)", tostring(task))
      local failing = xai.spawn(fail_with("x"))
      assert.is_false(pcall(failing.wait, failing))
      assert.equal("failed", failing:status())
      assert.matches("^x\nstack traceback:", failing:traceback())
    end)

    it("is waited for from the main program, by several, and again", function()
      local task = xai.spawn(function()
        xai.sleep(0)
        return 1, nil, 3
      end)
      same({ 1, nil, 3 }, { task:wait() })
      same({ 1, nil, 3 }, { task:wait() })
      local results = xai.run(function()
        local slow = xai.spawn(function() return assert(stage:whole("chat")).object end)
        return xai.map({ 1, 2, 3 }, function(i) return i .. slow:wait() end)
      end)
      same({ "1chat.completion", "2chat.completion", "3chat.completion" }, results)
    end)

    it("wakes those who wait in the order in which they came", function()
      local order = {}
      xai.run(function()
        local slow = xai.spawn(function() xai.sleep(0) end)
        for i = 1, 4 do
          xai.spawn(function()
            slow:wait()
            order[#order + 1] = i
          end)
        end
      end)
      same({ 1, 2, 3, 4 }, order)
    end)

    it("gives its error to all who wait, and cancels nothing else", function()
      local errors, others = {}, 0
      local list = heard()
      xai.run(function()
        local bad = xai.spawn(function()
          xai.sleep(0)
          error("mine")
        end)
        for i = 1, 2 do
          xai.spawn(function() errors[i] = { pcall(bad.wait, bad) } end)
          xai.spawn(function()
            assert(stage:whole("chat"))
            others = others + 1
          end)
        end
      end)
      assert.equal(2, others)
      assert.equal(0, #list)
      for i = 1, 2 do
        if not errors[i][1] then assert.matches(": mine$", errors[i][2]) end
      end
    end)

    it("cannot wait for itself", function()
      for _, wait in ipairs {
        function(task) return task:wait() end,
        function(task) return xai.all { task } end,
        function(task) return xai.race { task } end,
      } do
        local task
        task = xai.spawn(function() return wait(task) end)
        local ok, err = pcall(task.wait, task)
        assert.is_false(ok)
        assert.matches("cannot wait for itself", err)
      end
    end)

    it("that yields by itself goes on in the next step, after the others", function()
      local order = {}
      local function yielder(name)
        return function()
          for i = 1, 3 do
            order[#order + 1] = name .. i
            coroutine.yield(i)
          end
        end
      end
      xai.run(xai.all, { yielder "a", yielder "b" })
      same({ "a1", "b1", "a2", "b2", "a3", "b3" }, order)
    end)

    it("may be a C function", function()
      assert.equal(3, xai.spawn(select, "#", 1, 2, 3):wait())
    end)

    it("that is over is collected, with its results", function()
      local weak = setmetatable({}, { __mode = "v" })
      xai.run(function()
        for i = 1, 20 do
          local result = {}
          weak[i] = result
          weak[20 + i] = xai.spawn(function()
            xai.sleep(0)
            return result
          end)
        end
        for i = 1, 5 do weak[20 + i]:cancel() end
      end)
      stages.collect()
      assert.is_nil(next(weak))
    end)
  end)

  describe("an error that nobody waits for", function()
    it("goes to xai.on_error, once, as it is and with its traceback", function()
      local list = heard()
      local mine = {}
      xai.run(function()
        xai.spawn(fail_with(mine))
        xai.spawn(function() error("text") end)
      end)
      assert.equal(2, #list)
      assert.equal(mine, list[1].err)
      assert.matches("sched_spec%.lua:%d+: text$", list[2].err)
      assert.matches("text\nstack traceback:\n.*sched_spec", list[2].traceback)
    end)

    it("is told at the turn in which the task that spawned it ends, among many, too", function()
      local list = heard()
      local go_on, failing = false, {} -- tasks that were dropped would be told of before
      local spawner = xai.spawn(function()
        for i = 1, 100 do failing[i] = xai.spawn(fail_with(i)) end
        while not go_on do coroutine.yield() end
      end)
      for _ = 1, 20 do xai.step(0) end
      assert.equal(0, #list)
      go_on = true
      xai.step(0)
      same({ 100, 100, "done" }, { #failing, #list, spawner:status() })
    end)

    it("is told while others still run, once the task that spawned it has ended", function()
      local list = heard()
      local at_end
      xai.run(function()
        xai.spawn(function() xai.spawn(fail_with("mine")) end)
        for _ = 1, 5 do xai.sleep(0) end
        at_end = #list
      end)
      same({ 1, 1 }, { at_end, #list })
    end)

    it("is not told when somebody waits later", function()
      local list = heard()
      xai.run(function()
        local bad = xai.spawn(fail_with("mine"))
        for _ = 1, 3 do xai.sleep(0) end
        assert.is_false(pcall(bad.wait, bad))
      end)
      assert.equal(0, #list)
    end)

    it("is told of tasks outside of xai.run as soon as they fail", function()
      local list = heard()
      xai.spawn(fail_with("mine"))
      turns()
      assert.equal("mine", list[1].err)
    end)

    it("is told although who waited was cancelled", function()
      local list = heard()
      xai.run(function()
        local bad = xai.spawn(function()
          for _ = 1, 3 do xai.sleep(0) end
          error("mine", 0)
        end)
        local waiter = xai.spawn(function() bad:wait() end)
        xai.sleep(0)
        waiter:cancel()
      end)
      same({ 1, "mine" }, { #list, list[1].err })
    end)

    it("does no harm when xai.on_error raises, or the error has no text", function()
      local stderr, written = io.stderr, {}
      io.stderr = { write = function(_, ...) written[#written + 1] = table.concat { ... } end } -- luacheck: ignore 122
      xai.on_error = function() error("the reporter") end
      local silent = setmetatable({}, { __tostring = function() error("no") end })
      local ok, result = pcall(xai.run, function()
        xai.spawn(fail_with("the task"))
        xai.spawn(fail_with(silent))
        return 1
      end)
      io.stderr = stderr -- luacheck: ignore 122
      same({ true, 1 }, { ok, result })
      assert.matches("error in a task: the task", table.concat(written), 1, true)
      assert.matches("an error that has no text", table.concat(written), 1, true)
    end)
  end)
end)
