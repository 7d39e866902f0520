--- The library's modules are dropped from package.loaded and required again while calls are under way, as plugin
-- managers and tools for live coding do.

local hosted = require "spec.support.hosted"
local neovim = require "spec.support.nvim"
local programs = require "spec.support.programs"

-- What is dropped, by the names of modules.
local DROPS = {
  { "the module xai", "^xai$" },
  { "all but the module xai", "^xai%." },
  { "all of them", "^xai" },
  { "the compiled part", "^xai%.core$" },
  { "what hands things out", "^xai%.runtime%.loop$" },
  { "the tasks and what they wait for", "^xai%.runtime%.[tw]a" },
  { "everything that is loaded", "^[^_]+$", { "false" } }, -- not all of it can be required again
}

local DROP = [[
  --- Forget the modules whose names look so, as lazy.nvim does; then, or at once, require them again.
  local function drop(pattern, at_once)
    local names = {}
    for name in pairs(package.loaded) do
      if name:find(pattern) then names[#names + 1] = name end
    end
    for _, name in ipairs(names) do
      package.loaded[name], package.preload[name] = nil, nil
      if at_once then require(name) end
    end
  end
]]

-- Something of each kind is under way; what came of it is told in the end.
local UNDER_WAY = [[
  local function new_client() return require "xai".new { max_retries = 0 } end
  local ends = {}

  local function note(name) return function(result, message) ends[name] = result and "answer" or message end end

  local started = client:start("chat", question(), options("late-head,100", { on_done = note "started" }))
  local events, words = 0, {}
  client:start("chat", question(true), options("slow-words,5", {
    on_event = function(event)
      events = events + 1
      words[#words + 1] = event.choices[1].delta.content
    end,
    on_done = note "streamed",
  }))
  local inner = xai.spawn(function()
    xai.sleep(0.05)
    return (client:chat(question(), options "late-head,50"))
  end)
  local outer = xai.spawn(function() return inner:wait() ~= nil and read "slow-words,5" end)

  --- What came of all that.
  local function outcome()
    local all = { ends.started or "?", ends.streamed or "?", table.concat(words) == TEXT and "whole" or "broken" }
    all[#all + 1] = inner:status()
    all[#all + 1] = outer:status()
    return table.concat(all, " ")
  end
  local function is_over() return ends.started and ends.streamed and outer:status() == "done" end
]]

local WELL = "answer answer whole done done"

-- For each loop: what a program begins with, how it waits until is_over(), and how a coroutine of its is started.
local LOOPS = {
  { name = "a plain script", begin = "local function again() end", wait = "while not is_over() do xai.step(1) end" },
  { name = "a game's frames", begin = "local function again() end", wait = "while not is_over() do xai.update(2) end" },
  {
    name = "luv", needs = "luv", begin = [[
      local uv = require "luv"
      local function again() require("xai.uv").attach() end
      again()
    ]],
    wait = "uv.run()", start = "coroutine.wrap(f)()",
  },
  {
    name = "cqueues", needs = "cqueues", begin = [[
      local loop = require "cqueues".new()
      local function again() require "xai.cqueues" end
      again()
    ]],
    wait = "assert(loop:loop())", start = "loop:wrap(f)",
  },
  {
    name = "copas", needs = "copas", begin = [[
      local copas = require "copas"
      local function again() require "xai.copas" end
      again()
    ]],
    wait = "while not is_over() do copas.step(0.01) end", start = "copas.addthread(f)",
  },
}

local function has(name)
  return not name or pcall(require, name)
end

for _, loop in ipairs(LOOPS) do
  describe("A reload in " .. loop.name .. " (folke/lazy.nvim#944)", function()
    if not has(loop.needs) then
      it("is not tried here", function() pending("this Lua has no " .. loop.needs) end)
      return
    end
    local says = hosted.says(DROP .. loop.begin)

    for _, row in ipairs(DROPS) do
      for _, at_once in ipairs(row[3] or { "false", "true" }) do
        local how = at_once == "true" and ", each required at once" or ""
        it("of " .. row[1] .. how .. " loses nothing that is under way", function()
          says(WELL .. "\nanswer true\n", UNDER_WAY .. ([[
            xai.step(0.02)
            drop(%q, %s)
            again()
            local old, now = xai, require "xai"
            local fresh = new_client()
            local call = fresh:start("chat", question())
            now.spawn(function() old.sleep(0.01) end)
            %s
            print(outcome())
            while not call:done() do now.step(1) end
            print(call:result() and "answer", now.run(function() return fresh:get_model "grok-3" ~= nil end))
          ]]):format(row[2], at_once, loop.wait))
        end)
      end
    end

    if loop.start then
      it("in the middle of a stream goes on with it, and waits for nothing else", function()
        says("true true true\n", ([[
          local text, others, first, over = nil, 0, nil, 0
          local function start(f) %s end
          local function is_over() return over == 2 end
          start(function()
            local stream = assert(client:chat(question(true), options "slow-words,20"))
            local words = { stream:next().choices[1].delta.content }
            drop "^xai"
            again()
            for _ = 1, 100 do
              local event = stream:next()
              if not event then break end
              words[#words + 1] = event.choices[1] and event.choices[1].delta.content
            end
            text, over = table.concat(words), over + 1
          end)
          start(function()
            local one = new_client and new_client() or require "xai".new { max_retries = 0 }
            for _ = 1, 5 do
              if one:get_model "grok-3" then others = others + 1 end
            end
            first, over = text, over + 1
          end)
          %s
          print(text == TEXT, others == 5, first == nil)
        ]]):format(loop.start, loop.wait))
      end)
    end

    it("a hundred times keeps nothing that grows", function()
      says("true true true 0\n", ([[
        if rawget(_G, "jit") then jit.off() end -- its traces take memory
        local core = require "xai.core"
        local done = 0
        local function round(i)
          done = 0
          local one = require "xai".new { max_retries = 0, on_retry = function() end }
          one:start("chat", question(true), { on_event = function() end, on_done = function() done = done + 1 end })
          require "xai".spawn(function()
            require "xai".sleep(0)
            done = done + 1
          end)
          drop(i %% 2 == 0 and "^xai" or "^xai%%.", i %% 3 == 0)
          again()
          local function is_over() return done == 2 end
          %s
          one:close()
        end
        local function descriptors()
          local pipe = io.popen("ls /proc/$PPID/fd | wc -l")
          local count = tonumber(pipe:read "*l")
          pipe:close()
          return count
        end
        local function memory()
          for _ = 1, 4 do collectgarbage() end
          return collectgarbage "count"
        end
        for i = 1, 30 do round(i) end
        local fds, kb = descriptors(), memory()
        for i = 1, 100 do round(i) end
        client:close()
        print(done == 2, descriptors() <= fds + 10, memory() - kb < 16, core.active())
      ]]):format(loop.wait))
    end)

    it("has one compiled part, wherever it is found again", function()
      says("true true true\n", [[
        local core = require "xai.core"
        local path = package.searchpath and package.searchpath("xai.core", package.cpath)
        for template in package.cpath:gmatch "[^;]+" do
          local name = template:gsub("%?", "xai/core")
          local file = not path and io.open(name, "rb")
          if file then path = name file:close() end
        end
        local dir = os.tmpname()
        os.remove(dir)
        os.execute(("mkdir -p %s/xai && cp %s %s/xai/core.so"):format(dir, path, dir))
        package.cpath = dir .. "/?.so;" .. package.cpath
        local call = client:start("chat", question(), options "late-head,50")
        drop "^xai"
        local other, again = require "xai.core", require "xai"
        os.execute("rm -r " .. dir)
        print(core == other, again == xai, call:wait() ~= nil)
      ]])
    end)
  end)
end

describe("A reload (folke/lazy.nvim#944)", function()
  local says = hosted.says(DROP)

  it("keeps the clients, tasks, calls, streams and errors of before", function()
    says("true cancelled true\ntrue true\ncallback\n", [[
      local call = client:start("chat", question(), options "stall-before-head")
      local task = xai.spawn(function() xai.sleep(1000) end)
      local stream = client:chat(question(true), options "slow-words,5")
      xai.step(0)
      drop "^xai"
      local again = require "xai"
      call:cancel()
      print(again.null == xai.null, select(3, call:result()).kind, task:cancel())
      print(stream:result().choices[1].message.content == TEXT, again.run(function()
        return again.all { again.spawn(function() return 1 end), xai.spawn(function() return 2 end) }[2] == 2
      end))
      again.on_error = function(err) print(err) end
      client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end }):wait()
    ]])
  end)

  for where, code in pairs {
    ["an event's callback"] = [[
      client:start("chat", question(true), { on_event = reload, on_done = function(result) say(result ~= nil) end })
      while xai.active() > 0 do xai.step(1) end
    ]],
    ["a task, and in a hook"] = [[
      xai.run(function()
        local one = xai.new { on_request = reload, on_response = reload }
        say(xai.all { function() return one:get_model "grok-3" end, reload }[1] ~= nil)
      end)
    ]],
    ["a key function, and on an error"] = [[
      xai.on_error = reload
      local one = xai.new { api_key = function() reload() return "xai-demo" end }
      one:start("get_model", "grok-3", { on_done = function() error "x" end }):wait()
      say(one:get_model "grok-3" ~= nil)
    ]],
    ["a finalizer"] = [[
      local proxy = rawget(_G, "newproxy") and newproxy(true)
      if proxy then getmetatable(proxy).__gc = reload else setmetatable({}, { __gc = reload }) end
      proxy = nil -- luacheck: ignore
      collectgarbage()
      say(client:get_model "grok-3" ~= nil)
    ]],
  } do
    it("in " .. where .. " disturbs nothing", function()
      says("true\nreloaded\nanswer\n", ([[
        local count = 0
        local function say(...) print(...) end
        local function reload()
          count = count + 1
          drop "^xai"
          require "xai"
        end
        %s
        print(count > 0 and "reloaded")
        print(require "xai".new():get_model "grok-3" and "answer")
      ]]):format(code))
    end)
  end

  it("keeps the hooks of a client", function()
    says("2\n", [[
      local heard = 0
      local one = xai.new { on_response = function() heard = heard + 1 end }
      one:get_model "grok-3"
      drop "^xai"
      require "xai"
      one:get_model "grok-3"
      print(heard)
    ]])
  end)

  it("that never requires them again leaves what is under way alone", function()
    says("answer answer whole done done\n", UNDER_WAY .. [[
      xai.step(0.02)
      drop "^xai"
      while not is_over() do xai.step(1) end
      print(outcome())
    ]])
  end)

  it("of everything that a program has loaded leaves what is under way alone", function()
    says("answer answer whole done done\ntrue\n", UNDER_WAY .. [[
      xai.step(0.02)
      drop "^[^_]+$"
      local now = require "xai"
      while not is_over() do now.step(1) end
      print(outcome())
      print(now.run(function() return now.new():get_model "grok-3" ~= nil end))
    ]])
  end)
end)

-- Neovim -----------------------------------------------------------------------------------------------------------

describe("A reload in Neovim (folke/lazy.nvim#944)", function()
  if not neovim.is_here() then
    it("is not tried here", function() pending "Neovim's LuaJIT loads what was built for Lua 5.1" end)
    return
  end
  setup(neovim.open)
  teardown(neovim.close)

  for _, row in ipairs(DROPS) do
    it("of " .. row[1] .. " in mid-stream loses nothing, and attaches again", function()
      neovim.says("true true whole\ntrue grok-3\nclosed\n", DROP .. ([[
        local words, over = {}, false
        client:start("chat", hello(true), with("slow-words,20", {
          on_event = function(event) words[#words + 1] = event.choices[1].delta.content end,
          on_done = function(result) over = result ~= nil end,
        }))
        local read_by
        coroutine.wrap(function() read_by = read(assert(client:chat(hello(true), with "slow-words,20"))) end)()
        vim.wait(5000, function() return #words > 3 end, 5)
        drop %q
        local again = require("xai.uv").attach()
        require("xai.uv").attach()
        vim.wait(5000, function() return over and read_by end, 5)
        say(over, read_by == TEXT, table.concat(words) == TEXT and "whole")
        again:detach()
        handle:detach()
        local fresh, id = require("xai").new { max_retries = 0 }, nil
        coroutine.wrap(function() id = fresh:get_model("grok-3").id end)()
        say(vim.wait(5000, function() return id end, 5), id)
        client:start("chat", hello(), with("stall-before-head", { on_done = function(_, _, info) say(info.kind) end }))
      ]]):format(row[2]))
    end)
  end

  it("a hundred times adds no autocommand, no descriptor and no memory", function()
    neovim.says("true true true true\n", DROP .. [[
      jit.off() -- its traces take memory
      local function descriptors() return #vim.fn.glob("/proc/self/fd/*", true, true) end
      local function memory()
        for _ = 1, 4 do collectgarbage() end
        return collectgarbage "count"
      end
      local function autocommands() return #vim.api.nvim_get_autocmds {} end
      local function round()
        drop "^xai"
        require("xai.uv").attach()
        local id
        coroutine.wrap(function() id = require("xai").new():get_model("grok-3").id end)()
        return vim.wait(5000, function() return id end, 1)
      end
      for _ = 1, 30 do round() end
      local h, kb, a, good = descriptors(), memory(), autocommands(), 0
      for _ = 1, 100 do good = good + (round() and 1 or 0) end
      say(good == 100, descriptors() <= h + 10, memory() - kb < 32, autocommands() == a)
    ]])
  end)
end)

-- LÖVE -------------------------------------------------------------------------------------------------------------

local GAME = [[
  local xai = require "xai"
  local client, frames, words, after = xai.new(), 0, {}, nil
  local function ask(into, done)
    xai.spawn(function()
      local body = { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } }, stream = true }
      for text in assert(client:chat(body, { headers = { ["x-fault"] = "slow-words,10" } })):text() do
        into[#into + 1] = text
      end
      if done then done() end
    end)
  end
  local over = false
  ask(words, function() over = true end)
  function love.update()
    frames = frames + 1
    xai.update(2)
    if #words > 3 and not after then
      for name in pairs(package.loaded) do
        if name:find "^xai" then package.loaded[name] = nil end
      end
      xai = require "xai"
      client, after = xai.new(), {}
      ask(after)
    end
    if frames < 3000 and not (over and after and #after == 12) then return end
    local report = assert(io.open(os.getenv "GAME_REPORT", "w"))
    report:write(table.concat(words), "\n", table.concat(after or {}), "\n")
    report:close()
    love.event.quit()
  end
]]

describe("A reload in LÖVE (folke/lazy.nvim#944)", function()
  if not rawget(_G, "jit") or not programs.has "love" or not programs.has "xvfb-run" or not programs.has "xauth" then
    it("is not tried here", function() pending "LÖVE is LuaJIT, and is not installed" end)
    return
  end

  it("in mid-stream loses no word, and the next answer comes", function()
    local dir = os.tmpname()
    os.remove(dir)
    os.execute("mkdir " .. dir)
    local file = assert(io.open(dir .. "/main.lua", "w"))
    file:write(GAME)
    file:close()
    local output, code = programs.shell(table.concat({
      ("LUA=%s LUA_PATH='%s' LUA_CPATH='%s'"):format(programs.lua, programs.path, programs.cpath),
      ("GAME_REPORT=%s/report SDL_AUDIODRIVER=dummy timeout 60 spec/support/with-server --pace 0 --"):format(dir),
      "xvfb-run -a -s '-screen 0 320x240x24' love", dir,
    }, " "))
    local report = programs.shell("cat report", dir)
    os.execute("rm -r " .. dir)
    assert.equal(0, code, output)
    local text = "Lua is a small, quick language that lives happily inside other programs.\n"
    assert.equal(text .. text, report)
  end)
end)
