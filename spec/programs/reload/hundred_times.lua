--- A hundred reloads in this loop keep nothing that grows.

if rawget(_G, "jit") then jit.off() end -- its traces take memory

local loop = LOOPS[...]()
local core = require "xai.core"
local done = 0

loop.again()

local function round(i)
  done = 0
  local one = require "xai".new { max_retries = 0, on_retry = function() end }
  one:start("chat", question(true), { on_event = function() end, on_done = function() done = done + 1 end })
  require "xai".spawn(function()
    require "xai".sleep(0)
    done = done + 1
  end)
  drop(i % 2 == 0 and "^xai" or "^xai%.", i % 3 == 0)
  loop.again()
  loop.wait(function() return done == 2 end)
  one:close()
end

local function descriptors()
  local pipe = io.popen("ls /proc/$PPID/fd | wc -l")
  local count = tonumber(pipe:read "*l")
  pipe:close()
  return count
end

local function memory()
  for _ = 1, 4 do collectgarbage() end
  return collectgarbage "count"
end

for i = 1, 30 do round(i) end
local fds, kb = descriptors(), memory()
for i = 1, 100 do round(i) end
client:close()
print(done == 2, descriptors() <= fds + 10, memory() - kb < 16, core.active())
