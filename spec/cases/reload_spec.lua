--- The library's modules are dropped from package.loaded and required again while calls are under way, as plugin
-- managers and tools for live coding do.

local programs = require "spec.support.programs"

local reload, nvim = programs.folder "reload", programs.neovim "nvim"

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

local WELL = "answer answer whole done done"

-- Loops, and what each needs; `start` where a coroutine of the loop's can be started.
local LOOPS = {
  { name = "a plain script" },
  { name = "a game's frames" },
  { name = "luv", needs = "luv", start = true },
  { name = "cqueues", needs = "cqueues", start = true },
  { name = "copas", needs = "socket", start = true },
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

    setup(function() reload:open() end)
    teardown(function() reload:close() end)

    local jobs, titles = {}, {}
    for _, row in ipairs(DROPS) do
      for _, at_once in ipairs(row[3] or { "false", "true" }) do
        jobs[#jobs + 1] = { "under_way", loop.name, row[2], at_once }
        titles[#jobs] = "of " .. row[1] .. (at_once == "true" and ", each required at once" or "")
      end
    end
    local output = reload:series(jobs)

    for i, title in ipairs(titles) do
      it(title .. " loses nothing that is under way", function()
        assert.equal(WELL .. "\nanswer true\n", output(i))
      end)
    end

    if loop.start then
      it("in the middle of a stream goes on with it, and waits for nothing else", function()
        reload:says("true true true\n", "mid_stream", loop.name)
      end)
    end

    it("leaves helpers alone that are under way, and those loaded anew begin", function()
      reload:says("true 1\n3 true true true 1 true 300000 4 xai.limiter (0 under way, 0 waiting)\n", "helpers",
        loop.name)
    end)

    it("a hundred times keeps nothing that grows", function()
      reload:says("true true true 0\n", "hundred_times", loop.name)
    end)

    it("has one compiled part, wherever it is found again", function()
      reload:says("true true true\n", "one_core", loop.name)
    end)
  end)
end

describe("A reload (folke/lazy.nvim#944)", function()
  setup(function() reload:open() end)
  teardown(function() reload:close() end)

  it("keeps the clients, tasks, calls, streams and errors of before", function()
    reload:says("true cancelled true\ntrue true\ncallback\n", "keeps")
  end)

  for _, where in ipairs {
    "an event's callback", "a task, and in a hook", "a key function, and on an error", "a finalizer",
  } do
    it("in " .. where .. " disturbs nothing", function()
      reload:says("true\nreloaded\nanswer\n", "places", where)
    end)
  end

  it("keeps the hooks of a client", function()
    reload:says("2\n", "hooks")
  end)

  it("that never requires them again leaves what is under way alone", function()
    reload:says(WELL .. "\n", "never_required")
  end)

  it("of everything that a program has loaded leaves what is under way alone", function()
    reload:says(WELL .. "\ntrue\n", "everything")
  end)
end)

-- Neovim -----------------------------------------------------------------------------------------------------------

describe("A reload in Neovim (folke/lazy.nvim#944)", function()
  if not programs.has_neovim() then
    it("is not tried here", function() pending "Neovim's LuaJIT loads what was built for Lua 5.1" end)
    return
  end
  setup(function() nvim:open() end)
  teardown(function() nvim:close() end)

  for _, row in ipairs(DROPS) do
    it("of " .. row[1] .. " in mid-stream loses nothing, and attaches again", function()
      nvim:says("true true whole\ntrue grok-3\nclosed\n", "reloaded_in_mid_stream", row[2])
    end)
  end

  it("a hundred times adds no autocommand, no descriptor and no memory", function()
    nvim:says("true true true true\n", "reloaded_a_hundred_times")
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
      ("GAME_REPORT=%s/report SDL_AUDIODRIVER=dummy timeout 60 src/xai/testing/with-server --pace 0 --"):format(dir),
      "xvfb-run -a -s '-screen 0 320x240x24' love", dir,
    }, " "))
    local report = programs.shell("cat report", dir)
    os.execute("rm -r " .. dir)
    assert.equal(0, code, output)
    local text = "Lua is a small, quick language that lives happily inside other programs.\n"
    assert.equal(text .. text, report)
  end)
end)
