--- new_copas.lua - what xai.copas uses of copas 4, for systems that only have copas 1: named threads,
-- sleep and wakeup, a loop that ends.  On LuaSocket's select, like the original.

local socket = require "socket"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local copas = { _VERSION = "Copas 4 (as simulated by the specs)" }

local ready, reading, asleep = {}, {}, {}
local removed = setmetatable({}, { __mode = "k" })

local function resume(co)
  if removed[co] then return end
  local ok, what, where = coroutine.resume(co)
  if coroutine.status(co) == "dead" then
    if not ok then print("error in a thread: " .. tostring(what)) end
  elseif where == "read" then
    reading[#reading + 1] = { socket = what, thread = co }
  else
    assert(where == "sleep", "a thread yielded by itself")
    asleep[co] = what < 0 and math.huge or socket.gettime() + what
  end
end

function copas.sleep(seconds)
  coroutine.yield(seconds or 0, "sleep")
end

function copas.wakeup(co)
  if not asleep[co] then return end
  asleep[co] = nil
  ready[#ready + 1] = co
end

function copas.receive(client)
  local bytes, err = client:receive "*l"
  while not bytes and err == "timeout" do
    coroutine.yield(client, "read")
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
  ready, reading, asleep = {}, {}, {}
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

function copas.step()
  local now, next_at = socket.gettime(), socket.gettime() + 1
  for co, at in pairs(asleep) do
    if at <= now then ready[#ready + 1] = co end
    next_at = math.min(next_at, at)
  end
  for _, co in ipairs(ready) do asleep[co] = nil end
  read_ready(ready[1] and 0 or math.max(0, next_at - now))
  local list = ready
  ready = {}
  for _, co in ipairs(list) do resume(co) end
end

--- Threads that sleep for ever do not count, as in the original.
local function is_finished()
  for _, at in pairs(asleep) do
    if at < math.huge then return false end
  end
  return not ready[1] and not reading[1]
end

function copas.loop()
  repeat copas.step() until is_finished()
end

return copas
