-- Budgets against the server's own ledger, over many calls of all kinds.

local clock = require "spec.support.clock"
local stage = require "spec.support.stage"
local xai = require "xai"

local MODELS = { "grok-4.20-0309-non-reasoning", "grok-4.5" }
local HEADER = "x-fault"

describe("a budget and the server's ledger", function()
  local service, budget, c

  setup(function() service = stage.open { polls = 0 } end)
  teardown(function() service:close() end)

  before_each(function()
    service.client = nil
    service:reset()
    budget = xai.budget()
    c = service:new_client { budget = budget, max_retries = 2, on_retry = clock.skip_pause }
  end)
  after_each(function() assert.equal(0, service:settle()) end)

  local seed = 7
  local function random(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end

  local function body(name, fields)
    local made = stage.body(name, fields)
    if name ~= "complete" and name ~= "complete_legacy" then made.model = MODELS[random(#MODELS)] end
    return made
  end

  local function streamed(name, fault, options)
    local all = { headers = { [HEADER] = fault } }
    for key, value in pairs(options or {}) do all[key] = value end
    local fields = { stream = true }
    if (name == "chat" or name == "complete") and random(2) == 1 then
      fields.stream_options = { include_usage = true }
    end
    return c[name](c, body(name, fields), all)
  end

  local NAMES = stage.FUNCTIONS
  local function any() return NAMES[random(#NAMES)] end
  local PARTED = { "chat", "respond", "message" }
  local LEFT = { "chat", "respond", "complete", "complete_legacy" } -- messages say what they used at once

  --- What a call may be like.
  local KINDS = {
    function() local name = any() return c[name](c, body(name)) end,
    function() for _ in streamed(any()) do end end,
    function() for _ in streamed(any()):text() do end end,
    function() for _ in streamed(PARTED[random(3)]):parts() do end end,
    function() return streamed(any()):result() end,
    function() return streamed(any(), nil, { on_event = function() end }) end,
    function() for _ in streamed(any(), nil, { raw = true }) do end end,
    function() streamed(LEFT[random(4)], "stall-in-stream,2"):close() end,
    function() streamed(LEFT[random(4)], "stall-in-stream,2"):next() end, -- dropped
    function() pcall(function() for _ in streamed(LEFT[random(4)], "cut-stream,1") do end end) end,
    function() local name = any() return c[name](c, body(name), { headers = { [HEADER] = "status,400" } }) end,
    function() local name = any() return c[name](c, body(name), { headers = { [HEADER] = "flaky,2" } }) end,
    function() return c:start("chat", body "chat"):wait() end,
    function() return c:generate_image { model = "grok-imagine-image", prompt = "a cat", n = 2 } end,
    function()
      local begun = assert(c:chat(body("chat", { deferred = true })))
      return assert(c:get_deferred(begun.request_id))
    end,
    function() return c:run_tools("respond", body "respond") end,
    function() return c:respond(body("respond", { service_tier = "priority" })) end,
  }

  local function ledger()
    local all = { calls = 0, silent = 0, cut = 0, tokens = 0, ticks = 0 }
    local by_model = assert(service:new_client():request { path = "/_/ledger" })
    for _, row in pairs(by_model) do
      for key in pairs(all) do all[key] = all[key] + row[key] end
    end
    return all, by_model
  end

  --- Step until the server has seen all ends.
  local function rest()
    stage.collect()
    stage.rest()
    local watcher = service:new_client()
    while assert(watcher:request { path = "/_/open" }).open > 0 do xai.step(0.01) end
  end

  local function compare()
    rest()
    local all, by_model = ledger()
    assert.same({ calls = all.calls + all.cut, unknown = all.silent + all.cut, tokens = all.tokens,
      ticks = all.ticks }, { calls = budget.spent.calls, unknown = budget.spent.unknown,
      tokens = budget.spent.tokens, ticks = math.floor(budget.spent.usd * 1e10 + 0.5) })
    for model, row in pairs(by_model) do
      local sum = budget.by_model[model] or budget.by_model.unknown
      assert.equal(row.tokens, sum.tokens, model)
    end
  end

  it("agree about 1,000 mixed calls", function()
    for i = 1, 1000 do KINDS[i % #KINDS + 1]() end
    compare()
  end)

  it("agree about 500 calls of tasks, some of which are cancelled", function()
    local items = {}
    for i = 1, 500 do items[i] = i end
    xai.run(function()
      xai.map(items, function(i)
        if i % 10 > 0 then return KINDS[i % #KINDS + 1]() end
        local has_begun = false
        local task = xai.spawn(function()
          local stream = streamed(LEFT[random(4)], "stall-in-stream,1")
          has_begun = stream:next() ~= nil
          stream:next()
        end)
        repeat xai.sleep(0.001) until has_begun
        task:cancel()
      end, 20)
    end)
    compare()
  end)

  it("agree with on_usage, which is called once for each", function()
    local sum, count, unknown = 0, 0, 0
    c = service:new_client {
      budget = budget, max_retries = 2, on_retry = clock.skip_pause,
      on_usage = function(usage, info)
        count = count + 1
        assert.is_string(info.url)
        if usage then sum = sum + usage.total else unknown = unknown + 1 end
      end,
    }
    for i = 1, 170 do KINDS[i % #KINDS + 1]() end
    compare()
    xai.step(0)
    assert.equal(budget.spent.tokens, sum)
    assert.equal(budget.spent.calls + 10, count) -- a deferred answer is told of twice
    assert.equal(budget.spent.unknown + 10, unknown)
  end)
end)
