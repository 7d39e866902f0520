--- Ctrl-C: what it ends, xai.on_interrupt, and what comes after it.
--
-- Each is a program of its own, which sends itself the signal.

local programs = require "spec.support.programs"

local interrupt = programs.folder "interrupt"
local FORKING = interrupt:with(programs.NO_LEAKS)

--- A program prints exactly this; with `folder`, one of that.
local function says(expected, name, folder)
  assert.equal(expected, (folder or interrupt):output(name))
end

-- What waits, and is to be left.
local WAITS = {
  "a call", "the head of a stream", "the next event", "the text", "the result of a stream", "a started call",
  "xai.sleep", "xai.run", "xai.run that sleeps", "xai.all", "xai.map", "task:wait", "xai.step", "xai.update",
  "a wait in a callback",
}

describe("Ctrl-C (real use, 47)", function()
  setup(function() interrupt:open() end)
  teardown(function() interrupt:close() end)

  local ENDED = ("false cancelled/interrupted\n"):rep(3) .. "grok-3\n"
  local HOW = { default = "with the kind `cancelled`", error = "as xai.on_interrupt(error) says" }

  local jobs = {}
  for _, name in ipairs(WAITS) do
    -- (xai.update waits for nothing: there Lua raises in the program's own loop.)
    if name ~= "xai.update" then jobs[#jobs + 1] = { "ends", name, "default" } end
    jobs[#jobs + 1] = { "ends", name, "error" }
  end
  local output_of = interrupt:series(jobs)

  for i, job in ipairs(jobs) do
    it("ends " .. job[2] .. " " .. HOW[job[3]] .. ", each time", function()
      assert.equal(ENDED, output_of(i))
    end)
  end

  it("ends a program that does not catch it", function()
    local output = interrupt:output "uncaught"
    assert.matches(_VERSION == "Lua 5.1" and "lua" or "cancelled: interrupted", output)
    assert.matches("stopped by the user", interrupt:output "uncaught_own_error")
  end)
end)

describe("xai.on_interrupt (real use, 47)", function()
  setup(function() interrupt:open() end)
  teardown(function() interrupt:close() end)

  it("lets the program go on where its function returns, and calls it each time", function()
    says("heard cancelled\nheard cancelled\nheard cancelled\n3 table\n", "goes_on")
  end)

  it("calls it once for what was pressed while the program did other things", function()
    says("1\n", "once_for_many")
  end)

  it("raises any error as it is, through callbacks and the waits in them", function()
    says("false mine\nfalse mine\nfalse 42\n", "any_error")
  end)

  it("its function may close a stream, whose reader has what came", function()
    says("nil closed Lua is a\n", "closes_a_stream")
  end)

  it("its function may cancel a task; the others go on", function()
    says("cancelled done\n", "cancels_a_task")
  end)

  it("an error that leaves xai.run cancels the tasks of that run and no others", function()
    says("false cancelled/interrupted cancelled cancelled waiting 1\ndone\n", "error_leaves_run")
  end)

  it("is called in no task, also where one blocks", function()
    says("main\nmain\n", "called_in_no_task")
  end)

  it("nil gives it back to the interpreter, whose handler works each time, too", function()
    says("nil true true nil\nfalse cancelled/interrupted\nfalse cancelled/interrupted\ntrue\n", "given_back")
  end)

  it("breaks off nothing that the program reads or writes meanwhile", function()
    says("line\nheard\n200000\nheard\n", "reads_and_writes")
  end)

  it("gives it back to the interpreter also where that has just used it up", function()
    says("true\nheard\nfalse cancelled/interrupted\n", "given_back_when_used_up")
  end)

  it("pressed twice while the program computes, it does what it did before", function()
    says("false true\nheard\nfalse true\nheard\n", "twice_while_computing")
  end)

  it("leaves a handler alone that another one has set meanwhile", function()
    says("luv\nluv\n", "another_handler")
  end)

  it("gives one back that was there before", function()
    says("ours\nluv\n", "handler_of_before")
  end)

  it("its function may wait and call; pressed meanwhile, it is called again after that", function()
    says("begin\nlist\nend\nbegin\nlist\nend\n", "waits_and_calls")
  end)

  it("is refused what is no function", function()
    says("false xai.on_interrupt: expected a function or nil, got number\n", "misuse")
  end)

  it("in luv's loop, coroutines and waits that block", function()
    says("heard\ncancelled\nfalse cancelled/interrupted\n", "in_luv")
  end)

  if pcall(require, "cqueues") then
    it("in cqueues' loop: it is called, and its error is reported", function()
      says("heard\nreported\ncancelled\ntrue\n", "in_cqueues")
    end)
  end

  if pcall(require, "posix.unistd") then
    it("in a process that was forked, the child's is the child's", function()
      says("child\nchild ends\nparent 0\n", "forked", FORKING)
    end)
  end

  it("another loop is told by xai.fd and xai.timeout", function()
    says("0\nheard\nnil\n", "other_loops")
  end)
end)
