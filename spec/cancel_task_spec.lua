--- Cancelling tasks, calls whose name does not resolve, and calls by HTTP/2.

local programs = require("spec.support.programs")
local front = require("spec.support.front")
local recorder = require("spec.support.recorder")
local silent_names = require("spec.support.silent_names")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

local STREAM = { stream = true }
local step_until = recorder.step_until

local function open_connection()
  return stage:last_request() ~= nil and stage:last_request().open
end

describe("cancelling", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    step_until(function() return xai.active() == 0 and xai.timeout() == nil end)
    stage:leave()
  end)

  describe("a task", function()
    it("that wait for the same call ends it for all of them", function()
      local call = stage:start("chat", "stall-before-head")
      local outcomes = {}
      local tasks = {}
      for i = 1, 3 do
        tasks[i] = xai.spawn(function() outcomes[i] = select(3, call:wait()).kind end)
      end
      step_until(open_connection)
      tasks[2]:cancel()
      for i = 1, 3 do pcall(tasks[i].wait, tasks[i]) end
      same({ "cancelled", nil, "cancelled" }, { outcomes[1], outcomes[2], outcomes[3] })
      assert.is_true(stage:last_end().aborted)
    end)

    it("ends a stream that is read there, as the loop's error", function()
      local count, err, ok = 0, nil, nil
      local task = xai.spawn(function()
        ok, err = pcall(function()
          for _ in assert(stage:stream("chat", "stall-in-stream,3")) do count = count + 1 end
        end)
      end)
      xai.spawn(function()
        while count < 3 do xai.sleep(0) end
        task:cancel()
      end)
      task:wait()
      same({ false, "cancelled", "done" }, { ok, err.kind, task:status() })
      assert.is_true(stage:last_end().aborted)
    end)

    it("from the loop that the task itself runs raises nothing there", function()
      local uv = require("luv")
      local timer, ok, err, group = uv.new_timer(), nil, nil, nil
      local task
      task = xai.spawn(function()
        timer:start(0, 0, function()
          ok, err = pcall(task.cancel, task)
          group = xai.spawn(function() end).group
        end)
        while ok == nil do uv.run("once") end
        assert(stage:whole("chat"))
        return "too far"
      end)
      step_until(function() return task:status() == "cancelled" end)
      timer:close()
      uv.run("nowait")
      same({ true, true }, { ok, err })
      assert.is_nil(next(group.members) and group.members[task])
    end)

    it("reaches a task that has been woken already", function()
      local task = xai.spawn(function()
        assert(stage:whole("chat"))
        return "too far"
      end)
      step_until(function() return task:status() == "ready" and xai.active() == 0 end)
      task:cancel()
      assert.is_false(pcall(task.wait, task))
      assert.equal("cancelled", task:status())
    end)

    it("lets a task that was cancelled clean up, and even go on", function()
      local task = xai.spawn(function()
        pcall(xai.sleep, math.huge)
        return assert(stage:whole("chat")).object
      end)
      xai.spawn(function() task:cancel() end)
      same({ "chat.completion", "done" }, { task:wait(), task:status() })
    end)

    it("of itself ends the task there", function()
      local after = false
      local task
      task = xai.spawn(function()
        task:cancel()
        after = true
      end)
      local ok, err = pcall(task.wait, task)
      same({ false, "cancelled", false, "cancelled" }, { ok, err.kind, after, task:status() })
    end)

    it("that was asked for while the task ran ends the next call before it is sent", function()
      local task
      task = xai.spawn(function()
        coroutine.wrap(function() xai.spawn(function() task:cancel() end):wait() end)()
        return stage:whole("chat", nil, "stall-before-head")
      end)
      local ok, err = pcall(task.wait, task)
      same({ false, "cancelled" }, { ok, err.kind })
    end)

    for _, hook in ipairs { "on_request", "on_retry", "on_response", "debug" } do
      it("that waits in its " .. hook .. " hook ends it, and is no error of the hook", function()
        local reported, waiting, after = nil, false, false
        xai.on_error = function(err) reported = err end
        finally(function() xai.on_error = nil end)
        local function pause()
          waiting = true
          xai.sleep(math.huge)
        end
        local task = xai.spawn(function()
          stage.client:list_models { headers = { ["x-fault"] = "flaky,1" }, [hook] = pause, max_retries = 1 }
          xai.sleep(0)
          after = true
        end)
        -- A task, as on Lua 5.1 a hook that waits stops all but tasks.
        xai.spawn(function()
          while not waiting do xai.sleep(0.001) end
          task:cancel()
        end)
        local ok, err = pcall(task.wait, task)
        same({ false, "cancelled", "cancelled", false }, { ok, err.kind, task:status(), after })
        same({ nil, 0 }, { reported, xai.active() })
      end)
    end

    it("that waits in its api_key function ends it and the call", function()
      local asked, after, waiting, info = 0, false, false, nil
      local client = xai.new { base_url = stage.server.url, max_retries = 1, api_key = function()
        asked = asked + 1
        waiting = asked == 2
        if waiting then xai.sleep(math.huge) end
        return "xai-spec"
      end }
      local task = xai.spawn(function()
        local fault = { headers = { ["x-fault"] = "flaky,1" }, on_response = function(given) info = given end }
        client:list_models(fault)
        xai.sleep(0)
        after = true
      end)
      xai.spawn(function()
        while not waiting do xai.sleep(0.001) end
        task:cancel()
      end)
      local ok, err = pcall(task.wait, task)
      client:close()
      same({ false, "cancelled", false }, { ok, err.kind, after })
      same({ "cancelled", 2 }, { info and info.kind, asked })
    end)

    it("reaches the tasks of an xai.run within", function()
      local inner
      local task = xai.spawn(xai.run, function()
        inner = xai.spawn(xai.sleep, math.huge)
        stage:whole("chat", nil, "stall-before-head")
      end)
      step_until(open_connection)
      task:cancel()
      for _ = 1, 3 do xai.step(0) end
      same({ "cancelled", "cancelled" }, { task:status(), inner:status() })
      assert.is_true(stage:last_end().aborted)
    end)
  end)

  it("does not wait for a name that does not resolve", function()
    if not silent_names.is_here() then return pending("there is no C compiler") end
    local names = silent_names.open()
    local said = programs.code(([[
      local xai, dir = require "xai", %q
      local function there(name)
        local file = io.open(dir .. "/" .. name)
        if file then file:close() end
        return file ~= nil
      end
      local client = xai.new { api_key = "k", base_url = "https://slow.test", max_retries = 0 }
      local kind
      local call = client:start("list_models", { on_done = function(_, _, info) kind = info.kind end })
      repeat xai.step(0.01) until there "asked"
      local task = xai.spawn(function() client:list_models() end)
      xai.step(0)
      call:cancel()
      task:cancel()
      xai.step(0)
      print(kind, task:status(), xai.active(), there "answered")
      client:start("list_models")
      xai.step(0.01)
      client:close()
      client = nil
      collectgarbage()
      print(xai.active(), there "answered")
      io.open(dir .. "/release", "w"):close()
    ]]):format(names.dir), { LD_PRELOAD = names.preload })
    names.close()
    assert.equal("cancelled\tcancelled\t0\tfalse\n0\tfalse\n", said)
  end)
end)

local function over_http2()
  local door, house_client

  setup(function()
    stage = stages.open()
    door = front.start(stage.server.url)
  end)
  teardown(function()
    door.close()
    stage:close()
  end)
  before_each(function()
    stage:enter()
    house_client = xai.new { api_key = "xai-spec", base_url = door.url, ca_file = door.ca_file, max_retries = 0 }
  end)
  after_each(function()
    house_client:close()
    stage:leave()
  end)

  local function start(fault, opts, fields)
    opts.headers = { ["x-fault"] = fault }
    return house_client:start("chat", stages.body("chat", fields), opts)
  end

  it("ends the only stream at the server, before and after its head", function()
    for fault, wanted in pairs { ["endless,3"] = 4, ["stall-in-stream,3"] = 3, ["stall-before-head"] = 0 } do
      stage:whole("chat")
      local opts, log = recorder.new()
      local call = start(fault, opts, STREAM)
      step_until(function() return log.events >= wanted and open_connection() end)
      call:cancel()
      same({ 1, "cancelled" }, { log.done, log.info.kind })
      assert.is_true(stage:last_end().aborted)
    end
  end)

  it("ends one of many and leaves the others", function()
    local logs, calls = {}, {}
    for i = 1, 10 do
      local opts
      opts, logs[i] = recorder.new()
      calls[i] = start("split,50,2", opts, STREAM)
    end
    local opts, log = recorder.new()
    local call = start("endless,3", opts, STREAM)
    step_until(function() return log.events > 3 end)
    call:cancel()
    local task = xai.spawn(function() return house_client:chat(stages.body("chat")) end)
    for i = 1, 10 do
      assert.equal(stages.TEXT, calls[i]:wait().choices[1].message.content)
      same({ 13, 1 }, { logs[i].events, logs[i].done })
    end
    assert.equal(stages.TEXT, task:wait().choices[1].message.content)
    local function open_ones()
      return assert(stage.client:request { path = "/_/open" }).open
    end
    step_until(function() return open_ones() <= 1 end)
  end)

  it("ends all of them at once when the client is closed", function()
    local logs = {}
    for i = 1, 20 do
      local opts
      opts, logs[i] = recorder.new()
      start("endless,3", opts, STREAM)
    end
    step_until(function()
      for i = 1, 20 do
        if logs[i].events == 0 then return false end
      end
      return true
    end)
    house_client:close()
    for _ = 1, 3 do xai.step(0) end
    for i = 1, 20 do same({ 1, "closed" }, { logs[i].done, logs[i].info.kind }) end
    step_until(function()
      local open = 0
      for _, request in ipairs(assert(stage.client:request { path = "/_/requests" })) do
        if request.open and request.fault == "endless,3" then open = open + 1 end
      end
      return open == 0
    end)
  end)
end

describe("cancelling a call by HTTP/2", function()
  local missing = front.missing()
  if missing then return it("is not tried here", function() pending(missing) end) end
  over_http2()
end)
