--- xai.copas: the calls of copas's threads wait without blocking the others.
--
-- Tried with the copas of this Lua, unless it is too old (as Debian's 1.x is), and with a simulation of
-- newer ones.

local programs = require "spec.support.programs"

local function try(says)
  it("reads streams side by side while the others go on", function()
    says("20 streams, others in between: true\n", "side_by_side")
  end)

  it("answers all at the same time", function()
    says("true\n", "at_the_same_time")
  end)

  it("gives a thread the errors of its calls", function()
    says("connection bad_request truncated\n", "errors")
  end)

  it("ends a wait whose call another thread cancels", function()
    says("nil cancelled true\n", "another_cancels")
  end)

  it("hands out the events of calls that nobody waits for", function()
    says("true done\n", "events_of_started_calls")
  end)

  it("runs tasks of xai.map, xai.spawn and xai.sleep within the loop", function()
    says("3 true\nspawned\n", "tasks")
  end)

  it("wakes a loop that has nothing else to do where a thread calls back what xai.await waits for", function()
    says("task called back\ncoroutine called back\ncancelled true\ntrue\n", "await")
  end)

  it("runs tools while its threads go on", function()
    says("Here is what I found. Oslo: Oslo in a loop; Rome: Rome in a loop. true\ncancelled 0\n", "tools")
  end)

  it("waits for what takes long", function()
    says(("Lua is a small, quick language that lives happily inside other programs. 3\n"):rep(2) .. "0\n", "wait")
  end)

  it("waits for the turns of a conversation", function()
    says("Nice to meet you, Ada.\nYour name is Ada.\n", "conversation")
  end)

  it("blocks outside of copas, in callbacks, and in coroutines that copas does not run", function()
    says("true\ntrue\ntrue\ntrue\n", "outside_of_copas")
  end)

  it("says that a wait cannot end, outside of the loop and where a thread blocks", function()
    says("false true\nfalse true\n", "endless_wait")
  end)

  it("waits for a task's socket, which stays open, while others go on", function()
    says("a line, another; asked at most 4 times: true, others: true\n", "socket_of_a_task")
  end)
end

local function try_newer(says)
  it("lets the loop end when a thread that waits is removed, and ends what it waited for", function()
    says("cancelled 0\n", "removed_thread")
  end)

  it("lets the loop end when a thread that sleeps or waits for tasks is removed, also by itself", function()
    says("cancelled\ntrue 0\n", "removed_sleeper")
  end)

  it("goes on in the next loop when all was cancelled", function()
    says("true cancelled\n", "cancelled_all")
  end)

  it("sleeps and wakes a task, whose others go on", function()
    says("slept true woken true again true others true\n", "task_sleeps")
  end)

  it("lets a task's timeout wake it", function()
    says("timed out\n", "task_timeout")
  end)

  it("ends a task's wait that is cancelled, and then the loop", function()
    says("waiting true cancelled\n", "task_is_cancelled")
  end)

  it("refuses a task's wait for a socket that has a timeout", function()
    says("false a thread of copas's can\n", "refused_timeout")
  end)
end

local function served(folder)
  setup(function() folder:open() end)
  teardown(function() folder:close() end)
  return function(expected, name) folder:says(expected, name) end
end

describe("xai.copas", function()
  local found, copas = pcall(require, "copas")
  if found and copas.pauseforever then
    describe("with the copas that is installed", function()
      local says = served(programs.folder "copas")
      try(says)
      try_newer(says)
    end)
  elseif found then
    it("says that this copas is too old", function()
      local ok, err = pcall(require, "xai.copas")
      assert.is_false(ok)
      assert.matches("xai.copas: copas 4 or newer is needed, this is Copas 1", err, 1, true)
    end)
  else
    it("is not tried with a real one", function() pending "this Lua has no copas" end)
  end

  if pcall(require, "socket") then
    describe("with a newer copas", function()
      local says = served(programs.folder("copas", { COPAS = "newer" }))
      try(says)
      try_newer(says)
    end)
  else
    it("is not tried with a newer one", function() pending "this Lua has no LuaSocket" end)
  end
end)
