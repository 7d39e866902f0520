--- cancel.lua - how soon the server sees the end of a stream that was cancelled.
--
--   make && lua5.4 spec/bench/cancel.lua [TIMES]
--
-- with LUA_PATH and LUA_CPATH as `make` sets them, `./?.lua` among them, and nginx for
-- HTTP/2.  Milliseconds from call:cancel() until the stand-in server says, asked again
-- and again, that the connection of the stream has ended: over HTTP/1.1, over HTTP/2 as
-- nginx passes it on, and while another call's name is looked up for 3 s (with
-- LD_PRELOAD=.build/bench/slow_names.so, see spec/bench/heartbeat).

local uv = require "luv"
local xai = require "xai"
local front = require "spec.support.front"
local stages = require "spec.support.stage"

local TIMES = tonumber(arg[1]) or 50
local house = stages.open { pace = 0 }
local watcher = house:new_client()

--- Is the connection of the last stream open?
local function is_open()
  local open = false
  for _, request in ipairs(assert(watcher:request { path = "/_/requests" })) do
    if request.fault == "stall-in-stream,3" then open = request.open end
  end
  return open
end

local function once(client)
  local events = 0
  local body = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } }, stream = true }
  local call = client:start("chat", body,
    { on_event = function() events = events + 1 end })
  while events < 3 do xai.step(0.01) end
  while not is_open() do xai.step(0.001) end
  local before = uv.hrtime()
  call:cancel()
  while is_open() do xai.step(0) end
  return (uv.hrtime() - before) / 1e6
end

local function measure(name, client)
  local times = {}
  for i = 1, TIMES do times[i] = once(client) end
  table.sort(times)
  print(("%-28s p50 %6.2f  p99 %6.2f  worst %6.2f ms"):format(name, times[math.ceil(TIMES / 2)],
    times[math.ceil(TIMES * 0.99)], times[TIMES]))
end

local FAULT = { ["x-fault"] = "stall-in-stream,3" }
measure("HTTP/1.1", house:new_client { headers = FAULT })
if front.missing() then
  print("HTTP/2: " .. front.missing())
else
  local nginx = front.start(house.server.url)
  measure("HTTP/2", house:new_client {
    headers = FAULT, base_url = nginx.url, ca_file = nginx.ca_file, http_version = "2",
  })
  nginx.close()
end
local lost = xai.new { api_key = stages.KEY, base_url = "http://slow.invalid:9", allow_http = true, max_retries = 0 }
local waiting = lost:start("list_models")
measure("HTTP/1.1, DNS hanging", house:new_client { headers = FAULT })
local before = uv.hrtime()
waiting:cancel()
print(("%-28s %.2f ms, within the call"):format("a call in the look-up", (uv.hrtime() - before) / 1e6))
house:close()
