--- records.lua - a TLS server that says exactly the given pieces, each in a record of its own.
--
-- It is `openssl s_server`, which serves one connection after the other and sends what it reads.
-- Calls must be started (`client:start`), not waited for.

local uv = require "luv"
local listener = require "spec.support.listener"

local M = {}

local PAUSE_MS = 30

--- Write these pieces, so far apart that each is read and sent by itself.
local function say(server, pieces)
  server.said_all = false
  local timer, i = uv.new_timer(), 0
  timer:start(0, PAUSE_MS, function()
    i = i + 1
    if pieces[i] and not server.is_over() then return server.stdin:write(pieces[i]) end
    timer:close()
    server.said_all = true
  end)
end

--- Answer one request after the other with `answers`, lists of pieces, the last one also to all
-- that follow.  `door` is of front.start, whose certificate it has.  Gives { url, requests, close() }.
function M.start(door, answers)
  local server = listener.openssl(door.dir .. "/good.pem", door.dir .. "/good.key", "http/1.1")
  server.requests = {}
  local seen = ""
  server.stdout:read_start(function(_, bytes)
    seen = seen .. (bytes or "")
    if not seen:find "\r\n\r\n" then return end
    server.requests[#server.requests + 1], seen = seen, ""
    say(server, answers[#server.requests] or answers[#answers])
  end)
  return server
end

return M
