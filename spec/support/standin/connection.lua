--- connection.lua - one client: a coroutine that reads requests and plays scripts.
-- The coroutine sleeps on one thing at a time ("input", "write", "timer") and the
-- loop's callbacks wake it.  A write is awaited before the next step, so a client
-- that stops reading stops the script as well.

local http = require("standin.http")

local Connection = {}
Connection.__index = Connection

local function wait_for(self, what)
  self.waiting = what
  return coroutine.yield()
end

local function wake(self, what, ...)
  if self.waiting ~= what then return end
  self.waiting = nil
  local ok, err = coroutine.resume(self.thread, ...)
  if ok then return end
  io.stderr:write(debug.traceback(self.thread, tostring(err)), "\n")
  self:finish()
end

-- Input: what http.read sees ---------------------------------------------------

--- Gather the bytes that arrived since the last look into the buffer; false at the end.
local function more_input(self)
  if #self.arrived == 0 then
    if self.ended then return false end
    wait_for(self, "input")
  end
  self.buffer = self.buffer .. table.concat(self.arrived)
  self.arrived = {}
  return true
end

--- The next line without its line end; nil when the client has left.
function Connection:line()
  local stop = self.buffer:find("\n", 1, true)
  while not stop do
    if #self.buffer > 65536 or not more_input(self) then return nil end
    stop = self.buffer:find("\n", 1, true)
  end
  local line = self.buffer:sub(1, stop - 1):gsub("\r$", "")
  self.buffer = self.buffer:sub(stop + 1)
  return line
end

--- Exactly `size` bytes; nil when the client has left before.  Linear in `size`.
function Connection:take(size)
  local parts, have = { self.buffer }, #self.buffer
  while have < size do
    if #self.arrived == 0 then
      if self.ended then return nil end
      wait_for(self, "input")
    end
    for _, bytes in ipairs(self.arrived) do parts[#parts + 1], have = bytes, have + #bytes end
    self.arrived = {}
  end
  local all = table.concat(parts)
  self.buffer = all:sub(size + 1)
  return all:sub(1, size)
end

--- Write at once, outside of any script.
function Connection:reply(bytes)
  if not self.closed then self.socket:write(bytes) end
end

-- Scripts ----------------------------------------------------------------------

local OPS = {}

function OPS.write(self, bytes)
  if bytes == "" then return end
  self.socket:write(bytes, function(err) wake(self, "write", err) end)
  local err = wait_for(self, "write")
  local record = self.exchange and self.exchange.record
  if record then record.written = record.written + #bytes end
  if not err then return end
  self.aborted = true
  self:finish()
end

function OPS.wait(self, ms)
  self.timer:start(ms, 0, function() wake(self, "timer") end)
  wait_for(self, "timer")
end

function OPS.stall(self)
  wait_for(self, "forever")
end

function OPS.close(self)
  self.socket:shutdown(function() wake(self, "write") end)
  wait_for(self, "write")
  self:finish()
end

function OPS.reset(self)
  self:finish(true)
end

function OPS.again(self, index)
  self.next_step = index
end

--- Play a script to its end, or until the connection is gone.
function Connection:play(steps)
  self.next_step = 1
  while steps[self.next_step] and not self.closed do
    local step = steps[self.next_step]
    self.next_step = self.next_step + 1
    OPS[step[1]](self, step[2])
  end
end

-- Life ---------------------------------------------------------------------------

local function converse(self)
  repeat
    local request = http.read(self)
    if not request or self.ended then break end
    request.connection = self.number
    local answer = self.service:answer(request)
    answer.last = answer.last or request.refused ~= nil or not http.keeps_alive(request)
    self.exchange = request
    self:play(http.steps(answer))
    self.exchange = nil
    self.service:ended(request, self.aborted)
  until answer.last or self.closed
  self:finish()
end

--- Close the connection, by a reset if asked; the script in progress ends here.
function Connection:finish(reset)
  if self.closed then return end
  self.closed, self.waiting = true, nil
  self.timer:close()
  if not (reset and self.socket:close_reset()) then
    if not self.socket:is_closing() then self.socket:close() end
  end
  self.service:disconnected(self)
end

--- The client closed or broke the connection: an answer in progress was aborted.
local function client_left(self)
  self.ended = true
  if self.waiting == "input" then return wake(self, "input") end
  if self.exchange then self.service:ended(self.exchange, true) end
  self:finish()
end

local function on_read(self, err, bytes)
  if self.closed then return end
  if err or not bytes then return client_left(self) end
  self.arrived[#self.arrived + 1] = bytes
  wake(self, "input")
end

local M = {}

--- Serve `socket`.  `service` has answer(request), ended(request, aborted) and
-- disconnected(connection); `uv` is the luv module.
function M.serve(uv, socket, service, number)
  local self = setmetatable({
    socket = socket, service = service, number = number, timer = uv.new_timer(), buffer = "", arrived = {},
  }, Connection)
  self.thread = coroutine.create(function() return converse(self) end)
  socket:nodelay(true)
  socket:read_start(function(err, bytes) on_read(self, err, bytes) end)
  assert(coroutine.resume(self.thread))
  return self
end

return M
