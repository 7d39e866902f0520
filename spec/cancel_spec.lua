--- A call can be cancelled at every stage, at once, and is told of once; the server sees the end.

local recorder = require("spec.support.recorder")
local stages = require("spec.support.stage")
local uv = require("luv")
local xai = require("xai")

local same = assert.same
local stage, deaf

local STREAM = { stream = true }
local step_until = recorder.step_until

--- A server that connects (or not, when its queue is full) and does nothing more.
local function open_deaf(full)
  local listener, fillers = uv.new_tcp(), {}
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(full and 1 or 64, function() end))
  local port = listener:getsockname().port
  for i = 1, full and 4 or 0 do
    fillers[i] = uv.new_tcp()
    fillers[i]:connect("127.0.0.1", port, function() end)
  end
  return {
    port = port,
    close = function()
      fillers[#fillers + 1] = listener
      for _, handle in ipairs(fillers) do handle:close() end
      uv.run("nowait")
    end,
  }
end

local function some_steps()
  for _ = 1, 5 do xai.step(0.01) end
end

local BIG = ("x"):rep(8 * 1024 * 1024)

local function open_connection()
  return stage:last_request() ~= nil and stage:last_request().open
end

--- Where a call can be: its options, what it calls, and how long to go on before it is there.
-- `seen`: the server is to see the end of the request.
local STAGES = {
  { "that has not begun", fault = "stall-before-head", reach = function() end },
  { "that connects", url = function() return "http://127.0.0.1:" .. deaf.full.port end, reach = some_steps },
  { "whose peer is silent in the TLS handshake",
    url = function() return "https://127.0.0.1:" .. deaf.open.port end, reach = some_steps },
  { "that sends a large body to a peer that does not read", content = BIG,
    url = function() return "http://127.0.0.1:" .. deaf.open.port end, reach = some_steps },
  { "that waits for its answer", fault = "stall-before-head", seen = true,
    reach = function() step_until(open_connection) end },
  { "whose head has come in part", fault = "drip,5", seen = true, reach = function() step_until(open_connection) end },
  { "in the middle of its stream", fault = "endless,3", seen = true, stream = true,
    reach = function(log) step_until(function() return log.events > 5 end) end },
  { "whose stream is silent", fault = "stall-in-stream,3", seen = true, stream = true,
    reach = function(log) step_until(function() return log.events == 3 end) end },
  { "between two attempts", fault = "status,503,30", retries = 3,
    reach = function(log) step_until(function() return log.retries == 1 end) end },
}

describe("cancelling a call", function()
  setup(function()
    stage = stages.open()
    deaf = { open = open_deaf(), full = open_deaf(true) }
  end)
  teardown(function()
    deaf.open.close()
    deaf.full.close()
    stage:close()
  end)
  before_each(function() stage:enter() end)
  after_each(function()
    xai.on_error = nil
    step_until(function() return xai.active() == 0 and xai.timeout() == nil end)
    stage:leave()
  end)

  --- A client and the arguments of a call that will come to this stage.
  local function prepare(where, fields)
    local client = stage.client
    if where.url then client = xai.new { api_key = "xai-spec", base_url = where.url(), max_retries = 0 } end
    local body = stages.body("chat", fields)
    if where.content then body.messages = { { role = "user", content = where.content } } end
    local opts, log = recorder.new { headers = { ["x-fault"] = where.fault }, max_retries = where.retries or 0 }
    if not fields.stream then opts.on_event = nil end
    return client, body, opts, log
  end

  local function each(run)
    for _, where in ipairs(STAGES) do
      for _, fields in ipairs { not where.stream and {} or STREAM, STREAM } do
        it(where[1] .. (fields.stream and ", streamed" or ""), function()
          if where.seen then stage:whole("chat") end -- the last request is another one
          run(where, fields)
          if where.seen then assert.is_true(stage:last_end().aborted) end
        end)
        if where.stream then break end
      end
    end
  end

  describe("by call:cancel", function()
    each(function(where, fields)
      local client, body, opts, log = prepare(where, fields)
      local call = client:start("chat", body, opts)
      where.reach(log)
      assert.is_false(call:done())
      local events = log.events
      call:cancel()
      same({ true, 1, "cancelled" }, { call:done(), log.done, log.info.kind })
      call:cancel()
      for _ = 1, 3 do xai.step(0) end
      same({ 1, events, nil }, { log.done, log.events, log.late })
      same({ nil, log.message, log.info }, { call:wait() })
      if client ~= stage.client then client:close() end
    end)
  end)

  it("is seen by the server while a program that was started meanwhile goes on", function()
    local where = STAGES[7]
    local client, body, opts, log = prepare(where, STREAM)
    local call = client:start("chat", body, opts)
    where.reach(log)
    local program = io.popen("cat", "w")
    call:cancel()
    local ended = stage:last_end()
    program:close()
    assert.is_true(ended.aborted)
  end)

  describe("by client:close", function()
    each(function(where, fields)
      local client, body, opts, log = prepare(where, fields)
      client:start("chat", body, opts)
      where.reach(log)
      if client == stage.client then stage:enter() end
      client:close()
      for _ = 1, 3 do xai.step(0) end
      same({ 1, "closed", nil }, { log.done, log.info.kind, log.late })
    end)
  end)

  describe("by task:cancel", function()
    each(function(where, fields)
      local client, body, opts, log = prepare(where, fields)
      local went_on = false
      opts.on_done = nil
      local task = xai.spawn(function()
        client:chat(body, opts)
        went_on = true
      end)
      where.reach(log)
      assert.is_true(task:cancel())
      for _ = 1, 3 do xai.step(0) end
      assert.equal("cancelled", task:status())
      assert.is_false(went_on)
      local ok, err = pcall(task.wait, task)
      same({ false, "cancelled" }, { ok, err.kind })
      assert.is_false(task:cancel())
      assert.equal(0, xai.active())
      if client ~= stage.client then client:close() end
    end)
  end)

  describe("from its own callback", function()
    it("on_retry", function()
      local opts, log = recorder.new()
      local call
      local on_retry = opts.on_retry
      opts.on_retry = function()
        on_retry()
        call:cancel()
      end
      opts.max_retries = 5
      call = stage:start("chat", "status,503", opts)
      step_until(function() return log.done > 0 end)
      some_steps()
      same({ 1, 1, "cancelled" }, { log.retries, log.done, log.info.kind })
    end)

    it("on_event, which raises as well", function()
      local heard = {}
      xai.on_error = function(err) heard[#heard + 1] = err end
      local opts, log = recorder.new()
      local call
      opts.on_event = function()
        log.events = log.events + 1
        call:cancel()
        error("mine", 0)
      end
      call = stage:start("chat", "endless,3", opts, STREAM)
      step_until(function() return log.done > 0 end)
      some_steps()
      same({ 1, 1, "cancelled", { "mine" } }, { log.events, log.done, log.info.kind, heard })
      assert.is_true(stage:last_end().aborted)
    end)

    it("on_event, of another call and of its client", function()
      local opts, log = recorder.new()
      local other_opts, other = recorder.new()
      stage:start("chat", "stall-in-stream,3", other_opts, STREAM)
      local count = 0
      opts.on_event = function()
        count = count + 1
        if count == 2 then stage.client:close() end
      end
      stage:start("chat", "endless,3", opts, STREAM)
      step_until(function() return log.done + other.done == 2 end)
      same({ "closed", "closed" }, { log.info.kind, other.info.kind })
      stage:enter()
    end)

    it("cannot be waited for there, and says so", function()
      local opts, log = recorder.new()
      local call, said
      opts.on_event = function()
        said = said or { pcall(call.wait, call) }
      end
      call = stage:start("chat", nil, opts, STREAM)
      step_until(function() return log.done > 0 end)
      assert.is_false(said[1])
      assert.matches("its own callback", said[2])
      assert.equal(stages.TEXT, log.result.choices[1].message.content)
    end)
  end)
end)
