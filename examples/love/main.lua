-- Run it: make love
--
-- Mira and Otto walk about and answer what you type, and look around or go where
-- you ask.  Their words come from the network while they walk; `xai.update(2)` in
-- each frame is all it takes.

local Character = require "character"
local Graph = require "graph"
local scenery = require "scenery"
local xai = require "xai"

local game = { typed = "Why is the sky blue?", time = 0, whom = 0 }

function love.load()
  local client = xai.new() -- the key is in XAI_API_KEY
  client:warm() -- a connection takes a frame to make: before the first one
  game.client = client
  game.characters = {
    Character.new(client, {
      name = "Mira", manner = "You are Mira, a cheerful inventor.",
      color = { 0.9, 0.35, 0.35 }, hair = { 0.45, 0.25, 0.12 }, x = 180, left = 120, right = 330,
    }),
    Character.new(client, {
      name = "Otto", manner = "You are Otto, a gruff old sailor.",
      color = { 0.2, 0.45, 0.75 }, hair = { 0.85, 0.85, 0.88 }, x = 600, left = 470, right = 680,
    }),
  }
  game.graph = Graph.new()
  love.graphics.setFont(love.graphics.newFont(15))
  love.keyboard.setKeyRepeat(true)
  local script = os.getenv "XAI_GAME_SCRIPT" -- plays by itself, for tests
  if script then dofile(script)(game) end
end

--- Ask those whom the player talks to: 0 is both.
function game.ask(question)
  for i, character in ipairs(game.characters) do
    if game.whom == 0 or game.whom == i then character:ask(question) end
  end
end

function love.update(dt)
  local before = love.timer.getTime()
  xai.update(2) -- at most two milliseconds of this frame
  local spent = love.timer.getTime() - before
  game.time = game.time + dt
  game.graph:add(dt * 1000, spent * 1000)
  for _, character in ipairs(game.characters) do character:update(dt) end
end

local function draw_prompt()
  local w, h = love.graphics.getDimensions()
  local whom = game.whom == 0 and "Mira and Otto" or game.characters[game.whom].name
  love.graphics.setColor(0.08, 0.1, 0.18, 0.75)
  love.graphics.rectangle("fill", 12, h - 62, w - 24, 50, 10)
  love.graphics.setColor(1, 1, 1)
  local cursor = game.time % 1 < 0.5 and "|" or ""
  love.graphics.print(("To %s: %s%s"):format(whom, game.typed, cursor), 26, h - 56)
  love.graphics.setColor(1, 1, 1, 0.55)
  love.graphics.print("Enter asks, Tab chooses whom, Esc stops the answers, F1 shows the frames", 26, h - 35)
end

function love.draw()
  scenery.draw(game.time)
  for _, character in ipairs(game.characters) do character:draw(scenery.ground) end
  for _, character in ipairs(game.characters) do character:draw_bubble(scenery.ground) end
  draw_prompt()
  game.graph:draw(22, 40)
end

function love.textinput(text)
  game.typed = game.typed .. text
end

local keys = {}

keys["return"] = function()
  game.ask(game.typed)
  game.typed = ""
end

function keys.backspace()
  game.typed = game.typed:gsub("[^\128-\191][\128-\191]*$", "") -- one character of UTF-8
end

function keys.tab()
  game.whom = (game.whom + 1) % 3
end

function keys.escape()
  for _, character in ipairs(game.characters) do character:stop() end
end

function keys.f1()
  game.graph.visible = not game.graph.visible
end

function love.keypressed(key)
  if keys[key] then keys[key]() end
end

function love.quit()
  game.client:close() -- answers that nobody will read are not paid for
end
