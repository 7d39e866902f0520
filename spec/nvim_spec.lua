--- xai.uv inside Neovim: each promise in a headless Neovim of its own.

local programs = require("spec.support.programs")

if _VERSION ~= "Lua 5.1" then return end -- Neovim's LuaJIT loads what was built for Lua 5.1

local TEXT = "Lua is a small, quick language that lives happily inside other programs."

local nvim, grok = programs.neovim "nvim", programs.neovim "grok"

local function run(name)
  return nvim:output(name)
end

local function says(...)
  nvim:says(...)
end

describe("xai.uv inside Neovim", function()
  if not programs.has_neovim() then
    pending "there is no nvim"
    return
  end

  setup(function() nvim:open() end)
  teardown(function() nvim:close() end)

  it("reads 50 streams in coroutines that edit buffers, each complete", function()
    says("true 50 50 651\n", "streams_edit_buffers")
  end)

  it("calls callbacks where all of Neovim's functions may be used, by one schedule for each drain", function()
    says("true 130 0 1 true\n", "schedule")
  end)

  it("wakes nobody with nothing in flight", function()
    says("true 0\n", "idle")
  end)

  it("lets a call block the main program while the editor goes on", function()
    says("true true\n", "blocking_call")
  end)

  it("serves a call that blocks a callback", function()
    says("grok-3 13\n", "call_in_callback")
  end)

  it("raises where a call would block a fast event, and not in its coroutines", function()
    says("false true\ngrok-3 false\n", "blocked_fast_event")
  end)

  it("runs tasks and sleeps", function()
    says("1 2 3\ntrue\n", "tasks")
  end)

  it("reports errors of callbacks and coroutines, and goes on", function()
    says("callback\ncoroutine\ntrue\n", "errors_are_reported")
  end)

  for name, what in pairs { ["nothing else goes on"] = "idle", ["the loop never rests"] = "busy" } do
    it(("ends a blocking call on <C-c>, and the server sees it, where %s"):format(name), function()
      says("false cancelled interrupted\naborted\ngrok-3\n", "interrupt", what)
    end)
  end

  it("ends a loop over a stream on <C-c>, however soon each event comes", function()
    says("stopped cancelled true\nstopped cancelled true\n", "interrupted_stream")
  end)

  it("goes on while a callback runs the editor's loop", function()
    says("true grok-3\n", "callback_runs_the_loop")
  end)

  it("blocks in a call also with another `schedule`", function()
    says("grok-3\n", "another_schedule")
  end)

  it("tells of a call's end in the main loop, where a fast event cancels it", function()
    says("false false cancelled\n", "cancelled_in_fast_event")
  end)

  it("refuses to wait for a call in a fast event, and leaves the call alone", function()
    says("false true\ntrue\n", "wait_in_fast_event")
  end)

  it("can be attached in a fast event, and is told when Neovim leaves", function()
    says("true\nclosed\n", "attached_in_fast_event")
  end)

  -- Who reads slowly what is here already, and whether the editor has its turns meanwhile.
  for who, has_turns in pairs {
    ["somebody"] = true, ["a callback"] = true, ["a task that cannot yield"] = true, ["a frame's callback"] = false,
  } do
    local when = has_turns and "" or " later,"
    it(("has its turns%s while %s reads slowly what is here already"):format(when, who), function()
      says(("13 %s\n"):format(tostring(has_turns)), "turns_beside_a_reader", who)
    end)
  end

  it("tells of calls that end while a callback reads slowly what is here already", function()
    says("13 true\n", "calls_end_beside_a_reader")
  end)

  it("notices <C-c> while a callback reads a stream whose events are here, and goes on", function()
    says("cancelled interrupted\ngrok-3\n", "interrupted_reader")
  end)

  it("has the errors of callbacks among the messages", function()
    assert.matches("true true\n$", run "errors_among_messages")
  end)

  it("ends calls in flight when Neovim leaves, and their callbacks hear of it", function()
    says("closed\nclosed\nnone\n", "leaving_ends_calls")
  end)

  it("tells also those who wait for others, when Neovim leaves", function()
    says("first\nsecond\nthird\n", "leaving_tells_waiters")
  end)

  it("has what `debug` tells among the messages, not across the screen", function()
    assert.matches("0 curl HTTP\n$", run "debug_among_messages")
  end)

  for _, what in ipairs { "the editor's loop", "other programs" } do
    it(("lets callbacks run %s when Neovim leaves"):format(what), function()
      says("closed\nwent on\n", "leaving_callbacks_run", what)
    end)
  end

  local REFUSED = "false xai: this wait cannot end, Neovim is leaving\n"

  it("ends also when callbacks that hear of it want to wait", function()
    says(REFUSED:rep(3) .. "asked twice\n", "leaving_callbacks_want_to_wait")
  end)

  it("leaves those behind that can be suspended, and who cannot be is refused, when Neovim leaves", function()
    says("sleeps closed\nsleeps closed\n" .. REFUSED, "leaving_suspended")
  end)

  it("serves what needs no waiting when Neovim leaves, and ends beside who never rests", function()
    says("1 closed 2\n", "leaving_without_waiting")
  end)

  for what, how in pairs {
    ["while events come"] = { "endless,3", "0" },
    ["when all has come"] = { "split,40", "200" },
  } do
    it("tells a call from whose event Neovim leaves, " .. what, function()
      says("1 true\n", "leaving_from_an_event", how[1], how[2])
    end)
  end

  it("cannot be held up by an autocommand that follows, though it attaches and runs tasks", function()
    says("1\n" .. REFUSED:rep(2), "leaving_autocommand")
  end)

  it("ends when it leaves from within many waits that cannot yield", function()
    says(REFUSED, "leaving_from_many_waits")
  end)

  describe("beside the example plugin,", function()
    local function says(...) -- luacheck: ignore 431
      grok:says(...)
    end

    setup(function() grok:open() end)
    teardown(function() grok:close() end)

    it("an answer streams into a scratch buffer, and one undo takes it back", function()
      says("true true true true\n", "scratch_buffer")
    end)

    it("thinking is folded", function()
      says("> Thinking true true\n", "thinking")
    end)

    it("the lines of a range go along, and are rewritten in place, undone at once", function()
      says("true true\nbefore\ntrue\nafter\nbefore one two after\n", "range")
    end)

    it("lines that are deleted before the answer comes take no others with them", function()
      says("before after last\n1 Grok: stopped, as the lines were changed meanwhile\n0\n", "deleted_before_the_answer")
    end)

    for what, command in pairs { undone = "silent undo", ["deleted"] = "2delete", ["changed"] = "2s/$/!/" } do
      it("an answer that is " .. what .. " while it streams in is stopped", function()
        says("true\n1 Grok: stopped, as its text was changed\naborted\n", "stopped_edit", command)
      end)
    end

    it("without a key the answer says so, and is over", function()
      says("true over 0\n0\n", "no_key")
    end)

    it("a buffer that cannot be changed is not rewritten", function()
      says("0 Grok: this buffer cannot be changed\n", "unmodifiable_buffer")
    end)

    it("a service that ignores `stream` is understood", function()
      says("true\ntrue 0\n", "ignored_stream")
    end)

    it("an edit that is over leaves nothing with the buffer", function()
      says("5 0\n", "edit_leaves_nothing")
    end)

    it("a window has its own bar back after the answer, or when it shows another buffer", function()
      nvim:says("true true\n[] []\n[own]\n", "window_bar")
    end)

    it("what comes while text is locked is written later, without a hole", function()
      says("true 0 0\nbefore " .. TEXT .. " after last 0 0\n", "locked_text")
    end)

    it("what comes while a buffer cannot be changed for a moment is written later", function()
      says("true true 0 0\n", "unmodifiable_for_a_moment")
    end)

    it("what came while text was locked is written also when nothing more comes", function()
      says("true true 0 0\n", "locked_text_and_no_more")
    end)

    it("an answer that cannot be written in the end says so", function()
      says("before one two after last\n1 Grok: its end could not be written\n0 0\n", "locked_end")
    end)

    it("an answer in a buffer that can be changed no more is stopped, with one note", function()
      says("true\n1 Grok: stopped, as the buffer cannot be changed\nover 0 0\naborted\n", "unmodifiable_for_good")
    end)

    it("GrokStop ends an answer also where the buffer cannot be changed", function()
      says("0 over 0 0\n", "stop_in_unmodifiable_buffer")
    end)

    it("two edits at once in a buffer are undone at once, and a later one by itself", function()
      says("true\nbefore one two after last\ntrue\n", "two_edits")
    end)

    it("Grok works with tools, asks before each change and command, and can be stopped", function()
      says([[
true 1 replace lines 2 to 3: done.
before replace lines 2 to 3 after last
Grok: replace_lines {"first":2,"last":3,"text":"replace lines 2 to 3"}
true 2 echo $((1 + 2)) run command: exit_code 0, output 3 run command .
true 2 before replace lines 2 to 3 after last.
true 3 replace lines 1 to 5: error the user said no.
before replace lines 2 to 3 after last
0 [stopped]
0 [stopped]
true
]], "work")
    end)

    it("several answers run at once, and GrokStop! stops them all", function()
      says("3 true 0 aborted aborted aborted\n", "several_answers")
    end)
  end)

  it("tells its health where no client can be made", function()
    says("true\n", "health_without_client")
  end)

  it("tells its health where a service has no list of models, or what it has is no list", function()
    says("true\ntrue\n", "health_without_models")
  end)

  it("tells its health when <C-c> ends the call", function()
    says("true\ntrue\n", "health_interrupted")
  end)

  it("tells its health without telling the key", function()
    says("true true true false\n", "health_without_key")
  end)
end)
