--- xai.cqueues: the calls of a loop's coroutines wait without blocking the loop.

local programs = require "spec.support.programs"

local cqueues = programs.folder "cqueues"

local function says(expected, name)
  cqueues:says(expected, name)
end

local has_cqueues = pcall(require, "cqueues")

describe("xai.cqueues", function()
  if not has_cqueues then
    it("is not tried here", function() pending "this Lua has no cqueues" end)
    return
  end

  setup(function() cqueues:open() end)
  teardown(function() cqueues:close() end)

  it("reads streams side by side while the others go on, and lets the loop end", function()
    says("20 streams, ticks in between: true, ended: true\n", "side_by_side")
  end)

  it("answers all in the time of one", function()
    says("true\n", "at_the_same_time")
  end)

  it("gives a coroutine the errors of its calls, and a loop those of its coroutines", function()
    says("connection bad_request truncated\nfalse truncated\ntrue\n", "errors")
  end)

  it("ends a wait whose call another coroutine cancels", function()
    says("nil cancelled true\ntrue\n", "another_cancels")
  end)

  it("ends a wait whose client another coroutine closes", function()
    says("nil closed\ntrue\n", "another_closes")
  end)

  it("hands out the events of calls that nobody waits for, then lets the loop end", function()
    says("true done\n", "events_of_started_calls")
  end)

  it("lets the loop end when such a call is cancelled or its client closed", function()
    says("cancelled true\nclosed true\n", "cancelled_or_closed_calls")
  end)

  it("is not kept busy by a stream that nobody reads", function()
    says("true true\n", "unread_stream")
  end)

  it("serves two loops, also nested, each to its own end", function()
    says("inner true\nouter true\n", "two_loops")
  end)

  it("serves two loops that are stepped in turn", function()
    says("true\n", "two_stepped_loops")
  end)

  it("runs tasks of xai.run, xai.spawn and xai.sleep within a loop", function()
    says("3 true\nspawned\ntrue\n", "tasks")
  end)

  it("blocks outside of loops, and in coroutines that no loop resumed, as before", function()
    says("true\ntrue\ntrue\n", "outside_of_loops")
  end)

  it("survives a loop that is dropped with coroutines waiting", function()
    says("true\n", "dropped_loop")
  end)

  it("goes on when a task fails and so does the error handler", function()
    says("told\ntrue\n", "failing_task")
  end)

  it("blocks in a callback that waits", function()
    says("true\ntrue\n", "callback_that_waits")
  end)

  it("says that a wait cannot end, outside of loops and where a coroutine of the loop blocks", function()
    says("false true\nfalse true\ntrue\n", "endless_wait")
  end)

  describe("what was started before the loop", function()
    it("goes on in it, to its end", function()
      says("true spawned started\n", "started_before")
    end)

    it("goes on in a loop that has nothing else to do", function()
      says("true spawned started\n", "started_before_empty_loop")
    end)

    it("goes on in the first that runs, beside another that ends before", function()
      says("first true\nsecond true spawned started\n", "started_before_two_loops")
    end)

    it("goes on in a loop that is stepped, when a coroutine of it calls", function()
      says("spawned started\n", "started_before_stepped_loop")
    end)
  end)

  describe("a task", function()
    it("waits by cqueues's own means while others go on", function()
      says("slept true woken true timed out false polls 3, others true\ntrue\n", "task_waits_by_cqueues")
    end)

    it("is not asked again and again while it does", function()
      says("1 true\ntrue\n", "task_is_not_polled")
    end)

    it("that waits so is cancelled, and the loop ends", function()
      says("waiting true cancelled\ntrue\n", "task_is_cancelled")
    end)

    it("that nobody waits for goes on after it, and lets others go on by a yield of its own", function()
      says("slept true\nyielded\ntrue\n", "forgotten_task")
    end)

    it("cannot wait so outside of a loop", function()
      says("false within a loop only\n", "task_outside_of_a_loop")
    end)
  end)
end)
