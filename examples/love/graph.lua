-- How long the frames take, as bars: one pixel a frame.

local Graph = {}
Graph.__index = Graph

local FRAMES, HEIGHT, SCALE = 240, 80, 3 -- pixels for a millisecond

function Graph.new()
  local self = setmetatable({ frame = {}, update = {}, at = 0, visible = false }, Graph)
  for i = 1, FRAMES do self.frame[i], self.update[i] = 0, 0 end
  return self
end

--- Note a frame: all of it, and xai.update alone, in milliseconds.
function Graph:add(frame, update)
  self.at = self.at % FRAMES + 1
  self.frame[self.at], self.update[self.at] = frame, update
end

local function draw_bars(list, at, x, y)
  for i = 1, FRAMES do
    local bar = math.min(list[(at + i - 1) % FRAMES + 1] * SCALE, HEIGHT)
    love.graphics.rectangle("fill", x + i, y + HEIGHT - bar, 1, bar)
  end
end

function Graph:draw(x, y)
  if not self.visible then return end
  love.graphics.setColor(0.08, 0.1, 0.18, 0.8)
  love.graphics.rectangle("fill", x - 10, y - 28, FRAMES + 20, HEIGHT + 38, 8)
  love.graphics.setColor(0.55, 0.75, 1)
  draw_bars(self.frame, self.at, x, y)
  love.graphics.setColor(1, 0.7, 0.25)
  draw_bars(self.update, self.at, x, y)
  love.graphics.setColor(1, 1, 1, 0.6)
  love.graphics.rectangle("fill", x, y + HEIGHT - 1000 / 60 * SCALE, FRAMES, 1)
  love.graphics.print(("%d fps, xai.update %.2f ms"):format(love.timer.getFPS(), self.update[self.at] or 0), x, y - 23)
end

return Graph
