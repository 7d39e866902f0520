--- The game of examples/love, played by itself in LÖVE, on a screen that nobody sees.

local programs = require "spec.support.programs"

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  os.remove(path)
  return text
end

--- Why the game cannot be played here, or nil.
local function obstacle()
  if not rawget(_G, "jit") then return "LÖVE is LuaJIT; this is " .. _VERSION end
  for _, name in ipairs { "love", "xvfb-run", "xauth" } do
    if not programs.has(name) then return name .. " is not installed" end
  end
end

--- Run a game, a folder of this repository, with these variables: the report.
local function run(game, variables)
  local report = os.tmpname()
  local output, code = programs.shell(table.concat({
    ("LUA=%s LUA_PATH='%s' LUA_CPATH='%s'"):format(programs.lua, programs.path, programs.cpath),
    ("SPEC_ROOT=%s GAME_REPORT=%s %s"):format(programs.root, report, variables),
    "SDL_AUDIODRIVER=dummy timeout 120 src/xai/testing/with-server --pace 60 --",
    "xvfb-run -a -s '-screen 0 800x480x24' love " .. game,
  }, " "))
  assert.equal(0, code, output)
  return slurp(report)
end

--- Play with `streams` more streams beside the two answers, or with errands: the report.
local function play(streams, errands)
  return run("examples/love", ("XAI_GAME_SCRIPT=%s/spec/support/love/play.lua GAME_STREAMS=%d %s"):format(
    programs.root, streams, errands and "GAME_ERRANDS=1" or ""))
end

describe("the game", function()
  local missing = obstacle()
  if missing then
    it("is not played here", function() pending(missing) end)
    return
  end

  for _, streams in ipairs { 0, 20 } do
    it(("goes on while the answers stream in, beside %d more streams"):format(streams), function()
      local report = play(streams)
      assert.matches("Mira: Air scatters short waves of light more than long ones, "
        .. "so blue reaches your eyes from everywhere.\n", report, 1, true)
      assert.matches("Otto: Cold light on the wire —\none word, then another word.\nThe loop never blocks.\n",
        report, 1, true)
      assert.matches(("more streams: %d\n"):format(streams), report, 1, true)
      assert.is_true(tonumber(report:match "frames: (%d+)") >= 10, report)
      assert.is_true(tonumber(report:match "lengths seen: (%d+)") >= 3, report)
      assert.is_true(tonumber(report:match "Mira's right end: ([%d.]+)") < 340, report)
    end)
  end

  it("goes on while a character walks by a tool call, and another looks around", function()
    local report = play(0, true)
    assert.matches("Mira: Here is what I found. Well: you are there.\n", report, 1, true)
    assert.matches("Otto: Here is what I found. tent %d+ steps to the right, tree %d+ steps to the left, "
      .. "well %d+ steps to the left.\n", report)
    local right = tonumber(report:match "Mira's right end: ([%d.]+)")
    assert.is_true(right >= 400 and right < 420, report) -- at the well, beyond the end of her walk
    assert.is_true(tonumber(report:match "on the way: (%d+)") >= 10, report)
  end)
end)

describe("LÖVE", function()
  if obstacle() then return end

  it("has structured answers, and a conversation with a tool and one, in its frames", function()
    assert.equal("Oslo 3 after 0\nOslo 3 after 1\nOslo 3, grown: true\n"
      .. "Here is what I found. Rome: Rome is fine.\nOslo 3\nframes go on: true\n",
      run("spec/support/love/structured", ""))
  end)
end)
