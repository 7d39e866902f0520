--- tunnel.lua - a proxy on this process's luv loop that opens tunnels (CONNECT), or refuses to.
--
-- Calls through it must be started (`client:start`), not waited for.

local uv = require("luv")
local leftovers = require("spec.support.leftovers")

local M = {}

local function close(handle)
  if not handle:is_closing() then handle:close() end
end

local function join(from, to)
  from:read_start(function(_, bytes)
    if bytes then return to:write(bytes) end
    close(from)
    close(to)
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
  local listener, sockets = uv.new_tcp(), {}
  assert(listener:bind("127.0.0.1", 0))
  listener:listen(16, function()
    local socket, seen = uv.new_tcp(), ""
    sockets[#sockets + 1] = socket
    listener:accept(socket)
    socket:read_start(function(_, bytes)
      if not bytes then return close(socket) end
      seen = seen .. bytes
      local port = seen:match("^CONNECT [^ ]*:(%d+) .*\r\n\r\n$")
      if port and opens then return open(socket, tonumber(port), head) end
      if port then socket:write(head) end
    end)
  end)
  return {
    url = "http://127.0.0.1:" .. listener:getsockname().port,
    close = leftovers.add(function()
      close(listener)
      for _, socket in ipairs(sockets) do close(socket) end
      uv.run("nowait")
    end),
  }
end

return M
