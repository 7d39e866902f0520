--- The game of examples/love, played by itself in LÖVE, on a screen that nobody sees.

local love = require "spec.support.love"
local programs = require "spec.support.programs"

--- Play with `streams` more streams beside the two answers, or with errands: the report.
local function play(streams, errands)
  return love.run("examples/love", {
    XAI_GAME_SCRIPT = programs.root .. "/spec/support/love/play.lua", GAME_STREAMS = tostring(streams),
    GAME_ERRANDS = errands and "1",
  }, 60)
end

describe("the game", function()
  local missing = love.missing()
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
