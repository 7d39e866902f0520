--- listener.lua - what the servers on this process's luv loop have in common.

local uv = require("luv")
local leftovers = require("spec.support.leftovers")

local M = {}

--- Close a handle, if that was not done.
function M.close(handle)
  if not handle:is_closing() then handle:close() end
end

--- Listen on this machine, or on the Unix socket `path`, and call `serve(socket)` for each connection.
-- Gives { url, port, connections, deafen(), close() }; it is closed at the end of the spec or file.
function M.listen(serve, path)
  local new = path and function() return uv.new_pipe(false) end or uv.new_tcp
  local listener, sockets, server = new(), {}, { connections = 0 }
  assert(path and listener:bind(path) or listener:bind("127.0.0.1", 0))
  listener:listen(16, function()
    local socket = new()
    sockets[#sockets + 1] = socket
    server.connections = #sockets
    listener:accept(socket)
    serve(socket)
  end)
  server.port = not path and listener:getsockname().port or nil
  server.url = "http://127.0.0.1" .. (path and "" or ":" .. server.port)

  --- No new connections from here on.
  function server.deafen() M.close(listener) end

  server.close = leftovers.add(function()
    M.close(listener)
    for _, socket in ipairs(sockets) do M.close(socket) end
    uv.run("nowait")
  end)
  return server
end

--- A port that nobody listens on now.
function M.free_port()
  local socket = uv.new_tcp()
  socket:bind("127.0.0.1", 0)
  local port = socket:getsockname().port
  socket:close()
  uv.run("nowait")
  return port
end

--- Can somebody connect to this port?
local function answers(port)
  local socket, outcome = uv.new_tcp(), nil
  socket:connect("127.0.0.1", port, function(err) outcome = err or "connected" end)
  while not outcome do uv.run("once") end
  socket:close()
  uv.run("nowait")
  return outcome == "connected"
end

--- Come back when somebody listens there (or after five seconds).
function M.wait_for(port)
  for _ = 1, 500 do
    if answers(port) then return end
    uv.sleep(10)
  end
end

--- Run `openssl s_server`, which serves one TLS connection after the other: it writes what it is told to
-- `stdout` and sends what it reads from `stdin`.  More arguments are openssl's.
-- Gives { url, port, stdin, stdout, is_over(), close() }.
function M.openssl(certificate, key, protocol, ...)
  local port = M.free_port()
  local stdin, stdout, over = uv.new_pipe(false), uv.new_pipe(false), false
  local process = assert(uv.spawn("openssl", {
    args = { "s_server", "-quiet", "-accept", "127.0.0.1:" .. port, "-cert", certificate, "-key", key,
      "-alpn", protocol, ... },
    stdio = { stdin, stdout, nil },
  }, function() over = true end))
  local broken = uv.new_signal()
  broken:start("sigpipe", function() end) -- a client that leaves ends openssl, not this
  broken:unref()
  local server = { url = "https://localhost:" .. port, port = port, stdin = stdin, stdout = stdout }
  function server.is_over() return stdin:is_closing() end

  server.close = leftovers.add(function()
    if process:is_closing() then return end
    process:kill("sigkill")
    for _, handle in ipairs { stdin, stdout, broken } do M.close(handle) end
    while not over do uv.run("once") end
    process:close()
    uv.run("nowait")
  end)
  M.wait_for(port)
  return server
end

return M
