--- records.lua - a TLS server that says exactly the given pieces, each in a record of its own.
--
-- It is `openssl s_server`, which serves one connection after the other and sends what it reads.
-- Calls must be started (`client:start`), not waited for.

local uv = require "luv"
local front = require "spec.support.front"
local leftovers = require "spec.support.leftovers"

local M = {}

local PAUSE_MS = 30

--- Write these pieces, so far apart that each is read and sent by itself.
local function say(server, pipe, pieces)
  server.said_all = false
  local timer, i = uv.new_timer(), 0
  timer:start(0, PAUSE_MS, function()
    i = i + 1
    if pieces[i] and not server.over then return pipe:write(pieces[i]) end
    timer:close()
    server.said_all = true
  end)
end

--- Answer one request after the other with `answers`, lists of pieces, the last one also to all
-- that follow.  `door` is of front.start, whose certificate it has.  Gives { url, requests, close() }.
function M.start(door, answers)
  local port, server = front.free_port(), { requests = {} }
  local stdin, stdout, over = uv.new_pipe(false), uv.new_pipe(false), false
  local process = assert(uv.spawn("openssl", {
    args = { "s_server", "-quiet", "-alpn", "http/1.1", "-accept", "127.0.0.1:" .. port,
      "-cert", door.dir .. "/good.pem", "-key", door.dir .. "/good.key" },
    stdio = { stdin, stdout, nil },
  }, function() over = true end))
  local broken = uv.new_signal()
  broken:start("sigpipe", function() end) -- a client that leaves ends openssl, not this
  broken:unref()
  local seen = ""
  stdout:read_start(function(_, bytes)
    seen = seen .. (bytes or "")
    if not seen:find "\r\n\r\n" then return end
    server.requests[#server.requests + 1], seen = seen, ""
    say(server, stdin, answers[#server.requests] or answers[#answers])
  end)
  front.wait_for(port)
  server.url = "https://localhost:" .. port
  server.close = leftovers.add(function()
    if stdin:is_closing() then return end
    server.over = true -- whoever writes to it from here on is killed
    process:kill "sigkill"
    while not over do uv.run "once" end
    for _, handle in ipairs { process, stdin, stdout, broken } do handle:close() end
    uv.run "nowait"
  end)
  return server
end

return M
