--- xai.copas: waits for a task's socket, which stays open, while others go on.

local socket = require "socket"
local server = assert(socket.bind("127.0.0.1", 0))
local writer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
local reader, asked, ticks = server:accept(), 0, 0
reader:settimeout(0)
local counted = setmetatable({}, { __index = function(_, name)
  return function(_, ...) return reader[name](reader, ...) end
end })
function counted.receive(_, ...)
  asked = asked + 1
  return reader:receive(...)
end
copas.addthread(function()
  xai.run(function()
    local lines = xai.spawn(function() return copas.receive(counted) .. ", " .. copas.receive(counted) end)
    for _, line in ipairs { "a line\n", "another\n" } do
      for _ = 1, 20 do
        ticks = ticks + 1
        xai.sleep(0.001)
      end
      writer:send(line)
      xai.sleep(0.02)
    end
    print(("%s; asked at most 4 times: %s, others: %s"):format(lines:wait(), tostring(asked <= 4),
      tostring(ticks == 40)))
  end)
end)
run()
