--- xai.await: waiting for something that calls back.

local programs = require "spec.support.programs"
local live = require "spec.support.live"
local xai = require "xai"

local same = assert.same

--- Step until a task is over.
local function step_until_over(task)
  for _ = 1, 1000 do
    local status = task:status()
    if status ~= "ready" and status ~= "waiting" and status ~= "running" then return status end
    xai.step(0.01)
  end
  error "the task does not end"
end

describe("xai.await", function()
  after_each(function() assert.equal(0, live()) end)

  it("returns what done was given, nil among it", function()
    local task = xai.spawn(function()
      local done
      local late = xai.spawn(function()
        xai.sleep(0)
        done(1, nil, "three", nil)
      end)
      local got = { n = select("#", xai.await(function(f) f(1, nil) end)) }
      same({ n = 2 }, got)
      local function count(...) return select("#", ...), ... end
      local n, a, b, c, d = count(xai.await(function(f) done = f end))
      late:wait()
      same({ 4, 1, nil, "three", nil }, { n, a, b, c, d })
    end)
    assert.equal("done", step_until_over(task), task:traceback())
  end)

  it("does not wait where done is called at once", function()
    assert.equal("here", xai.await(function(done) done "here" end))
    local order, other = {}, nil
    step_until_over(xai.spawn(function()
      other = xai.spawn(function() order[#order + 1] = "other" end)
      order[#order + 1] = xai.await(function(done) done "first" end)
    end))
    step_until_over(other)
    same({ "first", "other" }, order)
  end)

  it("counts only the first done, also where both come before the task goes on", function()
    local got
    local task = xai.spawn(function()
      local done
      xai.spawn(function()
        done "first"
        done "second"
      end)
      got = xai.await(function(f) done = f end)
      done "third"
    end)
    step_until_over(task)
    assert.equal("first", got)
  end)

  it("lets the others go on", function()
    local done, count = nil, 0
    local task = xai.spawn(function() return xai.await(function(f) done = f end) end)
    local other = xai.spawn(function()
      for _ = 1, 5 do
        count = count + 1
        xai.sleep(0)
      end
      done()
    end)
    step_until_over(task)
    step_until_over(other)
    assert.equal(5, count)
  end)

  it("ends when its task is cancelled; done does nothing afterwards", function()
    local done, ended
    local task = xai.spawn(function()
      xai.await(function(f) done = f end)
      ended = true
    end)
    xai.step()
    assert.equal("waiting", task:status())
    assert.is_true(task:cancel())
    assert.equal("cancelled", step_until_over(task))
    done "late"
    xai.step()
    assert.is_nil(ended)
    assert.is_nil(xai.timeout())
  end)

  it("is not resumed by a done of a wait before", function()
    local first, second, got
    local task = xai.spawn(function()
      xai.await(function(f) first = f end)
      got = xai.await(function(f) second = f end)
    end)
    xai.step()
    first "one"
    xai.step()
    first "two"
    xai.step()
    assert.is_nil(got)
    second "three"
    step_until_over(task)
    assert.equal("three", got)
  end)

  it("raises the error of the function that begins it", function()
    local err = { "mine" }
    local ok, problem = pcall(xai.await, function() error(err) end)
    assert.is_false(ok)
    assert.equal(err, problem)
  end)

  it("refuses what is no function, at the caller's line", function()
    for _, value in ipairs { 1, "x", {}, true } do
      local ok, problem = pcall(function() xai.await(value) end)
      assert.is_false(ok)
      assert.equal(("xai.await: expected a function, got %s"):format(type(value)), (problem:gsub("^.-:%d+: ", "")))
      assert.matches("await_spec", problem)
    end
  end)

  it("blocks outside of a task, driving everything else", function()
    local count, done = 0, nil
    xai.spawn(function()
      for _ = 1, 3 do
        count = count + 1
        xai.sleep(0.001)
      end
      done(count)
    end)
    assert.equal(3, xai.await(function(f) done = f end))
  end)

  it("raises outside of a task where nothing could ever call back", function()
    local ok, problem = pcall(xai.await, function() end)
    assert.is_false(ok)
    assert.matches("this wait cannot end", problem)
  end)

  it("may be waited for in a frame of xai.update", function()
    local done, got
    xai.spawn(function() got = xai.await(function(f) done = f end) end)
    xai.update(5)
    done "clicked"
    assert.is_nil(got)
    xai.update(5)
    assert.equal("clicked", got)
  end)

  it("waits in a thousand tasks at once", function()
    local dones, begun, sum = {}, 0, 0
    local all = xai.spawn(function()
      local list = {}
      for i = 1, 1000 do
        list[i] = function()
          local got = xai.await(function(done) dones[i], begun = done, begun + 1 end)
          sum = sum + got
        end
      end
      xai.all(list)
    end)
    while begun < 1000 do xai.step() end
    for i = 1000, 1, -1 do dones[i](i) end
    assert.equal("done", step_until_over(all))
    assert.equal(500500, sum)
  end)
end)

-- That of copas is in copas_spec.lua.
local HOSTS = { { "uv", true }, { "cqueues", (pcall(require, "cqueues")) } }

for _, host in ipairs(HOSTS) do
  describe("xai.await within " .. host[1], function()
    if not host[2] then
      it("is not tried here", function() pending("this Lua has no " .. host[1]) end)
      return
    end
    local folder = programs.folder(host[1])
    setup(function() folder:open() end)
    teardown(function() folder:close() end)

    it("wakes a loop that has nothing else to do, in tasks and in its own coroutines", function()
      folder:says("task called back\ncoroutine called back\ncancelled true\ntrue\n", "await")
    end)
  end)
end

if _VERSION == "Lua 5.1" and programs.has_neovim() then
  describe("xai.await within Neovim", function()
    local nvim = programs.neovim "nvim"
    setup(function() nvim:open() end)
    teardown(function() nvim:close() end)

    it("waits for a choice of the user, for timers, and where it blocks", function()
      nvim:says("choice 2\nfast event\nblocked\ncancelled true\n", "await")
    end)
  end)
end
