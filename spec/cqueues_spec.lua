--- xai.cqueues: the calls of a loop's coroutines wait without blocking the loop.

local hosted = require "spec.support.hosted"

local says = hosted.says [[
  local cqueues = require "cqueues"
  require "xai.cqueues"
]]

local has_cqueues = pcall(require, "cqueues")

describe("xai.cqueues", function()
  if not has_cqueues then
    it("is not tried here", function() pending "this Lua has no cqueues" end)
    return
  end

  it("reads streams side by side while the others go on, and lets the loop end", function()
    says("20 streams, ticks in between: true, ended: true\n", [[
      local loop, left, good, ticks, first, last = cqueues.new(), 20, 0, 0, nil, nil
      for _ = 1, 20 do
        loop:wrap(function()
          if read "slow-words,5" == TEXT then good = good + 1 end
          first, last, left = first or ticks, ticks, left - 1
        end)
      end
      loop:wrap(function()
        while left > 0 do
          ticks = ticks + 1
          cqueues.sleep(0.001)
        end
      end)
      local ended = loop:loop()
      print(good .. " streams, ticks in between: " .. tostring(first > 10) .. ", ended: "
        .. tostring(ended and loop:empty()))
    ]])
  end)

  it("answers all in the time of one", function()
    says("true\n", [[
      local loop, answered = cqueues.new(), 0
      for _ = 1, 10 do
        loop:wrap(function()
          assert(client:chat(question(), options "late-head,100"))
          answered = answered + 1
        end)
      end
      assert(loop:loop())
      local log = assert(client:request { path = "/_/requests" })
      print(answered == 10 and log[10].at_ms - log[1].at_ms < 100)
    ]])
  end)

  it("gives a coroutine the errors of its calls, and a loop those of its coroutines", function()
    says("connection bad_request truncated\nfalse truncated\ntrue\n", [[
      local loop = cqueues.new()
      loop:wrap(function()
        local lost = select(3, client:list_models(options "reset-before-head")).kind
        local refused = select(3, client:chat({ model = "grok-nonesuch", messages = question().messages })).kind
        print(lost, refused, select(3, read "cut-stream,3").kind)
      end)
      assert(loop:loop())
      loop:wrap(function()
        local stream = assert(client:chat(question(true), options "cut-stream,3"))
        while stream() do end
      end)
      local ok, err = loop:loop()
      print(ok or false, err.kind)
      print(loop:loop())
    ]])
  end)

  it("ends a wait whose call another coroutine cancels", function()
    says("nil cancelled true\ntrue\n", [[
      local loop, call, events = cqueues.new(), nil, 0
      loop:wrap(function()
        call = client:start("chat", question(true), options("stall-in-stream,2", {
          on_event = function() events = events + 1 end,
        }))
        local result, _, info = call:wait()
        print(result, info.kind, last_end().aborted)
      end)
      loop:wrap(function()
        repeat cqueues.sleep(0.01) until events == 2
        call:cancel()
      end)
      print(loop:loop())
    ]])
  end)

  it("ends a wait whose client another coroutine closes", function()
    says("nil closed\ntrue\n", [[
      local loop = cqueues.new()
      loop:wrap(function()
        local _, message, info = read "stall-in-stream,2"
        print(message and nil, info.kind)
      end)
      loop:wrap(function()
        cqueues.sleep(0.05)
        client:close()
      end)
      print(loop:loop())
    ]])
  end)

  it("hands out the events of calls that nobody waits for, then lets the loop end", function()
    says("true done\n", [[
      local loop, events, done = cqueues.new(), 0, nil
      loop:wrap(function()
        client:start("chat", question(true), options("slow-words,1", {
          on_event = function() events = events + 1 end,
          on_done = function() done = "done" end,
        }))
      end)
      local ok = loop:loop()
      print(ok and events > 10, done)
    ]])
  end)

  it("lets the loop end when such a call is cancelled or its client closed", function()
    says("cancelled true\nclosed true\n", [[
      for _, how in ipairs { "cancelled", "closed" } do
        local loop, own, told = cqueues.new(), xai.new(), nil
        loop:wrap(function()
          local call = own:start("chat", question(true), options("stall-in-stream,2", {
            on_done = function(_, _, info) told = info.kind end,
          }))
          cqueues.sleep(0.05)
          if how == "closed" then own:close() else call:cancel() end
        end)
        print(told or (loop:loop() and told), loop:empty())
      end
    ]])
  end)

  it("is not kept busy by a stream that nobody reads", function()
    says("true true\n", [[
      local loop, kept = cqueues.new(), nil
      loop:wrap(function()
        kept = assert(client:chat(question(true), options "endless"))
        kept:next()
      end)
      print(loop:loop(), xai.active() == 1)
    ]])
  end)

  it("serves two loops, also nested, each to its own end", function()
    says("inner true\nouter true\n", [[
      local outer, inner, left = cqueues.new(), cqueues.new(), 4
      for _, loop in ipairs { outer, outer, inner, inner } do
        loop:wrap(function()
          assert(read "slow-words,2" == TEXT)
          left = left - 1
        end)
      end
      outer:wrap(function()
        print("inner " .. tostring(inner:loop()))
      end)
      assert(outer:loop())
      print("outer " .. tostring(left == 0 and outer:empty() and inner:empty()))
    ]])
  end)

  it("serves two loops that are stepped in turn", function()
    says("true\n", [[
      local loops, left = { cqueues.new(), cqueues.new() }, 6
      for i = 1, 6 do
        loops[i % 2 + 1]:wrap(function()
          assert(read "slow-words,1" == TEXT)
          left = left - 1
        end)
      end
      while not (loops[1]:empty() and loops[2]:empty()) do
        for _, loop in ipairs(loops) do assert(loop:step(0.001)) end
      end
      print(left == 0)
    ]])
  end)

  it("runs tasks of xai.run, xai.spawn and xai.sleep within a loop", function()
    says("3 true\nspawned\ntrue\n", [[
      local loop, ticks, over = cqueues.new(), 0, false
      loop:wrap(function()
        local results = xai.map({ 1, 2, 3 }, function() return read "slow-words,2" end)
        print(#results, results[3] == TEXT and ticks > 3)
        over = true
        xai.spawn(function()
          xai.sleep(0.05)
          print "spawned"
        end)
      end)
      loop:wrap(function()
        while not over do
          ticks = ticks + 1
          xai.sleep(0.001)
        end
      end)
      print(loop:loop())
    ]])
  end)

  it("blocks outside of loops, and in coroutines that no loop resumed, as before", function()
    says("true\ntrue\ntrue\n", [[
      print(read() == TEXT)
      local function outside()
        local co = coroutine.wrap(function() return read() == TEXT end)
        print(co())
      end
      outside()
      local loop = cqueues.new()
      loop:wrap(outside)
      assert(loop:loop())
    ]])
  end)

  it("survives a loop that is dropped with coroutines waiting", function()
    says("true\n", [[
      local loop = cqueues.new()
      for _ = 1, 5 do loop:wrap(read, "stall-in-stream,2") end
      for _ = 1, 20 do loop:step(0.01) end
      loop = nil
      collectgarbage()
      collectgarbage()
      print(read() == TEXT)
    ]])
  end)

  it("goes on when a task fails and so does the error handler", function()
    says("told\ntrue\n", [[
      local loop = cqueues.new()
      xai.on_error = function()
        print "told"
        error "the handler fails, too"
      end
      io.stderr = { write = function() end }
      loop:wrap(function()
        xai.spawn(function() error "nobody waits for this" end)
        assert(read() == TEXT)
      end)
      print(loop:loop())
    ]])
  end)

  it("blocks in a callback that waits", function()
    says("true\ntrue\n", [[
      local loop = cqueues.new()
      loop:wrap(function()
        client:start("list_models", { on_done = function() print(read() == TEXT) end })
      end)
      print(loop:loop())
    ]])
  end)

  it("says that a wait cannot end, outside of loops and where a coroutine of the loop blocks", function()
    says("false true\nfalse true\ntrue\n", [[
      local function wait_in_circle()
        return xai.run(function()
          local a, b
          a = xai.spawn(function() return b:wait() end)
          b = xai.spawn(function() return a:wait() end)
          b:wait()
        end)
      end
      local function try()
        local ok, err = pcall(wait_in_circle)
        print(ok, tostring(err):find("this wait cannot end", 1, true) ~= nil)
      end
      try()
      local loop = cqueues.new()
      loop:wrap(function() table.sort({ 2, 1 }, function() try() end) end)
      print(loop:loop())
    ]])
  end)

  describe("what was started before the loop", function()
    local PRELUDE = [[
      local said = {}
      xai.spawn(function() said[1] = read "slow-words,2" == TEXT and "spawned" end)
      client:start("list_models", { on_done = function() said[2] = "started" end })
    ]]

    it("goes on in it, to its end", function()
      says("true spawned started\n", PRELUDE .. [[
        local loop = cqueues.new()
        loop:wrap(function() cqueues.sleep(0.01) end)
        print(loop:loop(), said[1], said[2])
      ]])
    end)

    it("goes on in a loop that has nothing else to do", function()
      says("true spawned started\n", PRELUDE .. [[
        print(cqueues.new():loop(), said[1], said[2])
      ]])
    end)

    it("goes on in the first that runs, beside another that ends before", function()
      says("first true\nsecond true spawned started\n", PRELUDE .. [[
        local first, second = cqueues.new(), cqueues.new()
        first:wrap(function() print("first " .. tostring(second:loop())) end)
        second:wrap(function() cqueues.sleep(0.01) end)
        print("second " .. tostring(first:loop()), said[1], said[2])
      ]])
    end)

    it("goes on in a loop that is stepped, when a coroutine of it calls", function()
      says("spawned started\n", PRELUDE .. [[
        local loop = cqueues.new()
        loop:wrap(function() xai.sleep(0.001) end)
        while not loop:empty() do assert(loop:step(0.01)) end
        print(said[1], said[2])
      ]])
    end)
  end)

  describe("a task", function()
    it("waits by cqueues's own means while others go on", function()
      says("slept true woken true timed out false polls 3, others true\ntrue\n", [[
        local condition = require "cqueues.condition"
        local loop, cond, ticks = cqueues.new(), condition.new(), 0
        loop:wrap(function()
          xai.run(function()
            local ticker = xai.spawn(function()
              while true do
                ticks = ticks + 1
                xai.sleep(0.001)
              end
            end)
            local since, polls = cqueues.monotime(), 0
            cqueues.sleep(0.1)
            polls = polls + 1
            local slept = cqueues.monotime() - since >= 0.09
            xai.spawn(function()
              xai.sleep(0.02)
              cond:signal()
            end)
            local woken = cond:wait()
            polls = polls + 1
            local timed_out = cond:wait(0.02)
            polls = polls + 1
            print("slept", slept, "woken", woken, "timed out", timed_out, "polls " .. polls .. ", others", ticks > 5)
            ticker:cancel()
          end)
        end)
        print(loop:loop())
      ]])
    end)

    it("is not asked again and again while it does", function()
      says("1 true\ntrue\n", [[
        local loop, cond, count = cqueues.new(), require "cqueues.condition".new(), 0
        loop:wrap(function()
          xai.run(function()
            local waiting = xai.spawn(function()
              repeat count = count + 1 until cond:wait(20)
            end)
            assert(client:chat(question(), options "late-head,50"))
            cond:signal()
            waiting:wait()
            print(count, read() == TEXT)
          end)
        end)
        print(loop:loop())
      ]])
    end)

    it("that waits so is cancelled, and the loop ends", function()
      says("waiting true cancelled\ntrue\n", [[
        local loop = cqueues.new()
        loop:wrap(function()
          xai.run(function()
            local task = xai.spawn(cqueues.sleep, 1000)
            xai.sleep(0.01)
            print(task:status(), task:cancel(), task:status())
          end)
        end)
        print(loop:loop())
      ]])
    end)

    it("that nobody waits for goes on after it, and lets others go on by a yield of its own", function()
      says("slept true\nyielded\ntrue\n", [[
        local loop, since = cqueues.new(), cqueues.monotime()
        loop:wrap(function()
          xai.spawn(function()
            cqueues.sleep(0.1)
            print("slept", cqueues.monotime() - since >= 0.09)
            coroutine.yield()
            coroutine.yield "what is not the loop's"
            print "yielded"
          end)
        end)
        print(loop:loop())
      ]])
    end)

    it("cannot wait so outside of a loop", function()
      says("false within a loop only\n", [[
        local cond = require "cqueues.condition".new()
        local ok, err = pcall(xai.run, function() cond:wait() end)
        print(ok, err:match "within a loop only")
      ]])
    end)
  end)
end)
