--- connection.lua - one client: a coroutine that reads requests and plays scripts.
-- A client that begins with the preface of HTTP/2 is served by h2.lua, on the same socket.

local h2 = require("xai.testing.standin.h2")
local http = require("xai.testing.standin.http")
local script = require("xai.testing.standin.script")

local Connection = {}
Connection.__index = Connection

-- Input: what http.read sees ---------------------------------------------------

--- Gather the bytes that arrived since the last look into the buffer; false at the end.
local function more_input(self)
  if #self.arrived == 0 then
    if self.ended then return false end
    script.wait_for(self, "input")
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
      script.wait_for(self, "input")
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

-- What script.lua asks of a player -----------------------------------------------

function Connection:put_head(answer)
  script.write(self, http.head(answer))
end

function Connection:put_data(answer, bytes)
  script.write(self, http.frame(answer, bytes))
end

function Connection:put_end(answer)
  script.write(self, http.tail(answer))
end

--- Up to the middle of the second line.
function Connection:put_half_head(answer)
  local head = http.head(answer)
  local line = head:find("\r\n", 1, true)
  script.write(self, head:sub(1, line + 8))
end

--- Without the blank line.
function Connection:open_head(answer)
  script.write(self, http.head(answer):sub(1, -3))
end

function Connection:more_head(name, value)
  script.write(self, name .. ": " .. value .. "\r\n")
end

Connection.more_line = script.write

function Connection:open_trailers()
  script.write(self, "0\r\n")
end

function Connection:put_interim(status, times)
  script.write(self, ("HTTP/1.1 %d Wait\r\n\r\n"):format(status):rep(times))
end

function Connection:close()
  self.socket:shutdown(function() script.wake(self, "write") end)
  script.wait_for(self, "write")
  self:finish()
end

Connection.leave, Connection.go_away = Connection.close, Connection.close

function Connection.say_goodbye() end -- its head says it

function Connection:reset_stream()
  self:finish(true)
end

-- Life ---------------------------------------------------------------------------

local function answer_request(self, request)
  request.connection = self.number
  local answer = self.service:answer(request)
  answer.last = answer.last or request.refused ~= nil or not http.keeps_alive(request)
  self.exchange = request
  script.play(self, http.steps(answer))
  self.exchange = nil
  self.service:ended(request, self.aborted)
  return answer
end

--- What is to happen to the connection at its next request, or by itself after a time.
local function prepare_end(self, answer)
  self.doomed = self.doomed or answer.doomed
  if not answer.dies_after then return end
  self.timer:start(answer.dies_after, 0, function() self:finish() end)
end

--- A kept connection dies: after a wait, so that the client has read the answer before.
local function break_off(self)
  script.pause(self, self.service.options.breath)
  self:finish(self.doomed == "reset")
end

local function converse(self)
  repeat
    local request, is_h2 = http.read(self)
    if is_h2 then return h2.serve(self) end
    if not request or self.ended then break end
    self.timer:stop()
    if self.doomed then return break_off(self) end
    local answer = answer_request(self, request)
    if not self.closed then prepare_end(self, answer) end
  until answer.last or self.closed
  self:finish()
end

--- Close the connection, by a reset if asked; the script in progress ends here.
function Connection:finish(reset)
  if self.closed then return end
  self.closed, self.waiting = true, nil
  self.timer:close()
  for _, stream in pairs(self.streams) do stream:finish() end
  if not (reset and self.socket:close_reset()) then
    if not self.socket:is_closing() then self.socket:close() end
  end
  self.service:disconnected(self)
end

--- The client closed or broke the connection: an answer in progress was aborted.
local function client_left(self)
  self.ended = true
  for _, stream in pairs(self.streams) do stream:abandon() end
  if self.waiting == "input" then return script.wake(self, "input") end
  if self.exchange then self.service:ended(self.exchange, true) end
  self:finish()
end

local function on_read(self, err, bytes)
  if self.closed then return end
  if err or not bytes then return client_left(self) end
  self.arrived[#self.arrived + 1] = bytes
  script.wake(self, "input")
end

local M = {}

--- Serve `socket`.  `service` has answer(request), ended(request, aborted) and
-- disconnected(connection); `uv` is the luv module.
function M.serve(uv, socket, service, number)
  local self = setmetatable({
    uv = uv, socket = socket, service = service, number = number, timer = uv.new_timer(), buffer = "", arrived = {},
    streams = {},
  }, Connection)
  self.thread = coroutine.create(function() return converse(self) end)
  socket:nodelay(true)
  socket:read_start(function(err, bytes) on_read(self, err, bytes) end)
  assert(coroutine.resume(self.thread))
  return self
end

return M
