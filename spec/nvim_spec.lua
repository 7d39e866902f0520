--- xai.uv inside Neovim: each promise in a headless Neovim of its own.

local neovim = require("spec.support.nvim")

if _VERSION ~= "Lua 5.1" then return end -- Neovim's LuaJIT loads what was built for Lua 5.1

local TEXT = "Lua is a small, quick language that lives happily inside other programs."

local run, says = neovim.run, neovim.says

describe("xai.uv inside Neovim", function()
  if not neovim.is_here() then
    pending "there is no nvim"
    return
  end

  setup(neovim.open)
  teardown(neovim.close)

  it("reads 50 streams in coroutines that edit buffers, each complete", function()
    says("true 50 50 651\n", [[
      local whole, ended_well = 0, 0
      for _ = 1, 50 do
        coroutine.wrap(function()
          local text = {}
          for event in assert(client:chat(hello(true), with "split,40")) do
            vim.api.nvim_buf_set_lines(0, -1, -1, false, { "event" })
            text[#text + 1] = event.choices[1].delta.content or ""
          end
          ended_well = ended_well + 1
          if table.concat(text) == TEXT then whole = whole + 1 end
        end)()
      end
      say(vim.wait(10000, function() return ended_well == 50 end), ended_well, whole, vim.api.nvim_buf_line_count(0))
    ]])
  end)

  it("calls callbacks where all of Neovim's functions may be used, by one schedule for each drain", function()
    says("true 130 0 1 true\n", [[
      local events, done, fast = 0, 0, 0
      for _ = 1, 10 do
        client:start("chat", hello(true), {
          on_event = function()
            events = events + 1
            if vim.in_fast_event() then fast = fast + 1 end
            vim.api.nvim_buf_set_lines(0, 0, 1, false, { "event" })
          end,
          on_done = function() done = done + 1 end,
        })
      end
      say(vim.wait(5000, function() return done == 10 end), events, fast, scheduled.most, scheduled.count < events)
    ]], 'require("xai.uv").attach { schedule = counting_schedule }\n')
  end)

  it("wakes nobody with nothing in flight", function()
    says("true 0\n", [[
      client:chat(hello())
      local worked = counted.calls > 0
      vim.wait(50)
      counted.calls = 0
      vim.wait(300)
      say(worked, counted.calls)
    ]], 'require("xai.uv").attach { uv = counting_uv, schedule = vim.schedule }\n')
  end)

  it("lets a call block the main program while the editor goes on", function()
    says("true true\n", [[
      local ticks, timer = 0, uv.new_timer()
      timer:start(0, 1, vim.schedule_wrap(function()
        ticks = ticks + 1
        vim.api.nvim_buf_set_lines(0, 0, 1, false, { tostring(ticks) })
      end))
      local answer = client:chat(hello(), with "late-head,200")
      timer:close()
      say(answer.choices[1].message.content == TEXT, ticks > 10)
    ]])
  end)

  it("serves a call that blocks a callback", function()
    says("grok-3 13\n", [[
      local finished
      client:start("get_api_key", { on_done = function()
        local id = client:get_model("grok-3").id
        local _, count = read(assert(client:chat(hello(true))))
        say(id, count)
        finished = true
      end })
      vim.wait(5000, function() return finished end)
    ]])
  end)

  it("raises where a call would block a fast event, and not in its coroutines", function()
    says("false true\ngrok-3 false\n", [[
      local tried, id
      after(1, function()
        tried = { pcall(client.get_model, client, "grok-3") }
        coroutine.wrap(function()
          id = client:get_model("grok-3").id
          say(id, vim.in_fast_event())
        end)()
      end)
      vim.wait(100, function() return tried end)
      say(tried[1], tried[2]:find "fast event" ~= nil)
      vim.wait(5000, function() return id end)
    ]])
  end)

  it("runs tasks and sleeps", function()
    says("1 2 3\ntrue\n", [[
      say(unpack(xai.run(function()
        return xai.map({ 1, 2, 3 }, function(n)
          assert(client:get_model("grok-3"))
          xai.sleep(0.01 * (4 - n))
          return n
        end)
      end)))
      local slept
      xai.spawn(function() xai.sleep(0.02) slept = true end)
      say((vim.wait(5000, function() return slept end)))
    ]])
  end)

  it("reports errors of callbacks and coroutines, and goes on", function()
    says("callback\ncoroutine\ntrue\n", [[
      local reported = 0
      xai.on_error = function(err) say(err) reported = reported + 1 end
      client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
      vim.wait(5000, function() return reported == 1 end)
      coroutine.wrap(function()
        client:get_model("grok-3")
        error("coroutine", 0)
      end)()
      say((vim.wait(5000, function() return reported == 2 end)))
    ]])
  end)

  -- What goes on beside the call that <C-c> ends, in the Neovim that makes it.
  local BESIDE = {
    ["nothing else goes on"] = "",
    ["the loop never rests"] = "busy = vim.loop.new_idle() busy:start(function() end)",
  }

  for name, beside in pairs(BESIDE) do
    it(("ends a blocking call on <C-c>, and the server sees it, where %s"):format(name), function()
      says("false cancelled interrupted\naborted\ngrok-3\n", ([[
        local inner, ask = embedded()
        ask %q
        vim.fn.rpcnotify(inner, "nvim_exec_lua", OUTLINE, { hello() })
        local seen = false
        repeat
          for _, request in ipairs(client:request { path = "/_/requests" }) do
            if request.method == "POST" and request.open and not request.path:find "/_/" then seen = true end
          end
        until seen
        vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
        local outcome
        vim.wait(5000, function()
          outcome = ask "return outcome or false"
          return outcome
        end, 20)
        say(unpack(outcome))
        say(xai.run(function() return ended(1) end))
        say(ask "return client:get_model('grok-3').id")
        vim.fn.jobstop(inner)
      ]]):format(beside))
    end)
  end

  it("ends a loop over a stream on <C-c>, however soon each event comes", function()
    says("stopped cancelled true\nstopped cancelled true\n", [[
      local inner, ask = embedded()
      for _, fault in ipairs { "slow-words,50", "endless,1" } do
        ask "count, outcome = 0, nil"
        vim.fn.rpcnotify(inner, "nvim_exec_lua", [=[
          local body, fault = ...
          local ok, err = pcall(function()
            for _ in assert(client:chat(body, { headers = { ["x-fault"] = fault } })) do
              count = count + 1
            end
          end)
          outcome = { ok and "read all" or "stopped", not ok and err.kind or "" }
        ]=], { hello(true), fault })
        pass(300)
        vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
        local outcome
        vim.wait(5000, function()
          outcome = ask "return outcome or false"
          return outcome
        end, 20)
        say(outcome[1], outcome[2], fault == "endless,1" or ask "return count" < 13)
      end
      vim.fn.jobstop(inner)
    ]])
  end)

  it("goes on while a callback runs the editor's loop", function()
    says("true grok-3\n", [[
      local finished
      client:start("get_model", "grok-3", { on_done = function()
        local other = client:start("get_model", "grok-3")
        local ok = vim.wait(3000, function() return other:done() end, 10)
        finished = { ok, ok and other:result().id }
      end })
      vim.wait(5000, function() return finished end)
      say(unpack(finished))
    ]])
  end)

  it("blocks in a call also with another `schedule`", function()
    says("grok-3\n", [[
      require("xai.uv").attach { schedule = function(f) vim.schedule(f) end }
      say(client:get_model("grok-3").id)
    ]], "")
  end)

  it("tells of a call's end in the main loop, where a fast event cancels it", function()
    says("false false cancelled\n", [[
      local fast, told
      local call = client:start("chat", hello(), with("stall-before-head", {
        on_done = function(_, _, info) fast, told = vim.in_fast_event(), info.kind end,
      }))
      local at_once
      after(30, function()
        call:cancel()
        at_once = told ~= nil
      end)
      vim.wait(3000, function() return told end, 10)
      say(at_once, fast, told)
    ]])
  end)

  it("refuses to wait for a call in a fast event, and leaves the call alone", function()
    says("false true\ntrue\n", [[
      local call = client:start("chat", hello(), with "late-head,200")
      local ok, err
      after(20, function() ok, err = pcall(call.wait, call) end)
      pass(60)
      say(ok, tostring(err):find("fast event", 1, true) ~= nil)
      say(call:wait().choices[1].message.content == TEXT)
    ]])
  end)

  it("can be attached in a fast event, and is told when Neovim leaves", function()
    says("true\nclosed\n", [[
      local ok
      after(1, function() ok = pcall(require("xai.uv").attach) end)
      pass(30)
      say(ok)
      client:start("chat", hello(), with("stall-before-head", { on_done = function(_, _, info) say(info.kind) end }))
    ]], "")
  end)

  -- How who reads slowly what is here already comes to do so, and whether the editor has its turns meanwhile.
  local READERS = {
    { "somebody", "go()", true },
    { "a callback", 'client:start("get_model", "grok-3", { on_done = go })', true },
    { "a task that cannot yield", "xai.spawn(function() table.sort({ 1, 2 }, go) end)", true },
    { "a frame's callback", [[
      client:start("get_model", "grok-3", { on_done = go })
      while not outcome do xai.update(1) end
    ]], false },
  }

  for _, reader in ipairs(READERS) do
    local who, code, has_turns = reader[1], reader[2], reader[3]
    local when = has_turns and "" or " later,"
    it(("has its turns%s while %s reads slowly what is here already"):format(when, who), function()
      says(("13 %s\n"):format(tostring(has_turns)), ([[
        local ticks, timer, count, outcome = 0, uv.new_timer(), nil, nil
        local stream = assert(client:chat(hello(true)))
        pass(50)
        local function go()
          if count then return end
          count = 0
          timer:start(0, 5, vim.schedule_wrap(function() ticks = ticks + 1 end))
          for _ in stream do
            count = count + 1
            local over = core.now() + 0.03
            repeat until core.now() > over
          end
          timer:stop()
          outcome = { count, ticks >= 3 }
        end
        %s
        vim.wait(5000, function() return outcome end, 5)
        say(unpack(outcome))
      ]]):format(code))
    end)
  end

  it("tells of calls that end while a callback reads slowly what is here already", function()
    says("13 true\n", [[
      local count, ended
      local stream = assert(client:chat(hello(true)))
      pass(50)
      client:start("get_model", "grok-3", { on_done = function()
        client:start("get_model", "grok-3", { on_done = function() ended = true end })
        local events, early = 0, nil
        for _ in stream do
          events, early = events + 1, early or ended
          local over = core.now() + 0.03
          repeat until core.now() > over
        end
        count = { events, early or false }
      end })
      vim.wait(5000, function() return count end, 5)
      say(unpack(count))
    ]])
  end)

  it("notices <C-c> while a callback reads a stream whose events are here, and goes on", function()
    says("cancelled interrupted\ngrok-3\n", [[
      local inner, ask = embedded()
      ask("stream = assert(client:chat(..., { headers = { ['x-fault'] = 'endless,1' } }))", hello(true))
      pass(500)
      vim.fn.rpcnotify(inner, "nvim_exec_lua", [=[
        client:start("get_model", "grok-3", { on_done = function()
          local _, err = pcall(function()
            for _ in stream do
              local over = vim.loop.hrtime() + 2e7
              repeat until vim.loop.hrtime() > over
            end
          end)
          outcome = { err.kind, err.message }
        end })
      ]=], {})
      pass(200)
      vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
      local outcome
      local killer = uv.new_timer() -- it would not answer for as long as there are events
      killer:start(15000, 0, function() uv.kill(vim.fn.jobpid(inner), 9) end)
      vim.wait(20000, function()
        outcome = ask "return outcome or false"
        return outcome
      end, 20)
      killer:close()
      say(unpack(outcome))
      say(ask "return client:get_model('grok-3').id")
      vim.fn.jobstop(inner)
    ]])
  end)

  it("has the errors of callbacks among the messages", function()
    assert.matches("true true\n$", run [[
      client:start("get_model", "grok-3", { on_done = function() error "boom" end })
      local function messages() return vim.fn.execute "messages" end
      local found = vim.wait(3000, function() return messages():find("boom", 1, true) end, 10)
      say(found, messages():find("xai: error in a callback", 1, true) ~= nil)
    ]])
  end)

  it("ends calls in flight when Neovim leaves, and their callbacks hear of it", function()
    says("closed\nclosed\nnone\n", [[
      client:start("chat", hello(), with("stall-before-head", {
        on_done = function(_, _, info)
          say(info.kind)
          say(select(3, client:chat(hello())).kind)
        end,
      }))
      for _ = 1, 20 do client:start("chat", hello(true), with "endless,3") end
      pass(50)
      vim.api.nvim_create_autocmd("VimLeave", { callback = function() say(core.active() == 0 and "none") end })
    ]])
  end)

  it("tells also those who wait for others, when Neovim leaves", function()
    says("first\nsecond\nthird\n", [[
      local function tells(name, f)
        return xai.spawn(function()
          pcall(f)
          say(name)
        end)
      end
      local first = tells("first", function() client:chat(hello(), with "stall-before-head") end)
      local second = tells("second", function() first:wait() end)
      tells("third", function() second:wait() end)
      pass(30)
    ]])
  end)

  it("has what `debug` tells among the messages, not across the screen", function()
    assert.matches("0 curl HTTP\n$", run [[
      local stderr, said = io.stderr, {}
      io.stderr = { write = function(_, ...) said[#said + 1] = table.concat { ... } end } -- luacheck: ignore
      client:start("get_model", "grok-3", { debug = true })
      local notes
      vim.wait(3000, function()
        notes = vim.fn.execute "messages"
        return notes:find("HTTP 200", 1, true)
      end, 10)
      io.stderr = stderr -- luacheck: ignore
      say(#said, notes:match "xai: (curl) %-X GET", notes:match "xai: (HTTP) 200 in")
    ]])
  end)

  for what, code in pairs {
    ["the editor's loop"] = "vim.wait(50)",
    ["other programs"] = [=[for _ = 1, 5 do assert(vim.fn.system "echo hi" == "hi\n") end]=],
  } do
    it(("lets callbacks run %s when Neovim leaves"):format(what), function()
      says("closed\nwent on\n", ([[
        client:start("chat", hello(), { on_done = function(_, _, info)
          say(info.kind)
          %s
          say "went on"
        end })
        vim.cmd "qall!"
      ]]):format(code))
    end)
  end

  local REFUSED = "false xai: this wait cannot end, Neovim is leaving\n"

  it("ends also when callbacks that hear of it want to wait", function()
    says(REFUSED:rep(3) .. "asked twice\n", [[
      local asleep = xai.spawn(function() xai.sleep(1000) end)
      local function ask(on_done) client:start("chat", hello(), with("stall-before-head", { on_done = on_done })) end
      ask(function()
        say(pcall(xai.sleep, 1000))
        say(pcall(asleep.wait, asleep))
        say(pcall(xai.run, function() xai.sleep(1000) end))
        ask(function() say "asked twice" end)
      end)
      pass(30)
    ]])
  end)

  it("leaves those behind that can be suspended, and who cannot be is refused, when Neovim leaves", function()
    says("sleeps closed\nsleeps closed\n" .. REFUSED, [[
      local function sleepy(...)
        say("sleeps", select(3, ...).kind)
        xai.sleep(1000)
        say "never"
      end
      coroutine.wrap(function() sleepy(client:chat(hello(), with "stall-before-head")) end)()
      xai.spawn(function() sleepy(client:chat(hello(), with "stall-before-head")) end)
      coroutine.wrap(function()
        client:chat(hello(), with "stall-before-head")
        table.sort({ 1, 2 }, function()
          say(pcall(xai.sleep, 1000))
          return false
        end)
      end)()
      pass(30)
    ]])
  end)

  it("serves what needs no waiting when Neovim leaves, and ends beside who never rests", function()
    says("1 closed 2\n", [[
      xai.spawn(function() while true do coroutine.yield() end end)
      local function again() client:start("chat", hello(), { on_done = again }) end
      local waits = xai.spawn(function() return (select(3, client:chat(hello(), with "stall-before-head"))) end)
      client:start("chat", hello(), with("stall-before-head", { on_done = function()
        say(xai.run(function() return 1 end), waits:wait().kind, #xai.map({ 1, 2 }, function(n) return n end))
        again()
      end }))
      pass(30)
    ]])
  end)

  for what, code in pairs {
    ["while events come"] = { "endless,3", "" },
    ["when all has come"] = { "split,40", "pass(200)" },
  } do
    it("tells a call from whose event Neovim leaves, " .. what, function()
      says("1 true\n", ([[
        local count = 0
        client:start("chat", hello(true), with("%s", {
          on_event = function()
            count = count + 1
            %s
            vim.cmd "qall!"
          end,
          on_done = function(result, _, info) say(count, result ~= nil or info.kind == "closed") end,
        }))
        vim.wait(5000, function() return false end)
      ]]):format(code[1], code[2]))
    end)
  end

  it("cannot be held up by an autocommand that follows, though it attaches and runs tasks", function()
    says("1\n" .. REFUSED:rep(2), [[
      client:start("chat", hello(), with "stall-before-head")
      vim.api.nvim_create_autocmd("VimLeave", { callback = function()
        require("xai.uv").attach()
        say(xai.run(function() return 1 end))
        for _, f in ipairs { function() xai.run(xai.sleep, 1000) end, function() xai.sleep(1000) end } do
          say(pcall(f))
        end
      end })
      pass(30)
    ]])
  end)

  it("ends when it leaves from within many waits that cannot yield", function()
    says(REFUSED, [[
      local depth = 0
      local function deeper()
        depth = depth + 1
        if depth == 40 then vim.cmd "qall!" end
        client:get_model "grok-3"
        return false
      end
      client:start("chat", hello(), with("stall-before-head", { on_done = function()
        say(pcall(xai.sleep, 1000))
      end }))
      for _ = 1, 40 do xai.spawn(function() table.sort({ 1, 2 }, deeper) end) end
      vim.wait(20000, function() return false end)
    ]])
  end)

  describe("beside the example plugin,", function()
    local PLUGIN = [[
      vim.opt.runtimepath:append { vim.fn.getcwd() .. "/examples/nvim" }
      vim.cmd "runtime plugin/grok.lua"
      local grok = require "grok"
      local function idle() return grok.count() == 0 end
      local function text(buffer) return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false), "\n") end
    ]]

    it("an answer streams into a scratch buffer, and one undo takes it back", function()
      says("true true true true\n", PLUGIN .. [[
        vim.cmd "Grok What is Lua?"
        local started = not idle()
        vim.wait(5000, idle)
        local whole = text() == "# What is Lua?\n\n" .. TEXT
        vim.cmd "silent undo"
        say(started, whole, text() == "# What is Lua?\n\n", vim.bo.buftype == "nofile")
      ]])
    end)

    it("thinking is folded", function()
      says("> Thinking true true\n", PLUGIN .. [[
        grok.setup { model = "grok-4.3" }
        vim.cmd "Grok What is Lua?"
        vim.wait(5000, idle)
        local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
        say(lines[3], vim.fn.foldclosed(3) == 3, vim.fn.foldclosed(#lines) == -1 and lines[#lines] == TEXT)
      ]])
    end)

    it("the lines of a range go along, and are rewritten in place, undone at once", function()
      says("true true\nbefore\ntrue\nafter\nbefore one two after\n", PLUGIN .. [[
        vim.api.nvim_buf_set_lines(0, 0, -1, false, { "before", "one", "two", "after" })
        vim.cmd "let &undolevels = &undolevels" -- what follows is a change of its own
        local buffer = vim.api.nvim_get_current_buf()
        vim.cmd "2,3Grok What is Lua?"
        vim.wait(5000, idle)
        vim.cmd "wincmd p"
        vim.cmd "2,3GrokEdit Say it in one line"
        vim.wait(5000, idle)
        local log = client:request { path = "/_/requests" }
        local function has_range(request) return request.body:find("one\\ntwo", 1, true) ~= nil end
        say(has_range(log[1]), has_range(log[2]))
        local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
        say(lines[1])
        say(#lines == 3 and #lines[2] > 20)
        say(lines[#lines])
        vim.cmd "silent undo"
        say((text(buffer):gsub("\n", " ")))
      ]])
    end)

    local EDIT = PLUGIN .. [[
      local notes = {}
      vim.notify = function(words) notes[#notes + 1] = words end -- luacheck: ignore
      vim.api.nvim_buf_set_lines(0, 0, -1, false, { "before", "one", "two", "after", "last" })
      vim.cmd "let &undolevels = &undolevels"
      local function shown() return (text():gsub("\n", " ")) end
    ]]

    it("lines that are deleted before the answer comes take no others with them", function()
      says("before after last\n1 Grok: stopped, as the lines were changed meanwhile\n0\n", EDIT .. [[
        grok.setup { client = { headers = { ["x-fault"] = "late-head,100" } } }
        vim.cmd "2,3GrokEdit Say it in one line"
        vim.cmd "2,3delete"
        vim.wait(5000, idle)
        say(shown())
        say(#notes, notes[1])
        say(#vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace "grok", 0, -1, {}))
      ]])
    end)

    for what, command in pairs { undone = "silent undo", ["deleted"] = "2delete", ["changed"] = "2s/$/!/" } do
      it("an answer that is " .. what .. " while it streams in is stopped", function()
        says("true\n1 Grok: stopped, as its text was changed\naborted\n", EDIT .. ([[
          grok.setup { client = { headers = { ["x-fault"] = "endless,3" } } }
          vim.cmd "2,3GrokEdit Say it in one line"
          vim.wait(5000, function() return #shown() > 60 end, 5)
          vim.cmd %q
          local left = shown()
          vim.wait(5000, idle)
          say(left == shown())
          say(#notes, notes[1])
          say(xai.run(function() return ended(1) end))
        ]]):format(command))
      end)
    end

    it("without a key the answer says so, and is over", function()
      says("true over 0\n0\n", EDIT .. [[
        vim.env.XAI_API_KEY = nil
        vim.cmd "2,3GrokEdit Say it in one line"
        vim.cmd "Grok What is Lua?"
        say(text():find("api_key", 1, true) ~= nil, vim.b.grok, grok.count())
        vim.cmd "wincmd p"
        say(#vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace "grok", 0, -1, {}))
      ]])
    end)

    it("a buffer that cannot be changed is not rewritten", function()
      says("0 Grok: this buffer cannot be changed\n", EDIT .. [[
        vim.bo.modifiable = false
        vim.cmd "2,3GrokEdit Say it in one line"
        say(grok.count(), notes[1])
      ]])
    end)

    it("a service that ignores `stream` is understood", function()
      says("true\ntrue 0\n", EDIT .. [[
        grok.setup { client = { headers = { ["x-fault"] = "ignore-stream" } } }
        vim.cmd "Grok What is Lua?"
        vim.wait(5000, idle)
        say(text() == "# What is Lua?\n\n" .. TEXT)
        vim.cmd "wincmd p"
        vim.cmd "2,3GrokEdit What is Lua?"
        vim.wait(5000, idle)
        say(shown() == ("before %s after last"):format(TEXT), #notes)
      ]])
    end)

    it("an edit that is over leaves nothing with the buffer", function()
      says("5 0\n", EDIT .. [[
        local count, kept = 0, setmetatable({}, { __mode = "k" })
        local attach = vim.api.nvim_buf_attach
        vim.api.nvim_buf_attach = function(buffer, send, callbacks) -- luacheck: ignore
          count = count + 1
          for _, callback in pairs(callbacks) do kept[callback] = true end
          return attach(buffer, send, callbacks)
        end
        for _ = 1, 5 do
          vim.cmd "2GrokEdit Say it in one line"
          vim.wait(5000, idle)
          vim.cmd "silent undo"
        end
        collectgarbage()
        collectgarbage()
        say(count, #vim.tbl_keys(kept))
      ]])
    end)

    it("a window has its own bar back after the answer, or when it shows another buffer", function()
      says("true true\n[] []\n[own]\n", [[
        -- 'winbar' came with Neovim 0.8; 'statusline' stands in for it, which is just as local.
        local has, api = vim.fn.has, vim.api
        local get, set = api.nvim_get_option_value, api.nvim_set_option_value
        if has "nvim-0.8" == 0 then
          vim.fn.has = function(what) return what == "nvim-0.8" and 1 or has(what) end -- luacheck: ignore
          api.nvim_get_option_value = function(name, where) -- luacheck: ignore
            if name ~= "winbar" then return get(name, where) end
            return api.nvim_win_call(where.win, function() return get("statusline", { scope = "local" }) end)
          end
          api.nvim_set_option_value = function(name, value, where) -- luacheck: ignore
            if name ~= "winbar" then return set(name, value, where) end
            api.nvim_win_call(where.win, function() set("statusline", value, { scope = "local" }) end)
          end
        end
        local function bar(window) return api.nvim_get_option_value("winbar", { scope = "local", win = window }) end
        local function tells(window) return bar(window):find("Grok: ", 1, true) ~= nil end
      ]] .. EDIT .. [[
        grok.setup { client = { headers = { ["x-fault"] = "endless,3" } } }
        local first, other = api.nvim_get_current_win(), api.nvim_create_buf(true, false)
        api.nvim_set_option_value("winbar", "own", { scope = "local", win = first })
        vim.cmd "set hidden | 2,3GrokEdit Say it in one line"
        vim.cmd "vsplit"
        local second = api.nvim_get_current_win()
        vim.wait(5000, function() return #shown() > 60 end, 5)
        say(tells(first), tells(second))
        api.nvim_set_current_win(first)
        vim.cmd("buffer " .. other)
        local left = bar(first)
        vim.cmd "GrokStop!"
        say(("[%s] [%s]"):format(left, bar(second)))
        vim.cmd "bprevious"
        say(("[%s]"):format(bar(first)))
      ]])
    end)

    -- Counts what the plugin tries to write; `marks` counts what it leaves in a buffer.
    local TRIES = EDIT .. [[
      local tries, api = 0, vim.api
      for _, name in ipairs { "nvim_buf_set_text", "nvim_buf_set_lines" } do
        local set = api[name]
        api[name] = function(...) -- luacheck: ignore
          tries = tries + 1
          return set(...)
        end
      end
      local function after_tries(n)
        tries = 0
        return (vim.wait(5000, function() return tries >= n end, 2))
      end
      local function marks() return #api.nvim_buf_get_extmarks(0, api.nvim_create_namespace "grok", 0, -1, {}) end
      local function treat(fault) grok.setup { client = { headers = { ["x-fault"] = fault } } } end
      local reports = 0
      xai.on_error = function() reports = reports + 1 end

      --- In a mapping that locks all text while it waits.
      local function locked(wait)
        _G.in_mapping = function()
          wait()
          return ""
        end
        vim.cmd "nnoremap <expr> Q v:lua.in_mapping()"
        api.nvim_feedkeys("Q", "mx", false)
      end
    ]]

    it("what comes while text is locked is written later, without a hole", function()
      says("true 0 0\nbefore " .. TEXT .. " after last 0 0\n", TRIES .. [[
        treat "slow-words,5"
        vim.cmd "Grok What is Lua?"
        after_tries(2)
        locked(function() after_tries(3) end)
        vim.wait(5000, idle)
        say(text() == "# What is Lua?\n\n" .. TEXT, #notes, reports)
        vim.cmd "wincmd p"
        vim.cmd "2,3GrokEdit What is Lua?"
        locked(function() after_tries(3) end) -- the lines are not replaced meanwhile, either
        vim.wait(5000, idle)
        say(shown(), #notes, reports)
      ]])
    end)

    it("what comes while a buffer cannot be changed for a moment is written later", function()
      says("true true 0 0\n", TRIES .. [[
        treat "slow-words,5"
        vim.cmd "Grok What is Lua?"
        after_tries(2)
        vim.bo.modifiable = false
        local refused = after_tries(1)
        vim.bo.modifiable = true
        vim.wait(5000, idle)
        say(refused, text() == "# What is Lua?\n\n" .. TEXT, #notes, reports)
      ]])
    end)

    it("what came while text was locked is written also when nothing more comes", function()
      says("true true 0 0\n", TRIES .. [[
        treat "stall-in-stream,3"
        vim.cmd "Grok What is Lua?"
        locked(function() after_tries(1) end)
        local before = text()
        vim.cmd "GrokStop"
        local written = text():find "^# What is Lua%?\n\nLua.*\n\n%[stopped%]$"
        say(before == "# What is Lua?\n\n", written ~= nil, #notes, reports)
      ]])
    end)

    it("an answer that cannot be written in the end says so", function()
      says("before one two after last\n1 Grok: its end could not be written\n0 0\n", TRIES .. [[
        treat "late-head,50"
        vim.cmd "2,3GrokEdit What is Lua?"
        locked(function() vim.wait(5000, idle, 2) end)
        say(shown())
        say(#notes, notes[1])
        say(marks(), reports)
      ]])
    end)

    it("an answer in a buffer that can be changed no more is stopped, with one note", function()
      says("true\n1 Grok: stopped, as the buffer cannot be changed\nover 0 0\naborted\n", TRIES .. [[
        treat "endless,3"
        vim.cmd "Grok What is Lua?"
        after_tries(2)
        vim.bo.modifiable = false
        say((vim.wait(10000, idle)))
        say(#notes, notes[1])
        say(vim.b.grok, marks(), reports)
        say(xai.run(function() return ended(1) end))
      ]])
    end)

    it("GrokStop ends an answer also where the buffer cannot be changed", function()
      says("0 over 0 0\n", TRIES .. [[
        treat "endless,3"
        vim.cmd "Grok What is Lua?"
        after_tries(2)
        vim.bo.modifiable = false
        vim.cmd "GrokStop"
        say(grok.count(), vim.b.grok, marks(), reports)
      ]])
    end)

    it("two edits at once in a buffer are undone at once, and a later one by itself", function()
      says("true\nbefore one two after last\ntrue\n", TRIES .. [[
        local function is_over() -- undo blocks end as often as if somebody were typing
          vim.cmd "let &undolevels = &undolevels"
          return idle()
        end
        treat "slow-words,5"
        vim.cmd "2GrokEdit What is Lua?"
        vim.cmd "4GrokEdit What is Lua?"
        vim.wait(5000, is_over, 1)
        say(shown() == ("before %s two %s last"):format(TEXT, TEXT))
        vim.cmd "silent undo"
        say(shown())
        vim.cmd "2GrokEdit What is Lua?"
        vim.wait(5000, is_over, 1)
        local first = shown()
        vim.cmd "4GrokEdit What is Lua?"
        vim.wait(5000, is_over, 1)
        vim.cmd "silent undo"
        say(shown() == first)
      ]])
    end)

    it("several answers run at once, and GrokStop! stops them all", function()
      says("3 true 0 aborted aborted aborted\n", PLUGIN .. [[
        grok.setup { client = { headers = { ["x-fault"] = "endless,3" } } }
        for _ = 1, 3 do vim.cmd "Grok What is Lua?" end
        local count = grok.count()
        local function begun()
          for _, window in ipairs(vim.api.nvim_list_wins()) do
            local buffer = vim.api.nvim_win_get_buf(window)
            if vim.bo[buffer].filetype == "markdown" and not text(buffer):find "Lua is" then return false end
          end
          return true
        end
        local all = vim.wait(5000, begun)
        vim.cmd "GrokStop!"
        say(count, all, grok.count(), xai.run(function() return ended(1) end), xai.run(function() return ended(2) end),
          xai.run(function() return ended(3) end))
      ]])
    end)
  end)

  it("tells its health where no client can be made", function()
    says("true\n", [[
      local said = {}
      local function note(line) said[#said + 1] = line end
      vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
      vim.env.XAI_BASE_URL = "nonsense"
      require("xai.health").check()
      say(table.concat(said, "\n"):find("no client: ", 1, true) ~= nil)
    ]])
  end)

  it("tells its health where a service has no list of models, or what it has is no list", function()
    says("true\ntrue\n", [[
      local base = vim.env.XAI_BASE_URL
      for _, fault in ipairs { "empty-object", "wrong-shape" } do
        local said = {}
        local function note(line) said[#said + 1] = line end
        vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
        vim.env.XAI_BASE_URL = base:gsub("^(http://[^/]+)", "%1/fault/" .. fault)
        require("xai.health").check()
        say(said[#said]:find("no list of models", 1, true) ~= nil)
      end
    ]])
  end)

  it("tells its health when <C-c> ends the call", function()
    says("true\ntrue\n", [[
      local inner, ask = embedded()
      vim.fn.rpcnotify(inner, "nvim_exec_lua", [=[
        local said = {}
        local function note(line) said[#said + 1] = line end
        vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
        vim.env.XAI_BASE_URL = vim.env.XAI_BASE_URL:gsub("^(http://[^/]+)", "%1/fault/stall-before-head")
        local ok = pcall(require("xai.health").check)
        outcome = { ok, said[#said] }
      ]=], {})
      vim.wait(5000, function()
        for _, request in ipairs(client:request { path = "/_/requests" }) do
          if request.open and request.path:find "models" then return true end
        end
      end)
      vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
      local outcome
      vim.wait(5000, function()
        outcome = ask "return outcome or false"
        return outcome
      end, 20)
      say(outcome[1])
      say(outcome[2]:find("interrupted", 1, true) ~= nil)
      vim.fn.jobstop(inner)
    ]])
  end)

  it("tells its health without telling the key", function()
    says("true true true false\n", [[
      local said = {}
      local function note(line) said[#said + 1] = line end
      vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
      require("xai.health").check()
      local all = table.concat(said, "\n")
      say(all:find("lua-xai " .. xai.version, 1, true) ~= nil, all:find "libcurl/" ~= nil,
        all:find "lists %d+ models" ~= nil, all:find("xai-spec", 1, true) ~= nil)
    ]])
  end)
end)
