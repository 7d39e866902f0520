-- What is behind the characters: sky, sun, clouds, hills, grass, and places to go to.

local scenery = { ground = 385, places = { tree = 60, well = 400, tent = 735 } }

local function draw_sky(w, h)
  for i = 0, 31 do
    local t = i / 31
    love.graphics.setColor(0.45 + 0.5 * t, 0.7 + 0.15 * t, 0.95 - 0.15 * t)
    love.graphics.rectangle("fill", 0, i * h / 32, w, h / 32 + 1)
  end
end

local function draw_cloud(x, y)
  love.graphics.setColor(1, 1, 1, 0.7)
  love.graphics.ellipse("fill", x, y, 42, 15)
  love.graphics.ellipse("fill", x - 20, y + 5, 26, 11)
  love.graphics.ellipse("fill", x + 24, y + 4, 30, 13)
end

local function draw_hill(w, base, height, length)
  for x = 0, w, 4 do
    local top = base - height * (1 + math.sin(x / length + height)) / 2
    love.graphics.rectangle("fill", x, top, 4, base - top + 60)
  end
end

local function draw_tree(x, y)
  love.graphics.setColor(0.4, 0.28, 0.18)
  love.graphics.rectangle("fill", x - 7, y - 70, 14, 70)
  love.graphics.setColor(0.25, 0.48, 0.25)
  love.graphics.circle("fill", x, y - 95, 40)
end

local function draw_well(x, y)
  love.graphics.setColor(0.45, 0.3, 0.2)
  love.graphics.rectangle("fill", x - 26, y - 60, 5, 60)
  love.graphics.rectangle("fill", x + 21, y - 60, 5, 60)
  love.graphics.polygon("fill", x - 36, y - 56, x + 36, y - 56, x, y - 84)
  love.graphics.setColor(0.6, 0.6, 0.63)
  love.graphics.rectangle("fill", x - 30, y - 26, 60, 26, 5)
end

local function draw_tent(x, y)
  love.graphics.setColor(0.85, 0.55, 0.3)
  love.graphics.polygon("fill", x - 50, y, x + 50, y, x, y - 80)
  love.graphics.setColor(0.35, 0.22, 0.15)
  love.graphics.polygon("fill", x - 14, y, x + 14, y, x, y - 50)
end

function scenery.draw(time)
  local w, h = love.graphics.getDimensions()
  draw_sky(w, h)
  love.graphics.setColor(1, 0.93, 0.6)
  love.graphics.circle("fill", w - 130, 90, 38)
  for i = 0, 3 do draw_cloud((time * (5 + i) + i * 260) % (w + 160) - 80, 50 + i * 31 % 70) end
  love.graphics.setColor(0.55, 0.72, 0.72)
  draw_hill(w, 350, 90, 110)
  love.graphics.setColor(0.42, 0.65, 0.5)
  draw_hill(w, 370, 60, 70)
  love.graphics.setColor(0.36, 0.6, 0.32)
  love.graphics.rectangle("fill", 0, 360, w, h - 360)
  love.graphics.setColor(0.72, 0.6, 0.42)
  love.graphics.rectangle("fill", 0, 372, w, 26)
  draw_tree(scenery.places.tree, 374)
  draw_well(scenery.places.well, 374)
  draw_tent(scenery.places.tent, 374)
end

return scenery
