--- tunnel.lua - a proxy on this process's luv loop that opens tunnels (CONNECT), or refuses to.
--
-- Calls through it must be started (`client:start`), not waited for.

local uv = require("luv")
local listener = require("spec.support.listener")

local M = {}

local function join(from, to)
  from:read_start(function(_, bytes)
    if bytes then return to:write(bytes) end
    listener.close(from)
    listener.close(to)
  end)
end

local function open(socket, port, said)
  local server = uv.new_tcp()
  server:connect("127.0.0.1", port, function()
    socket:write(said)
    join(socket, server)
    join(server, socket)
  end)
end

--- A proxy that says `head` to each CONNECT, and opens the tunnel if `opens`.
-- Gives { url, close() }.
function M.start(head, opens)
  return listener.listen(function(socket)
    local seen = ""
    socket:read_start(function(_, bytes)
      if not bytes then return listener.close(socket) end
      seen = seen .. bytes
      local port = seen:match("^CONNECT [^ ]*:(%d+) .*\r\n\r\n$")
      if port and opens then return open(socket, tonumber(port), head) end
      if port then socket:write(head) end
    end)
  end)
end

return M
