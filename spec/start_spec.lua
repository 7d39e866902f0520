--- client:start(): calls that nobody waits for.

local live = require("spec.support.live")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

--- Options that write down what the callbacks are told, in order.
local function recorder()
  local log = {}
  return {
    on_event = function(event) log[#log + 1] = event end,
    on_done = function(result, message, info)
      log.done = (log.done or 0) + 1
      log.result, log.message, log.info, log.events = result, message, info, #log
    end,
  }, log
end

--- Step until `ready()`; at most so often that a failure ends.
local function step_until(ready)
  for _ = 1, 2000 do
    if ready() then return end
    xai.step(0.01)
  end
  error("nothing happened")
end

local function run(call)
  step_until(function() return call:done() end)
end

local STREAM = { stream = true }

describe("a started call", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    xai.on_error = nil
    stage:leave()
  end)

  describe("returns at once, and", function()
    it("has no result until it is done", function()
      local call = stage:start("chat")
      local none, why, facts = call:result()
      same({ false, nil, "pending", "pending" }, { call:done(), none, why, facts.kind })
      run(call)
      local result, message, info = call:result()
      assert.equal(stages.TEXT, result.choices[1].message.content)
      same({ nil, 200 }, { message, info.status })
      assert.equal(result, (call:result()))
    end)

    it("can be waited for, also when it is done", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        for _, fields in ipairs { {}, STREAM } do
          local call = stage:start(name, nil, nil, fields)
          local result, message, info = call:wait()
          assert(result, message)
          same({ true, 200 }, { call:done(), info.status })
          assert.equal(result, (call:wait()))
        end
      end
    end)

    it("fails as the call that waits does", function()
      for _, fields in ipairs { {}, STREAM } do
        local call = stage:start("chat", "status,429", nil, fields)
        local result, message, info = call:wait()
        same({ nil, "rate_limit", message }, { result, info.kind, tostring(info) })
        same({ nil, message, info }, { call:result() })
      end
    end)

    it("takes options second where a function has no argument", function()
      local opts, log = recorder()
      opts.on_event = nil
      local call = stage.client:start("list_models", opts)
      assert(call:wait().data[1].id)
      same(1, log.done)
      assert(stage.client:start("get_api_key"):wait())
      assert.equal("grok-3", stage.client:start("get_model", "grok-3"):wait().id)
      assert(stage.client:start("request", { method = "GET", path = "/v1/models" }):wait())
    end)

    it("takes options third, too, where nothing is the argument", function()
      for _, name in ipairs { "list_models", "get_api_key" } do
        local told = 0
        run(stage.client:start(name, nil, { on_done = function() told = told + 1 end }))
        assert.equal(1, told)
      end
      assert(stage.client:list_models(nil, { timeout = 10 }))
      local told = 0
      run(stage.client:warm(nil, { on_done = function() told = told + 1 end }))
      assert.equal(1, told)
    end)

    it("refuses an argument where there is none, and options of two places", function()
      for _, ask in ipairs {
        function(client) client:start("list_models", {}, {}) end,
        function(client) client:start("list_models", nil, { timeout = "x" }) end,
        function(client) client:list_models({}, {}) end,
        function(client) client:list_models(nil, { timeout = "x" }) end,
        function(client) client:warm("now", {}) end,
      } do
        local ok, err = pcall(ask, stage.client)
        assert.is_false(ok)
        assert.matches("client:", err, 1, true)
        assert.matches("start_spec.lua:", err, 1, true)
      end
      assert.equal(0, xai.active())
    end)

    it("raises for what is no function, and for misuse", function()
      for name, words in pairs {
        chatt = "unknown function", close = "unknown function", start = "unknown function",
        [7] = "the name of a function",
      } do
        local ok, err = pcall(stage.client.start, stage.client, name, {})
        assert.is_false(ok)
        assert.matches(words, err)
      end
      assert.is_false(pcall(stage.client.start, stage.client, "chat"))
      assert.is_false(pcall(stage.client.start, stage.client, "chat", {}, { no_such_option = 1 }))
      assert.equal(0, xai.active())
    end)
  end)

  describe("tells its callbacks", function()
    it("each event in order, then once the result that `result` has", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        local opts, log = recorder()
        local call = stage:start(name, "split,50", opts, STREAM)
        run(call)
        for _ = 1, 3 do xai.step(0) end
        assert.equal(#stages.events(assert(stage:stream(name))), #log)
        same({ 1, #log, nil, 200 }, { log.done, log.events, log.message, log.info.status })
        assert.equal(log.result, (call:result()))
      end
    end)

    it("of failures, with what there was", function()
      for fault, kind in pairs {
        ["cut-stream,3"] = "truncated", ["reset-in-stream,3"] = "truncated", ["truncated-chunked,3"] = "truncated",
      } do
        local opts, log = recorder()
        run(stage:start("chat", fault, opts, STREAM))
        same({ 3, 1, nil, kind }, { log.events, log.done, log.result, log.info.kind }, fault)
        assert.equal("Lua is a", log.info.partial.choices[1].message.content)
      end
      local opts, log = recorder()
      run(stage:start("chat", "error-midway", opts, STREAM))
      same({ 7, 1, "server" }, { log.events, log.done, log.info.kind })
    end)

    it("the one whole event of a service that ignores `stream`", function()
      local opts, log = recorder()
      run(stage:start("chat", "ignore-stream", opts, STREAM))
      same({ 1, 1 }, { #log, log.done })
      assert.equal(stages.TEXT, log.result.choices[1].message.content)
    end)

    it("of an answer that exceeds max_body, with what there was", function()
      for _, fault in ipairs { "split,50", "endless,1" } do
        local opts, log = recorder()
        opts.max_body = 400
        run(stage:start("chat", fault, opts, STREAM))
        same({ 1, nil, "limit" }, { log.done, log.result, log.info.kind })
        local text = {}
        for _, event in ipairs(log) do text[#text + 1] = event.choices[1].delta.content end
        assert.equal(table.concat(text), log.info.partial.choices[1].message.content)
        assert.equal("limit", select(3, stage:start("chat", fault, { max_body = 400 }, STREAM):wait()).kind)
      end
    end)

    it("raw events, and true at the end", function()
      local opts, log = recorder()
      opts.raw = true
      run(stage:start("chat", nil, opts, STREAM))
      same({ 14, 1, true }, { #log, log.done, log.result })
      assert.equal("[DONE]", log[14].data)
    end)

    it("from within which it can be asked and waited for", function()
      local seen = {}
      local call
      call = stage:start("chat", nil, { on_done = function(result)
        seen.done, seen.result, seen.again = call:done(), call:result() == result, call:wait() == result
      end })
      run(call)
      same({ done = true, result = true, again = true }, seen)
    end)

    it("which may make other calls, blocking and not", function()
      local others = {}
      local call = stage:start("chat", nil, {
        on_event = function() others[#others + 1] = assert(stage.client:get_model("grok-3")).id end,
        on_done = function() others.last = stage.client:start("get_model", "grok-3") end,
      }, STREAM)
      run(call)
      assert.equal(13, #others)
      assert.equal("grok-3", others.last:wait().id)
    end)
  end)

  describe("that is cancelled", function()
    it("at once, in the middle or twice is over, with kind cancelled, told once", function()
      for _, steps in ipairs { 0, 3 } do
        for _, fields in ipairs { {}, STREAM } do
          for _, fault in ipairs { "stall-before-head", "late-head,5000", "stall-in-stream,3" } do
            local opts, log = recorder()
            local call = stage:start("chat", fault, opts, fields)
            for _ = 1, steps do xai.step(0.02) end
            call:cancel()
            call:cancel()
            local before = #log
            for _ = 1, 3 do xai.step(0) end
            same({ true, 1, before, "cancelled" }, { call:done(), log.done, #log, log.info.kind })
            same({ nil, "cancelled" }, { (call:result()), select(3, call:wait()).kind })
          end
        end
      end
      assert.equal(0, xai.active())
    end)

    it("by the callback of another, and so on, is told once all the same", function()
      local calls, told = {}, 0
      for i = 1, 300 do
        calls[i] = stage:start("chat", "stall-before-head", { on_done = function(_, _, info)
          told = told + (info.kind == "cancelled" and 1 or 0)
          if calls[i + 1] then calls[i + 1]:cancel() end
        end })
      end
      calls[1]:cancel()
      step_until(function() return told == 300 end)
      for _ = 1, 3 do xai.step(0) end
      same({ 300, 0 }, { told, xai.active() })
    end)

    it("is ended at the server", function()
      local opts, log = recorder()
      local call = stage:start("chat", "endless,3", opts, STREAM)
      step_until(function() return #log > 3 end)
      call:cancel()
      assert.is_true(stage:last_end().aborted)
    end)

    it("from its own on_event gives no event more, and tells on_done after it", function()
      local order = {}
      local call
      call = stage:start("chat", nil, {
        on_event = function()
          call:cancel()
          order[#order + 1] = call:done() and "event" or "event, not done"
        end,
        on_done = function(_, _, info) order[#order + 1] = info.kind end,
      }, STREAM)
      run(call)
      for _ = 1, 3 do xai.step(0) end
      same({ "event", "cancelled" }, order)
      assert.equal("Lua", select(3, call:result()).partial.choices[1].message.content)
    end)

    it("after its end, or from its own on_done, stays as it ended", function()
      local call
      local done = 0
      call = stage:start("chat", nil, { on_done = function()
        done = done + 1
        call:cancel()
      end })
      run(call)
      call:cancel()
      assert.equal(stages.TEXT, call:result().choices[1].message.content)
      assert.equal(1, done)
    end)
  end)

  describe("whose callback raises", function()
    it("goes on, and xai.on_error hears of each error", function()
      local heard = {}
      xai.on_error = function(err, traceback)
        heard[#heard + 1] = err
        assert.is_string(traceback)
      end
      local opts, log = recorder()
      local mine = {}
      local function raise() error(mine) end
      local bad = stage:start("chat", nil, { on_event = raise, on_done = raise }, STREAM)
      local good = stage:start("chat", "split,20", opts, STREAM)
      run(bad)
      run(good)
      same({ 13, 1 }, { #log, log.done })
      assert.equal(14, #heard)
      for _, err in ipairs(heard) do assert.equal(mine, err) end
      assert.equal(stages.TEXT, bad:result().choices[1].message.content)
    end)

    it("as Ctrl-C makes it raise, ends whoever waits", function()
      local call = stage:start("chat", "endless,5", { on_event = function() error("interrupted!") end }, STREAM)
      local ok, err = pcall(call.wait, call)
      assert.is_false(ok)
      same({ "cancelled", "interrupted" }, { err.kind, err.message })
      call:cancel()
      xai.step(0)
    end)

    it("is not stopped by an on_error that raises, too", function()
      local stderr, written = io.stderr, {}
      xai.on_error = function() error("the reporter") end
      io.stderr = { write = function(_, ...) written[#written + 1] = table.concat { ... } end } -- luacheck: ignore 122
      local call = stage:start("chat", nil, { on_done = function() error("the callback") end })
      local ok, err = pcall(run, call)
      io.stderr = stderr -- luacheck: ignore 122
      assert(ok, err)
      assert.is_truthy(call:result())
      assert.matches("the callback", table.concat(written), 1, true)
      assert.matches("the reporter", table.concat(written), 1, true)
    end)
  end)

  it("runs beside many others, and all are told", function()
    local logs, calls = {}, {}
    for i = 1, 40 do
      local opts
      opts, logs[i] = recorder()
      calls[i] = stage:start("chat", i % 2 == 0 and "split," .. 20 + i or nil, opts, i % 3 == 0 and {} or STREAM)
    end
    assert.equal(40, xai.active())
    for i = 40, 1, -1 do calls[i]:wait() end
    for i = 1, 40 do
      same({ 1, i % 3 == 0 and 0 or 13 }, { logs[i].done, #logs[i] })
      assert.equal(stages.TEXT, logs[i].result.choices[1].message.content)
    end
  end)

  it("goes on when it is dropped, tells its callbacks, and is collected then", function()
    local opts, log = recorder()
    local before = live()
    stage:start("chat", "split,30", opts, STREAM)
    live()
    step_until(function() return log.done end)
    same({ 1, 13 }, { log.done, #log })
    assert.equal(before, live())
  end)

  it("of a client that is closed ends with kind closed", function()
    for _, fields in ipairs { {}, STREAM } do
      local client = xai.new { api_key = "xai-spec", base_url = stage.server.url }
      local opts, log = recorder()
      opts.headers = { ["x-fault"] = "stall-before-head" }
      if not fields.stream then opts.on_event = nil end
      local call = client:start("chat", stages.body("chat", fields), opts)
      client:close()
      run(call)
      same({ 1, "closed" }, { log.done, log.info.kind })
    end
  end)

  it("that was cancelled keeps no later wait busy", function()
    local core = require "xai.core"
    local step, steps = core.step, 0
    core.step = function(...) -- luacheck: ignore
      steps = steps + 1
      return step(...)
    end
    finally(function() core.step = step end) -- luacheck: ignore
    stage:start("chat", "stall-before-head"):cancel()
    assert(stage:whole("chat", nil, "late-head,200"))
    assert.is_true(steps < 50, steps)
  end)

  it("can be one that connects ahead: the next call has a connection", function()
    local house = stages.open()
    finally(function()
      house:settle()
      house:close()
    end)
    local client, told = house:new_client(), nil
    local result, message, info = client:warm({ on_done = function(...) told = { ... } end }):wait()
    assert.same({ true, nil, nil }, { result, message, info.kind })
    assert.is_true(told[1])
    assert(client:list_models())
    local seen = house:received()
    assert.same({ "HEAD", seen[1].connection }, { seen[1].method, seen[#seen].connection })
    client:close()
    local nobody = xai.new { api_key = "xai-spec", base_url = "http://127.0.0.1:1", max_retries = 0 }
    assert.equal("connection", select(3, nobody:warm():wait()).kind)
    nobody:close()
    assert.has_error(function() nobody:warm() end)
  end)
end)
