-- Budgets: what calls may cost, and what they have cost.  Totals against the server's own ledger are in
-- ledger_spec.lua.

local clock = require "spec.support.clock"
local stage = require "spec.support.stage"
local xai = require "xai"

local MODEL = "grok-4.20-0309-non-reasoning"
local COST = { usd = 0.00012435, tokens = 195 } -- of stage.body "chat"

describe("a budget", function()
  local service

  setup(function() service = stage.open() end)
  teardown(function() service:close() end)
  after_each(function() assert.equal(0, service:settle()) end)

  local function client(options) return service:new_client(options) end

  local function chat(c, options, fields) return c:chat(stage.body("chat", fields), options) end

  local function sent()
    local n = 0
    for _, request in ipairs(service:received()) do
      if request.method == "POST" then n = n + 1 end
    end
    return n
  end

  describe("is checked before anything is sent", function()
    it("and fails by kind limit, code budget, without a request and without a bill", function()
      service:reset()
      local budget = xai.budget { calls = 1 }
      local c = client { budget = budget }
      assert(chat(c))
      local result, message, info = chat(c)
      assert.is_nil(result)
      assert.equal("limit: budget: 1 of 1 calls are made or under way", message)
      assert.same({ "limit", "budget", "no", 0, false },
        { info.kind, info.code, info.billed, info.attempts, info.retryable })
      assert.equal(1, sent())
      assert.equal(1, budget.spent.calls)
    end)

    it("in each form of call", function()
      local c = client { budget = xai.budget { calls = 0 } }
      local function refused(_, _, info) assert.equal("budget", info and info.code) end
      for _, name in ipairs(stage.FUNCTIONS) do
        refused(c[name](c, stage.body(name)))
        refused(c[name](c, stage.body(name, { stream = true })))
        refused(c[name](c, stage.body(name, { stream = true }), { on_event = error }))
        refused(c[name](c, stage.body(name, { stream = true }), { on_part = error }))
        refused(c:start(name, stage.body(name)):wait())
        refused(c:start(name, stage.body(name, { stream = true })):wait())
      end
      refused(c:generate_image { model = "grok-imagine-image", prompt = "a cat" })
      refused(c:request { path = "/v1/chat/completions", body = stage.body "chat" })
      refused(c:run_tools("chat", stage.body "chat"))
      refused(c:parse("chat", stage.body "chat", { type = "object" }))
      refused(c:conversation({ model = MODEL }):ask "Hi")
      local info
      xai.run(function() info = select(3, chat(c)) end)
      assert.equal("budget", info.code)
    end)

    it("by dollars", function()
      local budget = xai.budget { usd = 0.0002 }
      local c = client { budget = budget }
      assert(chat(c))
      assert(chat(c))
      local _, message = chat(c)
      assert.equal("limit: budget: $0.0002 of $0.0002 are spent", message)
      assert.near(2 * COST.usd, budget.spent.usd, 1e-12)
      assert.equal(0, budget:left().usd)
    end)

    it("by tokens", function()
      local budget = xai.budget { tokens = 300 }
      local c = client { budget = budget }
      assert(chat(c))
      assert.same({ tokens = 300 - COST.tokens }, budget:left())
      assert(chat(c))
      local _, message = chat(c)
      assert.equal("limit: budget: 390 of 300 tokens are spent", message)
    end)

    it("also of a client and of a call at once", function()
      local of_client, of_call = xai.budget { calls = 3 }, xai.budget { calls = 1 }
      local c = client { budget = of_client }
      assert(chat(c, { budget = of_call }))
      assert.is_nil((chat(c, { budget = of_call })))
      assert.same({ 1, 1 }, { of_client.spent.calls, of_call.spent.calls })
      assert(chat(c, { budget = { of_client } }))
      assert.equal(2, of_client.spent.calls)
    end)

    it("of a conversation and of a turn", function()
      local all, one = xai.budget(), xai.budget { calls = 1 }
      local talk = client():conversation({ model = MODEL }, { budget = all })
      assert(talk:ask("Hi", { budget = one }))
      assert.equal("budget", select(3, talk:ask("Hi", { budget = one })).code)
      assert.same({ 1, 1 }, { all.spent.calls, one.spent.calls })
    end)
  end)

  it("is shared by clients and tasks, and 100 tasks do not pass a limit of 40", function()
    local budget = xai.budget { calls = 40 }
    local clients, items, done, refused = { client { budget = budget }, client { budget = budget } }, {}, 0, 0
    for i = 1, 100 do items[i] = i end
    xai.run(function()
      xai.map(items, function(i)
        local result, _, info = chat(clients[i % 2 + 1])
        if result then done = done + 1 elseif info.code == "budget" then refused = refused + 1 end
      end)
    end)
    assert.same({ 40, 60, 40 }, { done, refused, budget.spent.calls })
  end)

  it("reserves for calls under way what the answers so far took", function()
    local budget = xai.budget { tokens = 5 * COST.tokens + 1 }
    local c = client { budget = budget }
    assert(chat(c))
    local done, refused = 0, 0
    xai.run(function()
      local items = {}
      for i = 1, 20 do items[i] = i end
      xai.map(items, function()
        if chat(c) then done = done + 1 else refused = refused + 1 end
      end)
    end)
    assert.same({ 5, 15 }, { done, refused })
  end)

  describe("counts", function()
    local budget, c

    before_each(function()
      budget = xai.budget()
      c = client { budget = budget, max_retries = 2, on_retry = clock.skip_pause }
    end)

    it("a stream however it was read", function()
      local ways = {
        function(s) for _ in s do end end,
        function(s) for _ in s:text() do end end,
        function(s) for _ in s:parts() do end end,
        function(s) s:result() end,
        function(s) while s:next() do end end,
      }
      for i, read in ipairs(ways) do
        for _, name in ipairs { "respond", "message" } do read((c[name](c, stage.body(name, { stream = true })))) end
        local raw = c:respond(stage.body("respond", { stream = true }), { raw = true })
        for _ in raw do end
        assert.equal(3 * i, budget.spent.calls)
        assert.equal(0, budget.spent.unknown)
      end
    end)

    it("a stream that was left, when all of it had come", function()
      local stream = c:respond(stage.body("respond", { stream = true }))
      stream:next()
      while service:new_client():request { path = "/_/open" }.open > 0 do xai.step(0.01) end
      xai.step(0.05)
      stream:close()
      assert.same({ 1, COST.tokens, 0 }, { budget.spent.calls, budget.spent.tokens, budget.spent.unknown })
      assert.is_nil(select(3, stream:next()).partial.usage)
    end)

    local STALLS = { headers = { ["x-fault"] = "stall-in-stream,2" } }

    it("a stream that was left as unknown", function()
      local stream = c:chat(stage.body("chat", { stream = true }), STALLS)
      stream:next()
      stream:close()
      assert.same({ usd = 0, tokens = 0, calls = 1, unknown = 1 }, budget.spent)
      assert.same({ [MODEL] = budget.spent }, budget.by_model)
    end)

    it("a stream that was dropped when it is collected", function()
      c:chat(stage.body("chat", { stream = true }), STALLS):next()
      stage.collect()
      assert.same({ usd = 0, tokens = 0, calls = 1, unknown = 1 }, budget.spent)
    end)

    it("what had come of a stream, though nobody read it", function()
      local streamed = { stream = true, stream_options = { include_usage = true } }
      local leave = {
        function(s) s:close() end,
        function(s) s:next() s:close() end,
        function(s) s:text()() s:close() end,
        function(s) s:next() c:close() end,
        function(s) s:next() end,
      }
      for i, f in ipairs(leave) do
        f((function()
          local stream = c:chat(stage.body("chat", streamed), { raw = i % 2 == 0 and i > 3 })
          stage.rest()
          return stream
        end)())
        stage.collect()
        assert.same({ i, 0, i * COST.tokens }, { budget.spent.calls, budget.spent.unknown, budget.spent.tokens })
        if i == 4 then c = client { budget = budget } end
      end
    end)

    it("what an answer took, where on_part or on_event raises an error", function()
      for i, name in ipairs { "on_part", "on_event" } do
        local ok = pcall(c.chat, c, stage.body("chat", { stream = true, stream_options = { include_usage = true } }),
          { [name] = function() stage.rest() error "boom" end })
        assert.is_false(ok)
        assert.same({ i, 0, i * COST.tokens }, { budget.spent.calls, budget.spent.unknown, budget.spent.tokens })
      end
      assert.is_false((pcall(c.chat, c, stage.body "chat", { on_part = error })))
      assert.same({ 3, 0 }, { budget.spent.calls, budget.spent.unknown })
    end)

    it("an answer that nobody waited for", function()
      c:start("chat", stage.body "chat")
      stage.rest()
      xai.step(0)
      assert.equal(COST.tokens, budget.spent.tokens)
    end)

    it("no call that was certainly not billed", function()
      assert.equal("no", select(3, chat(c, { headers = { ["x-fault"] = "status,400" } })).billed)
      assert.equal("connection", select(3, chat(c, { base_url = "http://127.0.0.1:1" })).kind)
      local call = c:start("chat", stage.body "chat", { headers = { ["x-fault"] = "status,429" } })
      call:wait()
      assert.equal(0, budget.spent.calls)
    end)

    it("a call once, however often it was tried", function()
      assert(chat(c, { headers = { ["x-fault"] = "status,503;times,2" } }))
      assert.same({ 1, COST.tokens, 0 }, { budget.spent.calls, budget.spent.tokens, budget.spent.unknown })
    end)

    it("a call that was cancelled as unknown", function()
      local call = c:start("chat", stage.body "chat", { headers = { ["x-fault"] = "delay,5000" } })
      xai.step(0.05)
      call:cancel()
      assert.same({ 1, 1 }, { budget.spent.calls, budget.spent.unknown })
    end)

    it("the calls of a client that was closed", function()
      c:start("chat", stage.body "chat", { headers = { ["x-fault"] = "delay,5000" } })
      c:close()
      xai.step(0)
      assert.same({ 1, 1 }, { budget.spent.calls, budget.spent.unknown })
    end)

    it("no functions that generate nothing", function()
      assert(c:list_models())
      assert(c:tokenize { model = MODEL, text = "Hi" })
      assert(c:get_api_key())
      assert(c:warm():wait())
      assert.equal(0, budget.spent.calls)
    end)

    it("a deferred answer when it was fetched", function()
      local begun = assert(chat(c, nil, { deferred = true }))
      assert.same({ 1, 1, 0 }, { budget.spent.calls, budget.spent.unknown, budget.spent.tokens })
      local result
      repeat result = c:get_deferred(begun.request_id) until result
      assert.same({ 1, 0, COST.tokens }, { budget.spent.calls, budget.spent.unknown, budget.spent.tokens })
    end)
  end)

  it("counts a video when it was fetched, once", function()
    local budget = xai.budget { usd = 100 }
    local c = client { budget = budget }
    local begun = assert(c:generate_video { model = "grok-imagine-video", prompt = "a cat" })
    assert.same({ 1, 1, 0 }, { budget.spent.calls, budget.spent.unknown, budget.spent.usd })
    assert(c:wait("get_video", begun.request_id, { every = 0.01 }))
    local usd = budget.spent.usd
    assert(usd > 0)
    assert(c:get_video(begun.request_id))
    assert.same({ 1, 0, usd }, { budget.spent.calls, budget.spent.unknown, budget.spent.usd })
  end)

  it("says what it has of large limits, and holds for what a service claims", function()
    assert.equal("xai.budget ($0.00 of more than $1000000000000000.00, 0 tokens, 0 calls)",
      tostring(xai.budget { usd = 1e300 }))
    local c = client { budget = xai.budget { usd = 1 } }
    local claim = '{"choices":[],"usage":{"prompt_tokens":1,"total_tokens":1,"cost_in_usd_ticks":1e999}}'
    local fault = "say," .. stage.encoded("data: " .. claim .. "\n\ndata: [DONE]\n\n")
    for _ in assert(c:chat(stage.body("chat", { stream = true }), { headers = { ["x-fault"] = fault } })) do end
    assert.equal("limit: budget: more than $1000000000000000.00 of $1.00 are spent", select(2, chat(c)))
  end)

  it("raises where its limits are none", function()
    local function says(words, ...)
      local ok, err = pcall(xai.budget, ...)
      assert.is_false(ok)
      assert.equal("xai.budget: " .. words, (err:gsub("^.-: xai", "xai")))
    end
    says("expected a table of limits, got number", 5)
    says("unknown limit 'dollars'", { dollars = 1 })
    says("unknown limit 'call' (did you mean 'calls'?)", { call = 1 })
    says("limit 'usd' must be a number of dollars from 0, got -1", { usd = -1 })
    says("limit 'usd' must be a number of dollars from 0, got table", { usd = {} })
    says("limit 'calls' must be a whole number from 0, got 1.5", { calls = 1.5 })
  end)
end)
