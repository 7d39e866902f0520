--- xai.copas: the calls of copas's threads wait without blocking the others.
--
-- Tried with the copas of this Lua (Debian's is 1.x) and with a simulation of what newer ones have.

local hosted = require "spec.support.hosted"

local PRELUDE = [[
  local copas = require "copas"
  require "xai.copas"

  --- Run the loop until nothing is left to do; copas 1 has no such end.
  local function run(is_over)
    if copas.sleep then return copas.loop() end
    local since = os.time()
    while not is_over() do
      copas.step(0.01)
      assert(os.time() - since < 20, "it does not end")
    end
  end

  -- A socket that always has something to read.
  local always = require "socket".udp()
  always:setsockname("127.0.0.1", 0)
  always:sendto("x", always:getsockname())

  --- Let the others go on.
  local function pause()
    if copas.sleep then return copas.sleep(0) end
    local asked = false
    copas.receive {
      getfd = function() return always:getfd() end,
      dirty = function() return false end,
      close = function() end,
      receive = function()
        asked = not asked
        if asked then return nil, "timeout" end
        return true
      end,
    }
  end
]]

local function try(says)
  it("reads streams side by side while the others go on", function()
    says("20 streams, others in between: true\n", [[
      local left, good, ticks, first = 20, 0, 0, nil
      for _ = 1, 20 do
        copas.addthread(function()
          if read "slow-words,5" == TEXT then good = good + 1 end
          first, left = first or ticks, left - 1
        end)
      end
      copas.addthread(function()
        while left > 0 do
          ticks = ticks + 1
          pause()
        end
      end)
      run(function() return left == 0 end)
      print(good .. " streams, others in between: " .. tostring(first > 10))
    ]])
  end)

  it("answers all at the same time", function()
    says("true\n", [[
      local answered = 0
      for _ = 1, 10 do
        copas.addthread(function()
          assert(client:chat(question(), options "late-head,100"))
          answered = answered + 1
        end)
      end
      run(function() return answered == 10 end)
      local log = assert(client:request { path = "/_/requests" })
      print(log[10].at_ms - log[1].at_ms < 100)
    ]])
  end)

  it("gives a thread the errors of its calls", function()
    says("connection bad_request truncated\n", [[
      local over
      copas.addthread(function()
        local lost = select(3, client:list_models(options "reset-before-head")).kind
        local refused = select(3, client:chat({ model = "grok-nonesuch", messages = question().messages })).kind
        print(lost, refused, select(3, read "cut-stream,3").kind)
        over = true
      end)
      run(function() return over end)
    ]])
  end)

  it("ends a wait whose call another thread cancels", function()
    says("nil cancelled true\n", [[
      local call, over
      copas.addthread(function()
        call = client:start("chat", question(true), options "stall-in-stream,2")
        local result, _, info = call:wait()
        print(result, info.kind, last_end().aborted)
        over = true
      end)
      copas.addthread(function()
        xai.sleep(0.05)
        call:cancel()
      end)
      run(function() return over end)
    ]])
  end)

  it("hands out the events of calls that nobody waits for", function()
    says("true done\n", [[
      local events, done = 0, nil
      client:start("chat", question(true), options("slow-words,1", {
        on_event = function() events = events + 1 end,
        on_done = function() done = "done" end,
      }))
      run(function() return done end)
      print(events > 10, done)
    ]])
  end)

  it("runs tasks of xai.map, xai.spawn and xai.sleep within the loop", function()
    says("3 true\nspawned\n", [[
      local over
      copas.addthread(function()
        local results = xai.map({ 1, 2, 3 }, function() return read "slow-words,2" end)
        print(#results, results[3] == TEXT)
        xai.spawn(function()
          xai.sleep(0.05)
          print "spawned"
          over = true
        end)
      end)
      run(function() return over end)
    ]])
  end)

  it("blocks outside of copas, in callbacks, and in coroutines that copas does not run", function()
    says("true\ntrue\ntrue\ntrue\n", [[
      print(read() == TEXT)
      local function inner()
        print(coroutine.wrap(function() return read() == TEXT end)())
      end
      inner()
      local over
      copas.addthread(function()
        inner()
        client:start("list_models", { on_done = function()
          print(read() == TEXT)
          over = true
        end })
      end)
      run(function() return over end)
    ]])
  end)

  it("says that a wait cannot end, outside of the loop and where a thread blocks", function()
    says("false true\nfalse true\n", [[
      local function wait_in_circle()
        return xai.run(function()
          local a, b
          a = xai.spawn(function() return b:wait() end)
          b = xai.spawn(function() return a:wait() end)
          b:wait()
        end)
      end
      local over
      local function try()
        local ok, err = pcall(wait_in_circle)
        print(ok, tostring(err):find("this wait cannot end", 1, true) ~= nil)
        over = ok == false
      end
      try()
      over = false
      copas.addthread(function() table.sort({ 2, 1 }, function() try() end) end)
      run(function() return over end)
    ]])
  end)

  it("waits for a task's socket, which stays open, while others go on", function()
    says("a line, another; asked at most 4 times: true, others: true\n", [[
      local socket = require "socket"
      local server = assert(socket.bind("127.0.0.1", 0))
      local writer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
      local reader, asked, ticks, over = server:accept(), 0, 0, nil
      reader:settimeout(0)
      local counted = setmetatable({}, { __index = function(_, name)
        return function(_, ...) return reader[name](reader, ...) end
      end })
      function counted.receive(_, ...)
        asked = asked + 1
        return reader:receive(...)
      end
      copas.addthread(function()
        xai.run(function()
          local lines = xai.spawn(function() return copas.receive(counted) .. ", " .. copas.receive(counted) end)
          for _, line in ipairs { "a line\n", "another\n" } do
            for _ = 1, 20 do
              ticks = ticks + 1
              xai.sleep(0.001)
            end
            writer:send(line)
            xai.sleep(0.02)
          end
          print(("%s; asked at most 4 times: %s, others: %s"):format(lines:wait(), tostring(asked <= 4),
            tostring(ticks == 40)))
          over = true
        end)
      end)
      run(function() return over end)
    ]])
  end)
end

local function try_newer(says)
  it("lets the loop end when a thread that waits is removed, and ends what it waited for", function()
    says("cancelled 0\n", [[
      local call
      local thread = copas.addthread(function()
        call = client:start("chat", question(), options "stall-before-head")
        call:wait()
        print "it was removed"
      end)
      copas.addthread(function()
        copas.sleep(0.05)
        copas.removethread(thread)
      end)
      copas.loop()
      print(select(3, call:result()).kind, xai.active())
    ]])
  end)

  it("lets the loop end when a thread that sleeps or waits for tasks is removed, also by itself", function()
    says("cancelled\ntrue 0\n", [[
      local task
      local threads = {
        copas.addthread(function() xai.sleep(1000) end),
        copas.addthread(function()
          xai.run(function()
            task = xai.spawn(xai.sleep, 1000)
            task:wait()
          end)
        end),
      }
      copas.addthread(function()
        copas.sleep(0.05)
        for _, thread in ipairs(threads) do copas.removethread(thread) end
        xai.sleep(0.01)
        print(task:status())
        copas.removethread(coroutine.running())
        xai.sleep(1000)
        print "it removed itself"
      end)
      copas.loop()
      print(xai.timeout() == nil, xai.active())
    ]])
  end)

  it("goes on in the next loop when all was cancelled", function()
    says("true cancelled\n", [[
      if not copas.cancelall then return print "true cancelled" end -- before 4.11
      local call
      copas.addthread(function()
        call = client:start("chat", question(), options "stall-before-head")
        call:wait()
        print "it was cancelled"
      end)
      copas.addthread(function()
        copas.sleep(0.05)
        copas.cancelall()
      end)
      copas.loop()
      copas.addthread(function() print(read() == TEXT, select(3, call:result()).kind) end)
      copas.loop()
    ]])
  end)

  it("sleeps and wakes a task, whose others go on", function()
    says("slept true woken true again true others true\n", [[
      local core, ticks, sleeper = require "xai.core", 0, nil
      copas.addthread(function()
        xai.run(function()
          local ticker = xai.spawn(function()
            while true do
              ticks = ticks + 1
              xai.sleep(0.001)
            end
          end)
          local since, woken, again = core.now(), false, false
          copas.sleep(0.1)
          local slept = core.now() - since >= 0.09
          xai.spawn(function()
            sleeper = coroutine.running()
            copas.pauseforever()
            woken = true
            copas.pauseforever()
            again = true
          end)
          xai.sleep(0.02)
          copas.wakeup(sleeper)
          xai.sleep(0.02)
          copas.wakeup(sleeper)
          while not again do xai.sleep(0.001) end
          print("slept", slept, "woken", woken, "again", again, "others", ticks > 5)
          ticker:cancel()
        end)
      end)
      copas.loop()
    ]])
  end)

  it("lets a task's timeout wake it", function()
    says("timed out\n", [[
      copas.addthread(function()
        xai.run(function()
          copas.timeout(0.02, function(thread) copas.wakeup(thread) end)
          copas.pauseforever()
          print "timed out"
        end)
      end)
      copas.loop()
    ]])
  end)

  it("ends a task's wait that is cancelled, and then the loop", function()
    says("waiting true cancelled\n", [[
      copas.addthread(function()
        xai.run(function()
          local task = xai.spawn(copas.sleep, 1000)
          xai.sleep(0.02)
          print(task:status(), task:cancel(), task:status())
        end)
      end)
      copas.loop()
    ]])
  end)

  it("refuses a task's wait for a socket that has a timeout", function()
    says("false a thread of copas's can\n", [[
      local silent = require "socket".udp()
      silent:setsockname("127.0.0.1", 0)
      silent:settimeout(0)
      local client = {
        getfd = function() return silent:getfd() end,
        dirty = function() return false end,
        receive = function() return nil, "timeout" end,
      }
      copas.addthread(function()
        xai.run(function()
          copas.settimeouts(client, nil, nil, 1000)
          local ok, err = pcall(copas.receive, client)
          print(ok, err:match "a thread of copas's can")
        end)
      end)
      copas.loop()
    ]])
  end)
end

describe("xai.copas", function()
  if pcall(require, "copas") then
    describe("with the copas that is installed", function()
      try(hosted.says(PRELUDE))
      if require("copas").pauseforever then try_newer(hosted.says(PRELUDE)) end
    end)
  else
    it("is not tried with a real one", function() pending "this Lua has no copas" end)
  end

  if pcall(require, "socket") then
    describe("with a newer copas", function()
      local says = hosted.says('package.loaded.copas = require "spec.support.new_copas"\n' .. PRELUDE)
      try(says)
      try_newer(says)
    end)
  else
    it("is not tried with a newer one", function() pending "this Lua has no LuaSocket" end)
  end
end)
