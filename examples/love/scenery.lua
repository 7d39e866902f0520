-- What is behind the characters: sky, sun, clouds, hills, grass.

local scenery = { ground = 385 }

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
end

return scenery
