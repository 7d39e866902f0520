--- However a program ends or forgets its calls, the server sees them end.

local programs = require("spec.support.programs")
local live = require("spec.support.live")
local recorder = require("spec.support.recorder")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local step_until = recorder.step_until
local stage

local closes = rawget(coroutine, "close") ~= nil -- Lua 5.4 and later

-- What the child programs begin with: many streams, some of them read a little.
local BEGINNING = [[
  local xai = require "xai"
  local client = xai.new { api_key = "xai-spec", base_url = %q, max_retries = 0 }
  local function body(fields)
    local all = { model = "grok-4.20-0309-non-reasoning", messages = { { role = "user", content = "What is Lua?" } } }
    for name, value in pairs(fields or {}) do all[name] = value end
    return all
  end
  local function opts(fault, more)
    local all = more or {}
    all.headers = { ["x-fault"] = fault }
    return all
  end
  local function open(fault) return assert(client:chat(body { stream = true }, opts(fault or "endless,3"))) end
  local streams, calls = {}, {}
  for i = 1, 40 do streams[i] = open(i %% 2 == 0 and "endless,3" or "stall-in-stream,3") end
  for i = 1, 60 do calls[i] = client:start("chat", body(), opts "stall-before-head") end
  for i = 1, 40 do
    calls[60 + i] = client:start("chat", body { stream = true }, opts("endless,3", { on_event = function() end }))
  end
  for i = 1, 40 do
    xai.spawn(function() for _ = 1, 3 do open "stall-in-stream,3":result() end end)
  end
  for _ = 1, 20 do xai.step(0.01) end
  for i = 1, 20 do assert(streams[i]:next()) end
  io.write(xai.active() >= 170 and "busy\n" or "not busy\n")
  io.flush()
]]

local function program(code)
  return programs.code(BEGINNING:format(stage.server.url) .. code)
end

local function open_ones()
  return assert(stage.client:request { path = "/_/open" }).open
end

describe("the server sees the end", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    step_until(function() return open_ones() == 0 end)
    xai.step(0)
    stages.rest()
    assert.is_nil(xai.timeout())
    stage:leave()
  end)

  describe("of hundreds of calls, when the program", function()
    for what, code in pairs {
      ["ends"] = "",
      ["ends, with everything in globals"] = "S, C, X = streams, calls, client",
      ["ends with os.exit"] = "os.exit(0)",
      ["ends with os.exit that closes the state"] = "os.exit(0, true)",
      ["ends with an error"] = "error('the end', 0)",
      ["ends within a task"] = "xai.run(function() xai.spawn(xai.sleep, 100) xai.sleep(0) os.exit(0, true) end)",
      ["ends within a callback"] = [[
        client:start("chat", body(), { on_done = function() os.exit(0, true) end })
        while true do xai.step(1) end
      ]],
      ["is killed"] = "os.execute('kill -9 $PPID')",
    } do
      it(what, function()
        local said = program(code)
        assert.matches("busy\n", said)
        step_until(function() return open_ones() == 0 end)
      end)
    end

    it("closes the engine while a stream that nobody reads is paused", function()
      same("busy\nclosed\n", program [[
        local core = require "xai.core"
        local stream = assert(client:chat(body { stream = true }, opts("endless,1", { max_buffer = 1000 })))
        local over = core.now() + 0.3
        while core.now() < over do core.step(0.01) end
        core.close()
        local event, _, info
        repeat event, _, info = stream:next() until not event
        print(info.kind)
      ]])
    end)

    it("closes its client, which leaves nothing behind", function()
      same("busy\n0\n0 calls of 100 are open\nnil\n0\n", program [[
        xai.on_error = function() end -- tasks fail, too
        client:close()
        print(xai.active())
        for _ = 1, 5 do xai.step(0) end
        local open = 0
        for _, call in ipairs(calls) do
          if not call:done() or select(3, call:result()).kind ~= "closed" then open = open + 1 end
        end
        print(open .. " calls of " .. #calls .. " are open")
        print((xai.timeout()))
        for _, stream in ipairs(streams) do
          local _, _, info
          repeat local event
            event, _, info = stream:next()
          until not event
          assert(info.kind == "closed", info.kind)
        end
        streams, calls, client = nil, nil, nil
        local jit = rawget(_G, "jit")
        if jit then jit.flush() end
        collectgarbage()
        collectgarbage()
        print(require "xai.core".live())
      ]])
    end)
  end)

  describe("of a stream that is", function()
    --- `f` is left with a stream of its own; the server must see its end after a collection at the latest.
    local function forgotten(f, at_once)
      return function()
        local before = live()
        if at_once then collectgarbage("stop") end
        finally(function() collectgarbage("restart") end)
        f(function() return stage:stream("chat", "endless,3") end)
        if not at_once then live() end
        xai.step(0)
        if at_once then step_until(function() return open_ones() == 0 end) end
        assert.equal(before, live())
        assert.is_true(stage:last_end().aborted)
      end
    end

    it("left by break", forgotten(function(open)
      for _ in open() do break end -- luacheck: ignore 512
    end, closes))

    it("left by an error", forgotten(function(open)
      assert.is_false(pcall(function()
        for _ in open() do error("enough") end -- luacheck: ignore 512
      end))
    end, closes))

    it("left by return, read as text", forgotten(function(open)
      return (function()
        local stream = open()
        for text in stream:text() do return text end -- luacheck: ignore 512
      end)()
    end, closes))

    it("closed", forgotten(function(open) open():close() end, true))

    it("dropped unread", forgotten(function(open) open() end))

    it("dropped in a coroutine that failed", forgotten(function(open)
      local co = coroutine.create(function()
        local stream = assert(open())
        assert(stream:next())
        error("mine")
      end)
      assert.is_false(coroutine.resume(co))
    end))

    it("dropped in a coroutine that is never resumed", forgotten(function(open)
      local co = coroutine.wrap(function()
        local stream = assert(open())
        coroutine.yield(stream:next())
        stream:close()
      end)
      assert.is_table(co())
    end))

    it("dropped by a task that failed", forgotten(function(open)
      local task = xai.spawn(function()
        local stream = assert(open())
        assert(stream:next())
        error("mine")
      end)
      assert.is_false(pcall(task.wait, task))
    end))

    it("left by the error that ends a task", forgotten(function(open)
      local task = xai.spawn(function()
        for _ in open() do error("enough") end -- luacheck: ignore 512
      end)
      assert.is_false(pcall(task.wait, task))
      assert.matches("enough\nstack traceback:", task:traceback())
    end, closes))

    it("read by a task that is cancelled", forgotten(function(open)
      local task = xai.spawn(function()
        local stream = assert(open())
        while stream:next() do xai.sleep(0) end
      end)
      for _ = 1, 10 do xai.step(0.01) end
      task:cancel()
      xai.step(0)
      assert.equal("cancelled", task:status())
    end))

    it("read by a task that yielded by itself and is cancelled", forgotten(function(open)
      local read = false
      local task = xai.spawn(function()
        local stream = assert(open())
        assert(stream:next())
        read = true
        while true do coroutine.yield() end
      end)
      step_until(function() return read end)
      task:cancel()
      assert.equal("cancelled", task:status())
    end))
  end)

  it("of calls of a client that was dropped, when they are dropped too", function()
    local before = live()
    local function drop()
      local client = xai.new { api_key = "xai-spec", base_url = stage.server.url, max_retries = 0 }
      local stream = assert(client:chat(stages.body("chat", { stream = true }), {
        headers = { ["x-fault"] = "endless,3" } }))
      client = nil -- luacheck: ignore 311
      live()
      assert(stream:next()) -- the stream does not need it
    end
    drop()
    assert.equal(before, live())
    xai.step(0)
    assert.is_true(stage:last_end().aborted)
  end)

  it("in any mixture", function()
    local dice = 12345
    local function roll(n)
      dice = (dice * 16807) % 2147483647
      return dice % n + 1
    end
    local FAULTS = { "slow-words,20;endless,3", "stall-in-stream,3", "stall-before-head",
      "split,20", "cut-stream,3", "status,503" }
    local held = {}
    xai.on_error = function() end
    local function start_one()
      local kind, fault = roll(4), FAULTS[roll(#FAULTS)]
      if kind == 1 then
        held[roll(20)] = stage:start("chat", fault, { on_event = function()
          if roll(10) == 1 then error("mine") end
        end }, { stream = roll(2) == 1 })
      elseif kind == 2 then
        held[roll(20)] = xai.spawn(function() return assert(stage:stream("chat", fault)):result() end)
      elseif kind == 3 then
        held[roll(20)] = xai.spawn(function() assert(stage:stream("chat", fault)):next() end)
      else
        held[roll(20)] = xai.spawn(xai.race, { function() xai.sleep(roll(5) / 1000) end, function()
          return stage:whole("chat", nil, fault)
        end })
      end
    end
    local all = {}
    for i = 1, 200 do
      start_one()
      local at = roll(20)
      if held[at] then
        all[#all + 1] = held[at]
        if roll(2) == 1 then held[at]:cancel() end
        held[at] = nil
      end
      if i % 7 == 0 then xai.step(0.001) end
      if i % 50 == 0 then collectgarbage() end
    end
    for _, one in pairs(held) do all[#all + 1] = one end
    stage.client:close()
    for _, one in ipairs(all) do one:cancel() end
    step_until(function() return xai.active() == 0 and xai.timeout() == nil end)
    xai.on_error = nil
    stage:enter()
  end)
end)
