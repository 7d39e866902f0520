--- Ctrl-C: what it ends, xai.on_interrupt, and what comes after it.
--
-- Each is a program of its own, which sends itself the signal.

local child = require "spec.support.child"
local rig = require "spec.support.rig"

local same = assert.same
local house

local PRELUDE = [[
  io.stdout:setvbuf "no"
  local xai = require "xai"
  local pipe = io.popen "echo $PPID"
  local PID = pipe:read "*l"
  pipe:close()
  -- (os.execute would have the signal ignored in the meantime.)
  local function press() io.popen("kill -INT " .. PID):close() end
  local function press_soon() io.popen("(sleep 0.1; kill -INT " .. PID .. ") >/dev/null 2>&1 &"):close() end
  local function show(...)
    local list = { ... }
    for i = 1, select("#", ...) do
      local value = list[i]
      if type(value) == "table" then value = value.kind .. "/" .. value.message end
      list[i] = tostring(value)
    end
    print(table.concat(list, " "))
  end
  local client = xai.new { api_key = %q, base_url = %q, max_retries = 0 }
  local hello = { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } } }
  local streamed = { model = "grok-4.5", messages = hello.messages, stream = true }
  local function with(fault) return { headers = { ["x-fault"] = fault } } end
  local silent = with "stall-before-head"
]]

--- What a program says.
local function said(code, environment)
  return child.lua(PRELUDE:format(rig.KEY, house.server.url) .. code, environment)
end

local function says(expected, code, environment)
  same(expected, said(code, environment))
end

-- What waits, and is to be left.
local WAITS = {
  ["a call"] = "client:chat(hello, silent)",
  ["the head of a stream"] = "client:chat(streamed, silent)",
  ["the next event"] = 'for _ in assert(client:chat(streamed, with "stall-in-stream,3")) do end',
  ["the text"] = 'for _ in assert(client:chat(streamed, with "stall-in-stream,3")):text() do end',
  ["the result of a stream"] = 'assert(client:chat(streamed, with "stall-in-stream,3")):result()',
  ["a started call"] = 'client:start("chat", hello, silent):wait()',
  ["xai.sleep"] = "xai.sleep(60)",
  ["xai.run"] = "xai.run(function() client:chat(hello, silent) end)",
  ["xai.run that sleeps"] = "xai.run(xai.sleep, 60)",
  ["xai.all"] = "xai.all { function() xai.sleep(60) end, function() client:chat(hello, silent) end }",
  ["xai.map"] = "xai.map({ 1, 2, 3 }, function() xai.sleep(60) end, 2)",
  ["task:wait"] = "xai.spawn(xai.sleep, 60):wait()",
  ["xai.step"] = "client:start('chat', hello, silent) while true do xai.step(60) end",
  ["xai.update"] = "client:start('chat', hello, silent) while true do xai.update(2) end",
  ["a wait in a callback"] =
    [[client:start("list_models", { on_done = function() xai.sleep(60) end }):wait() xai.sleep(60)]],
}

describe("Ctrl-C (real use, 47)", function()
  setup(function() house = rig.open() end)
  teardown(function() house:close() end)

  for name, code in pairs(WAITS) do
    -- (xai.update waits for nothing: there Lua raises in the program's own loop.)
    local it_if = name == "xai.update" and function() end or it
    it_if("ends " .. name .. " with the kind `cancelled`, each time", function()
      says(("false cancelled/interrupted\n"):rep(3) .. "grok-3\n", ([[
        for _ = 1, 3 do
          press_soon()
          show(pcall(function() %s end))
        end
        show(client:get_model("grok-3").id)
      ]]):format(code))
    end)

    it("ends " .. name .. " as xai.on_interrupt(error) says, each time", function()
      says(("false cancelled/interrupted\n"):rep(3) .. "grok-3\n", ([[
        xai.on_interrupt(error)
        for _ = 1, 3 do
          press_soon()
          show(pcall(function() %s end))
        end
        show(client:get_model("grok-3").id)
      ]]):format(code))
    end)
  end

  it("ends a program that does not catch it", function()
    local output = said [[ press_soon() client:chat(hello, silent) ]]
    assert.matches(_VERSION == "Lua 5.1" and "lua" or "cancelled: interrupted", output)
    output = said [[ xai.on_interrupt(function() error("stopped by the user", 0) end) press_soon() xai.sleep(60) ]]
    assert.matches("stopped by the user", output)
  end)
end)

describe("xai.on_interrupt (real use, 47)", function()
  setup(function() house = rig.open() end)
  teardown(function() house:close() end)

  it("lets the program go on where its function returns, and calls it each time", function()
    says("heard cancelled\nheard cancelled\nheard cancelled\n3 table\n", [[
      local count = 0
      xai.on_interrupt(function(err)
        count = count + 1
        print("heard " .. err.kind)
      end)
      for _ = 1, 3 do press() xai.sleep(0.01) end
      show(count, type(client:chat(hello)))
    ]])
  end)

  it("calls it once for what was pressed while the program did other things", function()
    says("1\n", [[
      local count = 0
      xai.on_interrupt(function() count = count + 1 end)
      press()
      for _ = 1, 3 do xai.sleep(0.001) end
      print(count)
    ]])
  end)

  it("raises any error as it is, through callbacks and the waits in them", function()
    says("false mine\nfalse mine\nfalse 42\n", [[
      xai.on_interrupt(function() error("mine", 0) end)
      press()
      show(pcall(xai.sleep, 60))
      client:start("list_models", { on_done = function() press() xai.sleep(60) end })
      show(pcall(function() while true do xai.step(1) end end))
      xai.on_interrupt(function() error(42, 0) end)
      press()
      show(pcall(client.chat, client, hello, silent))
    ]])
  end)

  it("its function may close a stream, whose reader has what came", function()
    says("nil closed Lua is a\n", [[
      local stream = assert(client:chat(streamed, with "stall-in-stream,3"))
      xai.on_interrupt(function() stream:close() end)
      press_soon()
      local _, message, info
      repeat _, message, info = stream:next() until not _
      show(_, info.kind, info.partial.choices[1].message.content)
    ]])
  end)

  it("its function may cancel a task; the others go on", function()
    says("cancelled done\n", [[
      xai.run(function()
        local long = xai.spawn(function() client:chat(hello, silent) end)
        local short = xai.spawn(function() while long:status() ~= "cancelled" do xai.sleep(0.01) end end)
        xai.on_interrupt(function() long:cancel() end)
        press_soon()
        short:wait()
        show(long:status(), short:status())
      end)
    ]])
  end)

  it("an error that leaves xai.run cancels the tasks of that run and no others", function()
    says("false cancelled/interrupted cancelled cancelled waiting 1\ndone\n", [[
      xai.on_interrupt(error)
      local outside = xai.spawn(function() xai.sleep(0.3) end)
      local inside, call
      press_soon()
      local ok, err = pcall(xai.run, function()
        inside = { xai.spawn(xai.sleep, 60), xai.spawn(function() client:chat(hello, silent) end) }
        call = client:start("chat", hello, silent)
        xai.sleep(60)
      end)
      xai.step(0)
      show(ok, err, inside[1]:status(), inside[2]:status(), outside:status(), xai.active())
      call:cancel()
      outside:wait()
      show(outside:status())
    ]])
  end)

  it("is called in no task, also where one blocks", function()
    says("main\nmain\n", [[
      local pump = require "xai.runtime.loop"
      xai.on_interrupt(function() print(pump.current() and "task" or "main") end)
      xai.run(function() press() xai.sleep(0.01) end)
      xai.run(function() table.sort({ 1, 2 }, function() press() xai.sleep(0.01) return false end) end)
    ]])
  end)

  it("nil gives it back to the interpreter, whose handler works each time, too", function()
    says("nil true true nil\nfalse cancelled/interrupted\nfalse cancelled/interrupted\ntrue\n", [[
      local f, g = function() error "never" end, function() error "never" end
      local a, b = xai.on_interrupt(f), xai.on_interrupt(g) == f
      show(a, b, xai.on_interrupt(nil) == g, xai.on_interrupt(nil))
      for _ = 1, 2 do
        press_soon()
        show(pcall(xai.sleep, 60))
      end
      show(not pcall(function() press() for i = 1, 1e9 do local _ = {} end end))
    ]])
  end)

  it("breaks off nothing that the program reads or writes meanwhile", function()
    says("line\nheard\n200000\nheard\n", [[
      xai.on_interrupt(function() print "heard" end)
      local slow = io.popen "sleep 0.3; echo line"
      press_soon()
      show(slow:read "*l")
      slow:close()
      xai.sleep(0.001)
      local reader = io.popen("sleep 0.3; wc -c", "w")
      press_soon()
      reader:write(("x"):rep(200000))
      reader:close()
      xai.sleep(0.01)
    ]])
  end)

  it("gives it back to the interpreter also where that has just used it up", function()
    says("true\nheard\nfalse cancelled/interrupted\n", [[
      show(not pcall(function() press() for i = 1, 1e9 do local _ = {} end end))
      xai.on_interrupt(function() print "heard" end)
      press()
      xai.sleep(0.01)
      xai.on_interrupt(nil)
      press_soon()
      show(pcall(xai.sleep, 60))
    ]])
  end)

  it("pressed twice while the program computes, it does what it did before", function()
    says("false true\nheard\nfalse true\nheard\n", [[
      xai.on_interrupt(function() print "heard" end)
      for _ = 1, 2 do
        local ok, err = pcall(function()
          press()
          press()
          for i = 1, 1e9 do local _ = {} end
        end)
        show(ok, tostring(err):find("interrupted!", 1, true) ~= nil)
        xai.sleep(0.001) -- and the first of them is heard, then
      end
    ]])
  end)

  it("leaves a handler alone that another one has set meanwhile", function()
    says("luv\nluv\n", [[
      local uv = require "luv"
      xai.on_interrupt(function() print "never" end)
      local signal = uv.new_signal()
      signal:start("sigint", function() print "luv" end)
      press()
      uv.run "nowait"
      xai.sleep(0.01)
      xai.on_interrupt(nil)
      press()
      uv.run "nowait"
      signal:close()
      uv.run()
    ]])
  end)

  it("gives one back that was there before", function()
    says("ours\nluv\n", [[
      local uv = require "luv"
      local signal = uv.new_signal()
      signal:start("sigint", function() print "luv" end)
      xai.on_interrupt(function() print "ours" end)
      press()
      xai.sleep(0.01)
      xai.on_interrupt(nil)
      press()
      uv.run "nowait"
      signal:close()
      uv.run()
    ]])
  end)

  it("its function may wait and call; pressed meanwhile, it is called again after that", function()
    says("begin\nlist\nend\nbegin\nlist\nend\n", [[
      local first = true
      xai.on_interrupt(function()
        print "begin"
        if first then press() end
        first = false
        print(assert(client:list_models()).object)
        print "end"
      end)
      press()
      xai.sleep(0.05)
    ]])
  end)

  it("is refused what is no function", function()
    says("false xai.on_interrupt: expected a function or nil, got number\n", [[
      local ok, err = pcall(xai.on_interrupt, 5)
      print(tostring(ok) .. " " .. err:gsub("^.-:%d+: ", ""))
    ]])
  end)

  it("in luv's loop, coroutines and waits that block", function()
    says("heard\ncancelled\nfalse cancelled/interrupted\n", [[
      local uv = require "luv"
      require("xai.uv").attach()
      local call
      coroutine.wrap(function()
        call = client:start("chat", hello, silent)
        print(select(3, call:wait()).kind)
      end)()
      xai.on_interrupt(function() print "heard" call:cancel() end)
      press_soon()
      uv.run()
      xai.on_interrupt(error)
      press_soon()
      show(pcall(client.chat, client, hello, silent))
      xai.on_interrupt(nil)
      uv.run()
    ]])
  end)

  if pcall(require, "cqueues") then
    it("in cqueues' loop: it is called, and its error is reported", function()
      says("heard\nreported\ncancelled\ntrue\n", [[
        local loop = require("cqueues").new()
        require "xai.cqueues"
        xai.on_error = function() print "reported" end
        loop:wrap(function()
          local call = client:start("chat", hello, silent)
          xai.on_interrupt(function() print "heard" call:cancel() error "mine" end)
          press_soon()
          print(select(3, call:wait()).kind)
        end)
        print(loop:loop())
      ]])
    end)
  end

  if pcall(require, "posix.unistd") then
    it("in a process that was forked, the child's is the child's", function()
      says("child\nchild ends\nparent 0\n", [[
        local unistd, wait = require "posix.unistd", require("posix.sys.wait").wait
        local who, count = "parent", 0
        xai.on_interrupt(function() count = count + 1 print(who) end)
        local process = unistd.fork()
        if process == 0 then
          who = "child"
          local pipe = io.popen "echo $PPID"
          PID = pipe:read "*l"
          pipe:close()
          press()
          xai.sleep(0.01)
          print "child ends"
          os.exit(0, true)
        end
        wait(process)
        xai.sleep(0.01)
        print("parent " .. count)
      ]], child.NO_LEAKS)
    end)
  end

  it("another loop is told by xai.fd and xai.timeout", function()
    says("0\nheard\nnil\n", [[
      xai.on_interrupt(function() print "heard" end)
      if xai.fd() then xai.timeout() end
      press()
      print(("%d"):format(xai.timeout()))
      xai.step(0)
      print(xai.timeout())
    ]])
  end)
end)
