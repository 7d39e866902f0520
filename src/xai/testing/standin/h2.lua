--- h2.lua - HTTP/2 on a connection whose client speaks it at once (prior knowledge).
--
-- The connection's coroutine reads frames.  Each request is a stream with a coroutine of its own,
-- which plays the answer's script; what it writes is put into frames here.

local hpack = require("xai.testing.standin.hpack")
local http = require("xai.testing.standin.http")
local script = require("xai.testing.standin.script")

local DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
local END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 32
local MOST_DATA = 16384

-- What RST_STREAM and GOAWAY may say.
local CODES = {
  NO_ERROR = 0, PROTOCOL_ERROR = 1, INTERNAL_ERROR = 2, FLOW_CONTROL_ERROR = 3, REFUSED_STREAM = 7, CANCEL = 8,
  ENHANCE_YOUR_CALM = 11, HTTP_1_1_REQUIRED = 13,
}

--- A number in `size` bytes, the highest first.
local function bytes_of(n, size)
  local out = {}
  for i = size, 1, -1 do out[i], n = string.char(n % 256), math.floor(n / 256) end
  return table.concat(out)
end

local function number_of(bytes)
  local n = 0
  for i = 1, #bytes do n = n * 256 + bytes:byte(i) end
  return n
end

local function has(flags, flag)
  return math.floor(flags / flag) % 2 == 1
end

local function frame(kind, flags, id, payload)
  return bytes_of(#payload, 3) .. string.char(kind, flags) .. bytes_of(id, 4) .. payload
end

-- Streams: the players of scripts --------------------------------------------------------

local Stream = {}
Stream.__index = Stream

--- Frames are written whole, for others write to the same socket.
local function put(stream, kind, flags, payload)
  script.write_whole(stream, frame(kind, flags, stream.id, payload))
end

--- The header block of an answer; what HTTP/1.1 says about the connection is left out.
local function block_of(answer)
  local block = { hpack.literal(":status", tostring(answer.status)) }
  for _, header in ipairs(answer.headers) do block[#block + 1] = hpack.literal(header[1], header[2]) end
  local length = http.length(answer)
  if length then block[#block + 1] = hpack.literal("content-length", tostring(length)) end
  return table.concat(block)
end

function Stream:put_head(answer)
  put(self, HEADERS, END_HEADERS + (answer.head_only and END_STREAM or 0), block_of(answer))
end

function Stream:put_half_head(answer)
  self:open_head(answer)
end

function Stream:open_head(answer)
  put(self, HEADERS, 0, block_of(answer))
end

function Stream:more_head(name, value)
  put(self, CONTINUATION, 0, hpack.literal(name, value))
end

--- A header tells its length: what has no end is the list of them.
function Stream:more_line(bytes)
  self:more_head("x-more", bytes:sub(1, 8000))
end

function Stream:open_trailers()
  put(self, HEADERS, END_STREAM, hpack.literal("x-trailer", "1"))
end

function Stream:put_interim(status, times)
  local head = frame(HEADERS, END_HEADERS, self.id, hpack.literal(":status", tostring(status)))
  script.write_whole(self, head:rep(times))
end

--- As many bytes as the client permits, and what it permits is less by them.
local function take_window(stream, most)
  local connection = stream.connection
  local size = math.min(most, MOST_DATA, stream.window, connection.window)
  while size <= 0 and not stream.closed do
    script.wait_for(stream, "window")
    size = math.min(most, MOST_DATA, stream.window, connection.window)
  end
  stream.window, connection.window = stream.window - size, connection.window - size
  return size
end

--- Data in as few frames as may be, or in pieces if the script asks for that.
function Stream:put_data(_, bytes)
  local at, pieces = 1, self.pieces
  while at <= #bytes and not self.closed do
    local size = take_window(self, math.min(#bytes - at + 1, pieces and pieces.size or MOST_DATA))
    if not self.closed then put(self, DATA, 0, bytes:sub(at, at + size - 1)) end
    if pieces and pieces.ms > 0 and not self.closed then script.pause(self, pieces.ms) end
    at = at + size
  end
end

function Stream:put_end(answer)
  if not answer.head_only then put(self, DATA, END_STREAM, "") end
end

function Stream:close()
  self.connection:close()
end

--- Streams that follow are to go elsewhere; this one goes on.
function Stream:say_goodbye()
  script.write_whole(self, frame(GOAWAY, 0, 0, bytes_of(self.id, 4) .. bytes_of(CODES.NO_ERROR, 4)))
end

--- It is complete.
Stream.leave = Stream.say_goodbye

local function code_of(name)
  return CODES[name] or tonumber(name) or CODES.INTERNAL_ERROR
end

function Stream:reset_stream(code)
  put(self, RST_STREAM, 0, bytes_of(code_of(code), 4))
  self:finish()
end

--- Say that the connection ends, and end it.  Before a head is sent, that nothing was done.
function Stream:go_away(code)
  local last = self.exchange.record and self.exchange.record.written == 0 and 0 or self.id
  script.write_whole(self, frame(GOAWAY, 0, 0, bytes_of(last, 4) .. bytes_of(code_of(code), 4)))
  self.connection:close()
end

--- The script in progress ends here; with `reset` the whole connection does.
function Stream:finish(reset)
  if self.closed then return end
  self.closed, self.waiting = true, nil
  self.timer:close()
  self.connection.streams[self.id] = nil
  if reset then self.connection:finish(true) end
end

--- The client wants no more of it.
function Stream:abandon()
  if self.closed then return end
  self.connection.service:ended(self.exchange, true)
  self.told = true
  self:finish()
end

local function converse(stream, request)
  local connection = stream.connection
  local answer = connection.service:answer(request)
  script.play(stream, http.steps(answer))
  if not stream.told then connection.service:ended(request, stream.aborted) end
  stream:finish()
  if connection.closed then return end
  connection.doomed = connection.doomed or answer.doomed
  if not answer.dies_after then return end
  connection.timer:start(answer.dies_after, 0, function() connection:finish() end)
end

local function start_stream(connection, id, request)
  local stream = setmetatable({
    id = id, connection = connection, service = connection.service, socket = connection.socket,
    timer = connection.uv.new_timer(),
    window = connection.first_window + (connection.widened[id] or 0), exchange = request,
  }, Stream)
  connection.streams[id], connection.widened[id] = stream, nil
  stream.thread = coroutine.create(converse)
  local ok, err = coroutine.resume(stream.thread, stream, request)
  if ok then return end
  io.stderr:write(debug.traceback(stream.thread, tostring(err)), "\n")
  connection:finish()
end

-- The connection ---------------------------------------------------------------------------

local function send(connection, kind, flags, id, payload)
  connection:reply(frame(kind, flags, id, payload))
end

--- A request as http.read gives it.
local function request_of(list, number)
  local request = { headers = {}, body = {}, version = "2", connection = number }
  for _, header in ipairs(list) do
    local name, value = header[1], header[2]
    if name == ":method" then request.method = value end
    if name == ":path" then request.path, request.query = value:match("^([^?]*)%??(.*)$") end
    if name:sub(1, 1) ~= ":" then request.headers[name] = value end
  end
  return request
end

local function wake_all(connection)
  local waiting = {}
  for _, stream in pairs(connection.streams) do waiting[#waiting + 1] = stream end
  for _, stream in ipairs(waiting) do script.wake(stream, "window") end
end

--- The request of a stream is whole: answer it.
local function complete(connection, id)
  local request = connection.requests[id]
  connection.requests[id] = nil
  if not request or not request.path then return end
  request.body = table.concat(request.body)
  if connection.doomed then return connection:finish(connection.doomed == "reset") end
  connection.timer:stop()
  start_stream(connection, id, request)
end

--- The payload without its padding.
local function unpadded(flags, payload)
  if not has(flags, PADDED) then return payload end
  return payload:sub(2, -1 - payload:byte(1))
end

local FRAMES = {}

local function end_of_block(connection, id, flags)
  local open = connection.open_block
  if not has(flags, END_HEADERS) then return end
  connection.open_block = nil
  connection.requests[id] = request_of(hpack.decode(connection.table, open.bytes), connection.number)
  if open.ends then complete(connection, id) end
end

FRAMES[HEADERS] = function(connection, flags, id, payload)
  payload = unpadded(flags, payload)
  if has(flags, PRIORITY) then payload = payload:sub(6) end
  connection.open_block = { bytes = payload, ends = has(flags, END_STREAM) }
  end_of_block(connection, id, flags)
end

FRAMES[CONTINUATION] = function(connection, flags, id, payload)
  connection.open_block.bytes = connection.open_block.bytes .. payload
  end_of_block(connection, id, flags)
end

FRAMES[DATA] = function(connection, flags, id, payload)
  if #payload > 0 then
    send(connection, WINDOW_UPDATE, 0, 0, bytes_of(#payload, 4))
    if not has(flags, END_STREAM) then send(connection, WINDOW_UPDATE, 0, id, bytes_of(#payload, 4)) end
  end
  local request = connection.requests[id]
  if request then request.body[#request.body + 1] = unpadded(flags, payload) end
  if has(flags, END_STREAM) then complete(connection, id) end
end

FRAMES[RST_STREAM] = function(connection, _, id)
  connection.requests[id], connection.widened[id] = nil, nil
  if connection.streams[id] then connection.streams[id]:abandon() end
end

--- Another first window changes those of the streams that there are by the difference.
local function set_first_window(connection, window)
  local more = window - connection.first_window
  connection.first_window = window
  for _, stream in pairs(connection.streams) do stream.window = stream.window + more end
end

FRAMES[SETTINGS] = function(connection, flags, _, payload)
  if has(flags, 1) then return end
  for i = 1, #payload, 6 do
    if number_of(payload:sub(i, i + 1)) == 4 then set_first_window(connection, number_of(payload:sub(i + 2, i + 5))) end
  end
  send(connection, SETTINGS, 1, 0, "")
  wake_all(connection)
end

FRAMES[PING] = function(connection, flags, _, payload)
  if not has(flags, 1) then send(connection, PING, 1, 0, payload) end
end

--- It may come while the request of its stream is still on its way, for the answer to come.
FRAMES[WINDOW_UPDATE] = function(connection, _, id, payload)
  local more, widened = number_of(payload) % 2 ^ 31, id == 0 and connection or connection.streams[id]
  if widened then
    widened.window = widened.window + more
  elseif connection.requests[id] then
    connection.widened[id] = (connection.widened[id] or 0) + more
  end
  wake_all(connection)
end

FRAMES[GOAWAY] = function() end

local M = { CODES = CODES, bytes_of = bytes_of, number_of = number_of, frame = frame }

--- Serve a connection whose first line was that of the preface; called in its coroutine.
function M.serve(connection)
  connection:take(8) -- the rest of the preface
  connection.table, connection.requests, connection.widened = hpack.new(), {}, {}
  connection.window, connection.first_window = 65535, 65535
  send(connection, SETTINGS, 0, 0, "\0\3" .. bytes_of(1000, 4)) -- so many streams at once
  send(connection, WINDOW_UPDATE, 0, 0, bytes_of(16777216, 4))
  while not connection.closed and not connection.ended do
    local head = connection:take(9)
    if not head then break end
    local payload = connection:take(number_of(head:sub(1, 3)))
    local serve = FRAMES[head:byte(4)]
    if not payload then break end
    if serve then serve(connection, head:byte(5), number_of(head:sub(6, 9)) % 2 ^ 31, payload) end
  end
  connection:finish()
end

return M
