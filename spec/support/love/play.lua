--- play.lua - plays the game of examples/love by itself; see love_spec.lua.
--
-- The game calls what this file returns when XAI_GAME_SCRIPT names it.  GAME_REPORT says
-- where the report goes, GAME_PICTURE a screenshot, GAME_STREAMS how many more streams run
-- beside the two answers.  With GAME_ERRANDS the characters are asked for what needs tools.

local xai = require "xai"

-- More than a quick machine draws while a slow server answers.
local MAX_FRAMES = 60000
local PICTURE_SECONDS = 1.7

local QUESTIONS = os.getenv "GAME_ERRANDS" and { "Walk to the Well.", "Look around." }
  or { "Why is the sky blue?", "Write a haiku." }

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
  file:write(("Mira's right end: %.2f, frames on the way: %d\n"):format(seen.right, seen.on_the_way))
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
  local seen = { frames = {}, updates = {}, lengths = 0, right = 0, on_the_way = 0 }
  local mira, otto = game.characters[1], game.characters[2]
  local last, n = "", 0
  game.graph.visible = true
  mira:ask(QUESTIONS[1])
  otto:ask(QUESTIONS[2])
  game.typed = QUESTIONS[2]
  local more = start_more(game, tonumber(os.getenv "GAME_STREAMS") or 0)
  local update, picture = love.update, os.getenv "GAME_PICTURE"

  function love.update(dt)
    update(dt)
    n = n + 1
    if n > 5 then
      seen.frames[#seen.frames + 1] = dt * 1000
      seen.updates[#seen.updates + 1] = game.graph.update[game.graph.at]
    end
    seen.right = math.max(seen.right, mira.x)
    if n == 10 and os.getenv "GAME_ERRANDS" then mira:ask(QUESTIONS[1]) end -- in place of the one before
    if mira.goal then seen.on_the_way = seen.on_the_way + 1 end
    local text = mira.text
    if text ~= last then
      last, seen.lengths = text, seen.lengths + 1
    end
    if picture and game.time > PICTURE_SECONDS then
      take_picture(picture)
      picture = nil
    end
    local talking = mira.task or otto.task or more.over < more.count
    if (talking or picture) and n < MAX_FRAMES then return end
    write_report(game, seen, more)
    love.event.quit()
  end
end
