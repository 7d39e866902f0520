--- xai.uv under luv: each promise in a process of its own, so that each has a fresh loop.

local child = require("spec.support.child")
local standin = require("spec.support.server")
local xai = require("xai")

local server

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local PRELUDE = slurp "spec/support/uv_prelude.lua"

--- What a program says, run on this interpreter, with a server that knows of nothing yet.
local function run(code, attach)
  attach = attach or 'local handle = require("xai.uv").attach() -- luacheck: ignore\n'
  local fresh = 'client:request { method = "POST", path = "/_/reset" }\n'
  return child.lua("\n" .. PRELUDE .. fresh .. attach .. code,
    { XAI_BASE_URL = server.url, XAI_API_KEY = "xai-spec", XAI_DEBUG = false })
end

local function says(expected, code, attach)
  assert.equal(expected, run(code, attach))
end

local COUNTING = 'local handle = require("xai.uv").attach { uv = counting_uv }\n'

describe("xai.uv under luv", function()
  setup(function() server = standin.spawn { pace = 0 } end)
  teardown(function() server.close() end)

  it("reads 100 streams in 100 coroutines on one poll handle, each complete", function()
    says("100 100 false 2\n", [[
      local whole, events = 0, 0
      for _ = 1, 100 do
        coroutine.wrap(function()
          local text, count = read(assert(client:chat(hello(true), with "split,40")))
          if text == TEXT then whole = whole + 1 end
          if count == 13 then events = events + 1 end
        end)()
      end
      local left = uv.run()
      say(whole, events, left, counted.handles) -- the other asks for turns
    ]], COUNTING)
  end)

  it("wakes nobody with nothing in flight, and the loop ends by itself", function()
    says("true 0 false\n", [[
      client:start("chat", hello())
      uv.run()
      local worked = counted.calls > 0
      counted.calls = 0
      after(300, function() end)
      local left = uv.run()
      say(worked, counted.calls, left)
    ]], COUNTING)
  end)

  it("lets the loop end after whatever ended the last call", function()
    says("1\n2\n3\n4\n5\n6\n", [[
      local function endless() return assert(client:chat(hello(true), with "endless,3")) end
      endless():close() uv.run() say(1)
      endless() collectgarbage() collectgarbage() uv.run() say(2)
      local call = client:start("chat", hello(), with "stall-before-head")
      after(20, function() call:cancel() end) uv.run() say(3)
      client:chat(hello()) uv.run() say(4)
      client:start("chat", hello()) while xai.active() > 0 do xai.step(1) end uv.run() say(5)
      local other = xai.new { max_retries = 2 }
      other:start("chat", hello(), with "status,503,20")
      after(100, function() other:close() end) uv.run() say(6)
    ]])
  end)

  it("keeps the loop going while a call blocks the main program", function()
    says("true true\n", [[
      local ticks, timer = 0, uv.new_timer()
      timer:start(0, 1, function() ticks = ticks + 1 end)
      local answer = client:chat(hello(), with "late-head,100")
      timer:close()
      uv.run()
      say(answer.choices[1].message.content == TEXT, ticks > 10)
    ]])
  end)

  for what, code in pairs {
    ["a call"] = 'client:chat(hello(), with "stall-before-head")',
    ["a started call"] = 'client:start("chat", hello(), with "stall-before-head"):wait()',
    ["a run of tasks"] = 'xai.run(function() client:chat(hello(), with "stall-before-head") end)',
  } do
    it("lets Ctrl-C end " .. what .. " that blocks the main program", function()
      if not xai.fd() then return pending("the loop waits itself where there is no descriptor") end
      says("false cancelled interrupted\ngrok-3\n", ([[
        local kill = ("(sleep 0.2; kill -INT %%d) &"):format(uv.os_getpid())
        after(50, function() os.execute(kill) end) -- the program waits again when the signal comes
        local ok, err = pcall(function() %s end)
        say(ok, err.kind, err.message)
        say(client:get_model("grok-3").id)
      ]]):format(code))
    end)
  end

  it("serves a call that blocks a callback of the loop", function()
    says(("grok-3 13\n"):rep(2), [[
      local function work()
        local id = client:get_model("grok-3").id
        local _, count = read(assert(client:chat(hello(true))))
        say(id, count)
      end
      after(1, work)
      client:start("get_api_key", { on_done = work })
      uv.run()
    ]])
  end)

  it("runs tasks, sleeps and started calls", function()
    says("1 2 3\nfirst 30\nlater\n", [[
      say(xai.run(function()
        local results = xai.map({ 1, 2, 3 }, function(n)
          assert(client:get_model("grok-3"))
          xai.sleep(0.01 * (4 - n))
          return n
        end)
        return (table.unpack or unpack)(results)
      end))
      local order = {}
      for _, ms in ipairs { 60, 30 } do
        xai.spawn(function()
          xai.sleep(ms / 1000)
          order[#order + 1] = ms
        end)
      end
      uv.run()
      say("first", order[1])
      local task = xai.spawn(function() xai.sleep(60) end)
      after(10, function() task:cancel() end)
      uv.run()
      say "later"
    ]])
  end)

  it("serves hundreds of tasks that cannot yield where they wait", function()
    says("300\n", [[
      local ended = 0
      for _ = 1, 300 do
        xai.spawn(function()
          table.sort({ 1, 2 }, function(a, b) return client:get_model("grok-3").id and a < b end)
          ended = ended + 1
        end)
      end
      uv.run()
      say(ended)
    ]])
  end)

  it("cancels, and the server sees it", function()
    says("cancelled\naborted\n", [[
      local call
      call = client:start("chat", hello(true), with("endless,3", {
        on_event = function() call:cancel() end,
        on_done = function(_, _, info) say(info.kind) end,
      }))
      coroutine.wrap(function()
        call:wait()
        say(ended(1))
      end)()
      uv.run()
    ]])
  end)

  it("lets callbacks start, cancel and close anything, and detach", function()
    says("closed cancelled closed 2\n", [[
      local kinds, others, called = {}, 0, false
      local mine = xai.new { max_retries = 0 }
      local function note(i) return function(_, _, info) kinds[i] = info.kind end end
      local second = client:start("chat", hello(true), with("endless,3", { on_done = note(2) }))
      mine:start("chat", hello(), with("stall-before-head", { on_done = note(3) }))
      mine:start("chat", hello(true), with("endless,3", {
        on_event = function()
          if called then return end
          called = true
          client:start("get_model", "grok-3", { on_done = function() others = others + 1 end })
          second:cancel()
          mine:close()
        end,
        on_done = note(1),
      }))
      uv.run()
      client:start("get_model", "grok-3", { on_done = function()
        handle:detach()
        handle = require("xai.uv").attach()
        client:start("get_model", "grok-3", { on_done = function() others = others + 1 end })
      end })
      uv.run()
      say(kinds[1], kinds[2], kinds[3], others)
    ]])
  end)

  it("reports errors of callbacks, coroutines and tasks, and goes on", function()
    local said = run [[
      xai.on_error = function(err, traceback) say(err, traceback:find "stack traceback" ~= nil) end
      client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
      uv.run()
      coroutine.wrap(function()
        client:get_model("grok-3")
        error("coroutine", 0)
      end)()
      uv.run()
      xai.spawn(function() client:get_model("grok-3") error({}, 0) end)
      uv.run()
      xai.on_error = function() error "reporter" end
      client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
      uv.run()
      say(client:get_model("grok-3").id)
    ]]
    assert.matches("callback true\ncoroutine true\ntable: %S+ true\ngrok%-3\n$", said)
    assert.matches("xai: error in a callback: callback\n", said)
  end)

  it("leaves no stream open where a coroutine fails", function()
    if not rawget(coroutine, "close") then return pending("this Lua cannot close a coroutine") end
    says("true aborted\n", [[
      collectgarbage "stop"
      local failed = false
      xai.on_error = function(_, traceback) failed = traceback:find "enough\nstack traceback:" ~= nil end
      coroutine.wrap(function()
        for _ in assert(client:chat(hello(true), with "endless,3")) do error "enough" end -- luacheck: ignore 512
      end)()
      coroutine.wrap(function()
        local how = ended(1)
        say(failed, how)
      end)()
      uv.run()
    ]])
  end)

  it("ends what a coroutine waits for that is closed", function()
    if not rawget(coroutine, "close") then return pending("this Lua cannot close a coroutine") end
    says("true true true true 0 false\n", [[
      local stalled = with "stall-before-head"
      local threads, closed = {}, {}
      local function go(f) threads[#threads + 1] = coroutine.create(f) coroutine.resume(threads[#threads]) end
      go(function() client:chat(hello(), stalled) end)
      go(function() client:chat(hello(true), stalled) end)
      go(function() assert(client:chat(hello(true), with "stall-in-stream,2")):result() end)
      go(function() xai.sleep(100) end)
      after(100, function()
        for i, thread in ipairs(threads) do closed[i] = coroutine.close(thread) end
      end)
      local left = uv.run()
      say(closed[1], closed[2], closed[3], closed[4], xai.active(), left)
    ]])
  end)

  it("waits on when somebody else resumes the coroutine", function()
    says("resumed\ngrok-3\n", [[
      local thread = coroutine.create(function()
        local id = client:get_model("grok-3").id
        say(id)
        coroutine.yield() -- its own: nobody else may resume it
        say "never"
      end)
      coroutine.resume(thread)
      coroutine.resume(thread)
      say "resumed"
      uv.run()
    ]])
  end)

  it("gives the loop its turns between the events of a fast stream", function()
    says("true 13\n", [[
      local turns, events, seen = 0, 0, {}
      local check = uv.new_check()
      check:start(function() turns = turns + 1 end)
      client:start("chat", hello(true), {
        on_event = function()
          events = events + 1
          seen[turns] = true
          local till = core.now() + 0.003
          while core.now() < till do end
        end,
        on_done = function() check:close() end,
      })
      uv.run()
      local different = 0
      for _ in pairs(seen) do different = different + 1 end
      say(different >= 3, events)
    ]])
  end)

  it("attached twice needs two detaches; then calls wait without the loop", function()
    says("true true false 0\ngrok-3 0\nresumed grok-3\n", [[
      local first, second = handle, require("xai.uv").attach { uv = counting_uv }
      local wait = require "xai.runtime.wait"
      first:detach()
      first:detach()
      local attached = wait.host ~= nil
      coroutine.wrap(function() client:get_model("grok-3") handle = "resumed" end)()
      second:detach()
      say(attached, handle == first, wait.host ~= nil, core.active() - 1)
      counted.calls = 0
      say(client:get_model("grok-3").id, counted.calls)
      while handle == first do xai.step(1) end
      say(handle, client:get_model("grok-3").id)
    ]], COUNTING)
  end)

  it("looks from a timer where there is no descriptor, and stops it", function()
    says("13 2 false 0\n", [[
      local _, count = read(assert(client:chat(hello(true))))
      client:start("chat", hello())
      uv.run()
      counted.calls = 0
      after(100, function() end)
      say(count, counted.handles, uv.run(), counted.calls)
    ]], "core.fd = function() end\n" .. COUNTING)
  end)

  it("hands everything to `schedule`, once for each drain", function()
    says("true 65 true true\n", [[
      local scheduled, waiting, most, inside, outside = 0, 0, 0, false, 0
      local function schedule(f)
        scheduled, waiting = scheduled + 1, waiting + 1
        most = math.max(most, waiting)
        after(5, function()
          waiting, inside = waiting - 1, true
          f()
          inside = false
        end)
      end
      require("xai.uv").attach { schedule = schedule }
      local events = 0
      for _ = 1, 5 do
        client:start("chat", hello(true), { on_event = function()
          events = events + 1
          if not inside then outside = outside + 1 end
        end })
      end
      uv.run()
      say(scheduled < events, events, most == 1, outside == 0)
    ]], "")
  end)

  it("gives a task that yields by itself its turns", function()
    says("5 2\n", [[
      local turns = 0
      xai.spawn(function()
        for _ = 1, 5 do
          coroutine.yield()
          turns = turns + 1
        end
      end)
      uv.run()
      say(turns, xai.run(function()
        coroutine.yield()
        return 2
      end))
    ]])
  end)

  it("raises in a wait that cannot end, also within the loop", function()
    says("false true\n", [[
      after(1, function()
        local one, other
        one = xai.spawn(function() other:wait() end)
        other = xai.spawn(function() one:wait() end)
        local ok, err = pcall(one.wait, one)
        say(ok, tostring(err):find("cannot end", 1, true) ~= nil)
        os.exit(0)
      end)
      uv.run()
    ]])
  end)

  it("makes its handles anew when somebody has closed all of the loop's", function()
    says("grok-3\ngrok-3\n", [[
      say(client:get_model("grok-3").id)
      uv.walk(function(open) if not open:is_closing() then open:close() end end)
      uv.run()
      say(client:get_model("grok-3").id)
    ]])
  end)

  it("raises in a wait that cannot end", function()
    says("false true\n", [[
      local one, other
      one = xai.spawn(function() other:wait() end)
      other = xai.spawn(function() one:wait() end)
      local ok, err = pcall(one.wait, one)
      say(ok, err:find "cannot end" ~= nil)
    ]])
  end)

  it("raises for misuse", function()
    says("false false false false\n", [[
      local attach = require("xai.uv").attach
      say((pcall(attach, 1)), (pcall(attach, { shedule = print })), (pcall(attach, { schedule = 1 })),
        (pcall(attach, { uv = {} })))
    ]])
  end)

  it("ends a program with calls in flight cleanly", function()
    says("bye\n", [[
      for _ = 1, 20 do client:start("chat", hello(true), with "endless,3") end
      coroutine.wrap(function() client:chat(hello(), with "stall-before-head") end)()
      after(50, function() uv.stop() end)
      uv.run()
      say "bye"
    ]])
  end)
end)
