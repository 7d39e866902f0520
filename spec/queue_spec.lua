--- The scheduler's queues: nobody in them is lost, whatever happens on the way.

local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

--- Wait where Lua cannot yield.
local function stuck(wait)
  return pcall(string.gsub, "x", "x", function() wait() end)
end

local function busy(seconds)
  local over = os.clock() + seconds
  repeat until os.clock() > over
end

describe("the scheduler's queues", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    xai.on_error = nil
    for _ = 1, 3 do xai.step(0) end
    stage:leave()
  end)

  it("keep those behind a task that was cancelled where it blocks, and then yields by itself", function()
    local log = {}
    xai.run(function()
      local blocked = xai.spawn(function()
        stuck(function() xai.sleep(0.05) end)
        coroutine.yield()
        log[#log + 1] = "blocked"
      end)
      xai.spawn(function()
        xai.sleep(0.01)
        blocked:cancel()
        xai.spawn(function() log[#log + 1] = "behind" end)
      end)
    end)
    table.sort(log)
    same({ "behind", "blocked" }, log)
  end)

  it("hold a task once, however often it is cancelled while it runs", function()
    local log, task = {}, nil
    local client = stage.client
    task = xai.spawn(function()
      client:start("list_models", { on_done = function()
        xai.spawn(function()
          task:cancel()
          log[#log + 1] = "first"
        end)
        task:cancel()
        xai.spawn(function() log[#log + 1] = "second" end)
      end })
      client:close()
      stuck(function() xai.sleep(0.5) end)
      log[#log + 1] = "cancelled"
    end)
    for _ = 1, 5 do xai.step(0.01) end
    same({ "first", "second", "cancelled" }, log)
  end)

  it("wake many who wait for one task", function()
    local count = 0
    xai.run(function()
      local one = xai.spawn(xai.sleep, 0.01)
      for _ = 1, 3000 do
        xai.spawn(function()
          one:wait()
          count = count + 1
        end)
      end
    end)
    assert.equal(3000, count)
  end)

  it("let a task that gave way in a frame be cancelled, and its stream with it", function()
    local count = 0
    local task = xai.spawn(function()
      local stream = assert(stage:stream("chat", "endless,1"))
      while stream:next() do
        count = count + 1
        busy(0.003)
      end
    end)
    while count < 5 or task:status() ~= "ready" do xai.update(2) end
    assert.is_true(task:cancel())
    for _ = 1, 3 do xai.update(2) end
    same({ "cancelled", 0 }, { task:status(), xai.active() })
  end)

  it("stop xai.map where one item failed, also where the others survive that", function()
    local begun = {}
    local ok, err = pcall(xai.run, function()
      return xai.map({ 1, 2, 3, 4, 5, 6 }, function(i)
        begun[#begun + 1] = i
        xai.sleep(0.01)
        if i == 1 then error("the first fails", 0) end
        local waited, why = pcall(xai.sleep, 0.02)
        return waited or why
      end, 2)
    end)
    assert.is_false(ok)
    assert.matches("the first fails", err)
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then return end -- pcall blocks there: it goes on within
    same({ 1, 2 }, begun)
  end)

  it("refuse lists with holes", function()
    local function nothing() end
    for _, try in ipairs { xai.all, xai.race } do
      local ok, err = pcall(try, { nothing, nil, nothing })
      assert.is_false(ok)
      assert.matches("item 2 must be a function or a task, got nil", err)
    end
  end)

  it("keep an error whose words are no words", function()
    local heard = {}
    xai.on_error = function(err, traceback) heard[#heard + 1] = { err, type(traceback) } end
    local odd = setmetatable({}, { __tostring = function() return {} end })
    local ok, err = pcall(xai.run, function() error(odd) end)
    assert.is_false(ok)
    assert.is_true(rawequal(odd, err))
    stage:start("chat", nil, { on_done = function() error(odd) end }):wait()
    assert.is_true(rawequal(odd, heard[1][1]))
    assert.equal("string", heard[1][2])
  end)

  it("refuse to step for what is no time", function()
    for _, bad in ipairs { -1, "x", 0 / 0, {} } do
      local ok, err = pcall(xai.step, bad)
      assert.is_false(ok)
      assert.matches("^[^:]*:?%d*:? ?xai%.step: expected a number of seconds", err)
    end
  end)

  it("name a wait that cannot end, rather than wait for ever", function()
    local seen
    xai.run(function()
      local ticking = xai.spawn(function() xai.sleep(60) end)
      local below
      below = xai.spawn(function()
        stuck(function()
          local above = xai.spawn(function()
            stuck(function() seen = { pcall(below.wait, below) } end)
          end)
          above:wait()
        end)
        ticking:cancel()
      end)
    end)
    assert.is_false(seen[1])
    assert.matches("blocked until this one returns", seen[2])
  end)
end)
