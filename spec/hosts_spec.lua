--- What each helper does in each host: the same programs, with the same outcome.

local front = require "spec.support.front"
local love = require "spec.support.love"
local programs = require "spec.support.programs"

local TEXT = "Lua is a small, quick language that lives happily inside other programs."

-- What the programs of spec/programs print.  Each host adds whether it went on meanwhile.
local SAID = {
  structured = "Oslo 3 after 0\nOslo 3 after 1\nOslo 3, grown: true\n",
  talk = "Here is what I found. Rome: Rome is fine.\nOslo 3\n",
  bulk = "9 3 0 3\n3 0 9\n15 9\n",
  scripted = "one two one two 3 0\nIt is warm. 2 {\"celsius\":24}\nsecond 2\nthird 1 b\nfourth 0\ntrue 0\n"
    .. TEXT .. "\n", -- serve
  bytes = "a-2.png b-2.png\ntrue\ntrue\n" -- save
    .. "true true\ntrue false\ntrue false\ntrue false\ntrue true\n" -- download, and whether the key was sent
    .. "300000 limit/file 300000\nnil nil\n" -- file =
    .. "true\n300000 nil\n" -- stream:next_chunk()
    .. "true true true true true 0\n", -- scripted
  jobs = "3 3\ntrue true\n" -- each
    .. "answered after 3,2 done\nfalse cancelled true true 1\n" -- wait
    .. "nil limit budget 4 4 3\n5 0 4 true\n2 0\n2 1 0\n" -- bulk
    .. "1 1 1 1 1 budget budget\n5 5 xai.limiter (0 under way, 0 waiting)\n" -- limiter and budget
    .. TEXT .. " budget\n2 2\n" .. TEXT .. " 2\n", -- streams, fallback
}

local WORDS = {
  structured = "gives structured answers", talk = "has conversations with tools", bulk = "runs bulk jobs",
  scripted = "plays scripted clients and tapes", bytes = "saves, downloads, writes and streams bytes",
  jobs = "turns pages, waits, and keeps to budgets and limiters",
}

-- Title, programs, is it here, variables; `here`: where else the programs run than in a task.
local HOSTS = {
  { "a plain script", programs.folder "plain", true }, { "tasks", programs.folder "tasks", true },
  { "luv", programs.folder "uv", true, here = "in no coroutine" },
  { "cqueues", programs.folder "cqueues", (pcall(require, "cqueues")), here = "in a coroutine of the loop" },
  { "copas", programs.folder "copas", (pcall(require, "xai.copas")), here = "in a thread" },
  { "newer versions of copas", programs.folder "copas", (pcall(require, "socket")), { COPAS = "newer" },
    here = "in a thread" },
  { "a loop that the library does not know", programs.folder "adapter", true, here = "in a coroutine of the loop" },
  { "Neovim", programs.neovim "nvim", programs.has_neovim(), here = "in no coroutine" },
}

local NAMES = { "structured", "talk", "bulk", "scripted", "bytes", "jobs" }

describe("Every helper in", function()
  local server, door, more

  setup(function()
    server = programs.folder "plain"
    server:open()
    more = {}
    if front.missing() then return end
    door = front.start(server.server.url)
    more = { FRONT_URL = door.url, FRONT_CA = door.ca_file }
  end)
  teardown(function()
    server:close()
    if door then door:close() end
  end)

  local function promise(title, missing, run)
    if missing then
      it(title .. " is not tried here", function() pending(missing) end)
      return
    end
    for _, program in ipairs(NAMES) do
      it(("%s: it %s"):format(title, WORDS[program]), function() run(program) end)
    end
  end

  --- The programs of the folder, with the server of all.
  local function within(folder, environment)
    for name, value in pairs(more) do environment[name] = value end
    local all = folder:with(environment)
    all:share(server)
    return all
  end

  for _, host in ipairs(HOSTS) do
    local title, folder, is_here, environment = host[1], host[2], host[3], host[4] or {}
    promise(title, not is_here and title .. " is not here", function(program)
      within(folder, environment):says(SAID[program] .. "true\n", "beside", program)
    end)
    if host.here and is_here then
      it(("%s, %s: it %s and %s"):format(title, host.here, WORDS.bytes, WORDS.jobs), function()
        local all = within(folder, environment)
        for _, program in ipairs { "bytes", "jobs" } do
          all:says(SAID[program] .. "true\n", "beside", program, "here")
        end
      end)
    end
  end

  promise("LÖVE", love.missing(), function(program)
    local all = { GAME_PROGRAM = program, XAI_BASE_URL = server.server.url, XAI_API_KEY = "xai-spec" }
    for name, value in pairs(more) do all[name] = value end
    assert.equal(SAID[program] .. "true\n", love.run("spec/support/love/beside", all))
  end)
end)
