--- new_copas.lua - what xai.copas uses of copas 4, for systems that only have copas 1: named threads,
-- sleep and wakeup, timeouts, a loop that ends.  On LuaSocket's select, like the original.

local socket = require "socket"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local copas = { _VERSION = "Copas 4 (as simulated by the specs)" }

local ready, reading, asleep = {}, {}, {}
local timeouts = {} -- thread -> { at, callback }
local removed = setmetatable({}, { __mode = "k" })

-- What threads yield: something, and the queue that it belongs to.
local sleep_queue, read_queue = {}, {}

function sleep_queue.insert() end

function sleep_queue.push(_, seconds, co)
  asleep[co] = seconds < 0 and math.huge or socket.gettime() + seconds
end

function read_queue.insert() end

function read_queue.push(_, client, co)
  reading[#reading + 1] = { socket = client, thread = co }
end

local function resume(co)
  if removed[co] then return end
  local ok, what, queue = coroutine.resume(co)
  if queue == sleep_queue or queue == read_queue then
    queue:insert(what)
    return queue:push(what, co)
  end
  if coroutine.status(co) ~= "dead" then ok, what = false, "a thread yielded by itself" end
  if not ok then print("error in a thread: " .. tostring(what)) end
end

function copas.sleep(seconds)
  coroutine.yield(seconds or 0, sleep_queue)
end

function copas.pauseforever()
  coroutine.yield(-1, sleep_queue)
end

function copas.wakeup(co)
  if not asleep[co] then return end
  asleep[co] = nil
  ready[#ready + 1] = co
end

function copas.timeout(delay, callback)
  local is_never = delay == 0 or delay == math.huge
  timeouts[coroutine.running()] = not is_never and { at = socket.gettime() + delay, callback = callback } or nil
end

local function end_reading(co)
  for i = #reading, 1, -1 do
    if reading[i].thread == co then table.remove(reading, i) end
  end
  ready[#ready + 1] = co
end

local receive_timeouts = setmetatable({}, { __mode = "k" })

function copas.settimeouts(client, _, _, seconds)
  receive_timeouts[client] = seconds
end

function copas.receive(client)
  copas.timeout(receive_timeouts[client] or math.huge, end_reading)
  local bytes, err = client:receive "*l"
  while not bytes and err == "timeout" do
    coroutine.yield(client, read_queue)
    bytes, err = client:receive "*l"
  end
  return bytes, err
end

function copas.addnamedthread(_, f, ...)
  local n, args = select("#", ...), { ... }
  local co = coroutine.create(function() return f(unpack(args, 1, n)) end)
  ready[#ready + 1] = co
  return co
end

function copas.addthread(f, ...)
  return copas.addnamedthread(nil, f, ...)
end

function copas.removethread(co)
  removed[co] = true
  asleep[co] = nil
end

function copas.cancelall()
  ready, reading, asleep, timeouts = {}, {}, {}, {}
end

function copas.addserver() error "not simulated" end

local function read_ready(seconds)
  local sockets, waiting = {}, reading
  for i, one in ipairs(waiting) do sockets[i] = one.socket end
  if not sockets[1] then return socket.sleep(seconds) end
  local came = socket.select(sockets, nil, seconds)
  reading = {}
  for _, one in ipairs(waiting) do
    if came[one.socket] then ready[#ready + 1] = one.thread else reading[#reading + 1] = one end
  end
end

local function ring_timeouts(now)
  for co, timeout in pairs(timeouts) do
    if timeout.at <= now then
      timeouts[co] = nil
      timeout.callback(co)
    end
  end
end

function copas.step()
  local now, next_at = socket.gettime(), socket.gettime() + 1
  ring_timeouts(now)
  for co, at in pairs(asleep) do
    if at <= now then ready[#ready + 1] = co end
    next_at = math.min(next_at, at)
  end
  for _, timeout in pairs(timeouts) do next_at = math.min(next_at, timeout.at) end
  for _, co in ipairs(ready) do asleep[co] = nil end
  read_ready(ready[1] and 0 or math.max(0, next_at - now))
  local list = ready
  ready = {}
  for _, co in ipairs(list) do resume(co) end
end

--- Threads that sleep for ever do not count, as in the original, unless there is a timeout.
local function is_finished()
  for _, at in pairs(asleep) do
    if at < math.huge or next(timeouts) then return false end
  end
  return not ready[1] and not reading[1]
end

function copas.loop()
  repeat copas.step() until is_finished()
end

return copas
