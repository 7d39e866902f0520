--- xai.copas: refuses a task's wait for a socket that has a timeout.

local silent = require "socket".udp()
silent:setsockname("127.0.0.1", 0)
silent:settimeout(0)
local client = {
  getfd = function() return silent:getfd() end,
  dirty = function() return false end,
  receive = function() return nil, "timeout" end,
}
copas.addthread(function()
  local ok, err = pcall(xai.run, function()
    copas.settimeouts(client, nil, nil, 1000)
    return copas.receive(client)
  end)
  print(ok, err:match "a thread of copas's can")
end)
copas.loop()
