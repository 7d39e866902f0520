-- Somebody who walks about, answers in a speech bubble, and goes where you ask.

local scenery = require "scenery"
local xai = require "xai"

local Character = {}
Character.__index = Character

local BUBBLE_WIDTH, BUBBLE_SECONDS = 250, 12
local STROLL, ERRAND = 28, 110 -- pixels in a second

--- `look` says who it is: name, manner, color, hair, x, left and right end of the walk.
function Character.new(client, look)
  local self = setmetatable({ client = client, text = "", clock = 0, quiet = 0, direction = 1 }, Character)
  for key, value in pairs(look) do self[key] = value end
  return self
end

-- Talking ---------------------------------------------------------------------

--- Ask a question.  This returns at once; the words come while the game goes on.
function Character:ask(question)
  self:stop()
  self.text, self.quiet = "", 0
  local task
  task = xai.spawn(function()
    local ok, problem = pcall(self.answer, self, question)
    if self.task ~= task then return end -- it was stopped
    if not ok then self.text = tostring(problem) end
    self.task = nil
  end)
  self.task = task
end

--- Runs as a task: waiting for words does not hold up the game.
function Character:answer(question)
  local run = self.client:run_tools("chat", {
    model = "grok-4.5",
    messages = {
      { role = "system", content = self.manner .. " Answer in one or two sentences." },
      { role = "user", content = question },
    },
    tools = self:tools(),
    stream = true,
  }, { deadline = 60 })
  for words in run:text() do self.text = self.text .. words end
end

--- Stop talking, if it does, and going anywhere; the service stops, too.
function Character:stop()
  if self.task then self.task:cancel() end
  self.task, self.goal = nil, nil
end

-- Tools -----------------------------------------------------------------------

--- What the model may have done. A tool is a task, too: walking takes many frames.
function Character:tools()
  local function look_around()
    local seen = {}
    for name, x in pairs(scenery.places) do
      seen[name] = ("%d steps to the %s"):format(math.abs(x - self.x) / 10, x < self.x and "left" or "right")
    end
    return seen
  end
  local function walk_to(args)
    local x = scenery.places[args.place:lower()]
    if not x then return nil, "there is no such place, look_around tells which there are" end
    xai.await(function(done) self.goal, self.arrived = x, done end)
    return "you are there"
  end
  return {
    { name = "look_around", description = "The places and how far they are", run = look_around },
    {
      name = "walk_to", description = "Walk to a place", run = walk_to, serial = true,
      parameters = xai.schema.object(xai.schema.string("place", "as look_around names it")),
    },
  }
end

-- Walking ---------------------------------------------------------------------

--- Stroll between the ends of the walk.
function Character:stroll(dt)
  self.x = self.x + self.direction * STROLL * dt
  if self.x < self.left then self.direction = 1 end
  if self.x > self.right then self.direction = -1 end
end

--- Go to the goal; there the tool goes on.
function Character:approach(dt)
  local way, step = self.goal - self.x, ERRAND * dt
  self.direction = way < 0 and -1 or 1
  if math.abs(way) > step then
    self.x = self.x + self.direction * step
  else
    self.x, self.goal = self.goal, nil
    self.arrived()
  end
end

function Character:update(dt)
  self.clock = self.clock + dt
  if self.goal then self:approach(dt) else self:stroll(dt) end
  if not self.task then self.quiet = self.quiet + dt end
end

-- Drawing ---------------------------------------------------------------------

local function draw_leg(x, y, swing)
  love.graphics.line(x, y - 26, x + swing * 5, y - 13, x + swing * 10, y)
end

--- Draw the body; `y` is where the feet are.
function Character:draw(y)
  local x, step = self.x, math.sin(self.clock * 7)
  local bob = math.abs(step) * 2
  love.graphics.setColor(0, 0, 0, 0.15)
  love.graphics.ellipse("fill", x, y, 22, 5)
  love.graphics.setLineWidth(7)
  love.graphics.setColor(0.2, 0.22, 0.32)
  draw_leg(x - 4, y, step)
  draw_leg(x + 4, y, -step)
  love.graphics.setColor(self.color)
  love.graphics.rectangle("fill", x - 15, y - 66 - bob, 30, 44, 12)
  love.graphics.line(x, y - 54 - bob, x - step * 15, y - 36 - bob)
  love.graphics.setColor(self.hair)
  love.graphics.circle("fill", x, y - 84 - bob, 18)
  love.graphics.setColor(0.98, 0.85, 0.72)
  love.graphics.circle("fill", x + self.direction * 3, y - 80 - bob, 15)
  love.graphics.setColor(0.15, 0.15, 0.2)
  love.graphics.circle("fill", x + self.direction * 5, y - 83 - bob, 2)
  love.graphics.circle("fill", x + self.direction * 12, y - 83 - bob, 2)
  local open = self.task and self.text ~= "" and math.abs(math.sin(self.clock * 12)) * 3 or 0
  love.graphics.ellipse("fill", x + self.direction * 8, y - 74 - bob, 4, 1 + open)
end

--- What the bubble says: dots until the first words are here.
function Character:words()
  if self.text ~= "" then return self.text end
  return self.task and ("."):rep(1 + math.floor(self.clock * 3) % 3) or ""
end

--- Draw the bubble; its tip points at the head.
function Character:draw_bubble(y)
  local words = self:words()
  local seen = math.min(1, BUBBLE_SECONDS - self.quiet)
  if words == "" or seen <= 0 then return end
  local font = love.graphics.getFont()
  local width, lines = font:getWrap(words, BUBBLE_WIDTH)
  local w, h = math.max(width, 40) + 28, #lines * font:getHeight() + 22
  local x = math.max(8, math.min(self.x - w / 2, love.graphics.getWidth() - w - 8))
  local tip = y - 112
  love.graphics.setColor(1, 1, 1, 0.95 * seen)
  love.graphics.rectangle("fill", x, tip - 12 - h, w, h, 12)
  love.graphics.polygon("fill", self.x - 9, tip - 13, self.x + 9, tip - 13, self.x, tip)
  love.graphics.setColor(0.15, 0.15, 0.25, seen)
  love.graphics.printf(words, x + 14, tip - 1 - h, BUBBLE_WIDTH)
end

return Character
