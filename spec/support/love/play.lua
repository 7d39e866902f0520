--- play.lua - plays the game of examples/love by itself; see love_spec.lua.
--
-- The game calls what this file returns when XAI_GAME_SCRIPT names it.  GAME_REPORT says
-- where the report goes, GAME_PICTURE a screenshot, GAME_STREAMS how many more streams run
-- beside the two answers.

local xai = require "xai"

-- More than a quick machine draws while a slow server answers.
local MAX_FRAMES = 60000
local PICTURE_SECONDS = 1.7

local function at(sorted, share)
  return sorted[math.min(#sorted, math.floor(#sorted * share) + 1)]
end

local function start_more(game, count)
  local more = { count = count, over = 0, words = 0 }
  for _ = 1, count do
    xai.spawn(function()
      local stream = assert(game.client:chat {
        model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } }, stream = true,
      })
      for _ in stream:text() do more.words = more.words + 1 end
      more.over = more.over + 1
    end)
  end
  return more
end

local function write_report(game, seen, more)
  table.sort(seen.frames)
  table.sort(seen.updates)
  local file = assert(io.open(os.getenv "GAME_REPORT", "w"))
  for _, character in ipairs(game.characters) do file:write(character.name, ": ", character.text, "\n") end
  file:write("lengths seen: ", seen.lengths, "\n")
  file:write("frames: ", #seen.frames, "\n")
  file:write("more streams: ", more.over, "\n")
  file:write(("update p99 %.3f ms, max %.3f ms\n"):format(at(seen.updates, 0.99), seen.updates[#seen.updates]))
  file:write(("frame p50 %.3f ms, p99 %.3f ms\n"):format(at(seen.frames, 0.5), at(seen.frames, 0.99)))
  file:close()
end

--- Save what the frame shows.
local function take_picture(path)
  love.graphics.captureScreenshot(function(image)
    local file = assert(io.open(path, "wb"))
    file:write(image:encode("png"):getString())
    file:close()
  end)
end

return function(game)
  local seen = { frames = {}, updates = {}, lengths = 0 }
  local last, n = "", 0
  game.graph.visible = true
  game.characters[1]:ask "Why is the sky blue?"
  game.characters[2]:ask "Write a haiku."
  game.typed = "Write a haiku."
  local more = start_more(game, tonumber(os.getenv "GAME_STREAMS") or 0)
  local update, picture = love.update, os.getenv "GAME_PICTURE"

  function love.update(dt)
    update(dt)
    n = n + 1
    if n > 5 then
      seen.frames[#seen.frames + 1] = dt * 1000
      seen.updates[#seen.updates + 1] = game.graph.update[game.graph.at]
    end
    local text = game.characters[1].text
    if text ~= last then
      last, seen.lengths = text, seen.lengths + 1
    end
    if picture and game.time > PICTURE_SECONDS then
      take_picture(picture)
      picture = nil
    end
    local talking = game.characters[1].task or game.characters[2].task or more.over < more.count
    if (talking or picture) and n < MAX_FRAMES then return end
    write_report(game, seen, more)
    love.event.quit()
  end
end
