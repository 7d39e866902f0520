--- xai.uv under luv: each promise in a process of its own, so that each has a fresh loop.

local programs = require("spec.support.programs")
local xai = require("xai")

local uv = programs.folder "uv"

local function says(expected, name, ...)
  assert.equal(expected, uv:output(name, ...))
end

describe("xai.uv under luv", function()
  setup(function() uv:open() end)
  teardown(function() uv:close() end)

  it("reads 100 streams in 100 coroutines on one poll handle, each complete", function()
    says("100 100 false 2\n", "hundred_streams")
  end)

  it("wakes nobody with nothing in flight, and the loop ends by itself", function()
    says("true 0 false\n", "idle")
  end)

  it("lets the loop end after whatever ended the last call", function()
    says("1\n2\n3\n4\n5\n6\n", "loop_ends")
  end)

  it("keeps the loop going while a call blocks the main program", function()
    says("true true\n", "blocking_call")
  end)

  for _, what in ipairs { "a call", "a started call", "a run of tasks" } do
    it("lets Ctrl-C end " .. what .. " that blocks the main program", function()
      if not xai.fd() then return pending("the loop waits itself where there is no descriptor") end
      says("false cancelled interrupted\ngrok-3\n", "interrupt", what)
    end)
  end

  it("serves a call that blocks a callback of the loop", function()
    says(("grok-3 13\n"):rep(2), "call_in_callback")
  end)

  it("runs tasks, sleeps and started calls", function()
    says("1 2 3\nfirst 30\nlater\n", "tasks_and_sleeps")
  end)

  it("serves hundreds of tasks that cannot yield where they wait", function()
    says("300\n", "tasks_that_cannot_yield")
  end)

  it("cancels, and the server sees it", function()
    says("cancelled\naborted\n", "cancel")
  end)

  it("lets callbacks start, cancel and close anything, and detach", function()
    says("closed cancelled closed 2\n", "callbacks_do_anything")
  end)

  it("reports errors of callbacks, coroutines and tasks, and goes on", function()
    local said = uv:output "errors_are_reported"
    assert.matches("callback true\ncoroutine true\ntable: %S+ true\ngrok%-3\n$", said)
    assert.matches("xai: error in a callback: callback\n", said)
  end)

  it("leaves no stream open where a coroutine fails", function()
    if not rawget(coroutine, "close") then return pending("this Lua cannot close a coroutine") end
    says("true aborted\n", "coroutine_fails")
  end)

  it("ends what a coroutine waits for that is closed", function()
    if not rawget(coroutine, "close") then return pending("this Lua cannot close a coroutine") end
    says("true true true true 0 false\n", "coroutine_is_closed")
  end)

  it("waits on when somebody else resumes the coroutine", function()
    says("resumed\ngrok-3\n", "resumed_by_another")
  end)

  it("gives the loop its turns between the events of a fast stream", function()
    says("true 13\n", "turns_between_events")
  end)

  it("attached twice needs two detaches; then calls wait without the loop", function()
    says("true true false 0\ngrok-3 0\nresumed grok-3\n", "attached_twice")
  end)

  it("looks from a timer where there is no descriptor, and stops it", function()
    says("13 2 false 0\n", "no_descriptor")
  end)

  it("hands everything to `schedule`, once for each drain", function()
    says("true 65 true true\n", "schedule")
  end)

  it("gives a task that yields by itself its turns", function()
    says("5 2\n", "task_yields")
  end)

  it("raises in a wait that cannot end, also within the loop", function()
    says("false true\n", "endless_wait_in_loop")
  end)

  it("makes its handles anew when somebody has closed all of the loop's", function()
    says("grok-3\ngrok-3\n", "handles_are_closed")
  end)

  it("raises in a wait that cannot end", function()
    says("false true\n", "endless_wait")
  end)

  it("raises for misuse", function()
    says("false false false false\n", "misuse")
  end)

  it("ends a program with calls in flight cleanly", function()
    says("bye\n", "calls_in_flight_at_exit")
  end)
end)
