--- Budgets, limiters and sums of a bulk job, whose functions make calls.

local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same

local stage

local function range(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

local function ask(item)
  local body = { model = "grok-4.5", input = "What is " .. item .. " * 2?" }
  local answer, message, info = stage.client:respond(body)
  return answer and xai.text(answer), message, info
end

local function new_path()
  local path = os.tmpname()
  os.remove(path)
  return path
end

local function lines_of(path)
  local count = 0
  for _ in io.lines(path) do count = count + 1 end
  return count
end

describe("a bulk job that makes calls", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("reports what all its calls have cost, and nobody else's", function()
    local before = xai.budget()
    local others = xai.spawn(function() return stage.client:chat(stages.body "chat", { budget = before }) end)
    local usd, tokens = 0, 0
    local report = xai.bulk(range(9), function(item)
      local answer, message, info
      if item % 3 == 0 then -- in a task of its own, streamed
        answer, message, info = xai.spawn(function()
          local stream = assert(stage.client:respond { model = "grok-4.5", input = "Hi " .. item, stream = true })
          return stream:result()
        end):wait()
      else
        answer, message, info = stage.client:respond { model = "grok-4.5", input = "What is " .. item .. " * 2?" }
      end
      if not answer then return nil, message, info end
      local usage = xai.usage(answer)
      usd, tokens = usd + usage.usd, tokens + usage.total
      return xai.text(answer)
    end)
    others:wait()
    same({ 9, tokens }, { report.done, report.tokens })
    assert.is_true(math.abs(report.usd - usd) < 1e-9 and usd > 0)
    assert.equal(1, before.spent.calls)
    same({ 0, 0 }, (function()
      local none = xai.bulk({ 1 }, tostring)
      return { none.usd, none.tokens }
    end)())
  end)

  it("stops when its budget has ended, whichever call of f meets it; then goes on with another", function()
    local path = new_path()
    local budget = xai.budget { calls = 7 }
    local report, message, info = xai.bulk(range(20), ask, { file = path, budget = budget, at_once = 4 })
    assert.is_nil(report)
    assert.equal("limit: budget: 7 of 7 calls are made or under way", message)
    same({ "limit", "budget", 7, 0 }, { info.kind, info.code, info.report.done, info.report.failed })
    same({ 7, 7 }, { budget.spent.calls, lines_of(path) })
    report = xai.bulk(range(20), ask, { file = path, budget = xai.budget { calls = 100 } })
    same({ 13, 0, 7, 20 }, { report.done, report.failed, report.skipped, lines_of(path) })
    os.remove(path)
  end)

  it("takes a list of budgets, beside those of clients and calls", function()
    local one, two, own = xai.budget(), xai.budget { calls = 3 }, xai.budget()
    local _, _, info = xai.bulk(range(9), function(item)
      assert(stage.client:tokenize { model = "grok-4.5", text = "free " .. item })
      return stage.client:chat(stages.body "chat", { budget = own })
    end, { budget = { one, two }, at_once = 2 })
    same({ "budget", 3, 3, 3 }, { info.code, one.spent.calls, two.spent.calls, own.spent.calls })
  end)

  it("within another counts for both", function()
    local outer = xai.budget()
    local inner
    local report = xai.bulk({ "outer" }, function()
      inner = xai.bulk(range(3), ask)
      return ask(4)
    end, { budget = outer })
    same({ 1, 3 }, { report.done, inner.done })
    assert.equal(4, outer.spent.calls)
    assert.is_true(report.tokens > inner.tokens and inner.tokens > 0)
  end)

  it("has its limiter for all calls of f", function()
    local limiter = xai.limiter { at_once = 2 }
    local peak = 0
    local report = xai.bulk(range(12), function(item)
      peak = math.max(peak, tonumber(tostring(limiter):match "(%d+) wait") or 0)
      return ask(item)
    end, { limiter = limiter, at_once = 6 })
    assert.equal(12, report.done)
    assert.is_true(peak >= 3, peak)
  end)

  it("leaves no guard behind: calls after it count for nobody", function()
    local budget = xai.budget()
    xai.bulk({ 1 }, ask, { budget = budget })
    assert(ask(2))
    assert.equal(1, budget.spent.calls)
    assert.has_error(function() xai.bulk(function() error("no", 0) end, ask, { budget = budget }) end, "no")
    assert(ask(3))
    local task = xai.spawn(function() xai.bulk({ 1 }, function() xai.sleep(60) end, { budget = budget }) end)
    xai.step(0)
    xai.step(0)
    task:cancel()
    xai.step(0)
    assert(ask(4))
    assert.equal(1, budget.spent.calls)
  end)

  it("refuses what is no budget or limiter", function()
    for _, bad in ipairs { {}, { usd = 1 }, "1", { xai.budget(), {} }, xai.limiter {} } do
      local ok, err = pcall(xai.bulk, {}, ask, { budget = bad })
      assert.is_false(ok)
      assert.matches("option 'budget' must be what xai.budget gives, got " .. type(bad), err)
    end
    assert.is_false((pcall(xai.bulk, {}, ask, { limiter = xai.budget() })))
  end)
end)
