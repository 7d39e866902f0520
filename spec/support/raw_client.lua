--- raw_client.lua - HTTP by hand on luv, to see what a server really sends.
-- Everything runs the loop itself, so the server may live on the same loop.

local uv = require("luv")

local M = {}

-- libuv calls a reset that was seen together with the last bytes the end of the stream; what is
-- written then still tells them apart.
local function how_it_ended(socket, broken)
  if broken then return "reset" end
  local _, _, code = socket:try_write("\r\n")
  return (code == "EPIPE" or code == "ECONNRESET") and "reset" or "closed"
end

--- Send bytes and collect the answer until the server ends the connection, or `enough(bytes)`
-- says so.  Returns the bytes and how it ended: "closed", "reset", "open" or "timeout".
function M.exchange(port, bytes, enough)
  local socket, timer = uv.new_tcp(), uv.new_timer()
  local parts, fate = {}, nil
  socket:connect("127.0.0.1", port, function(err)
    if err then fate = "refused" return end
    socket:read_start(function(broken, data)
      parts[#parts + 1] = data
      if broken or not data then fate = how_it_ended(socket, broken) end
      if data and enough and enough(table.concat(parts)) then fate = "open" end
    end)
    socket:write(bytes)
  end)
  uv.update_time() -- the loop may not have run for longer than that
  timer:start(5000, 0, function() fate = fate or "timeout" end)
  while not fate do uv.run("once") end
  socket:close()
  timer:close()
  uv.run("nowait")
  return table.concat(parts), fate
end

--- The bytes of a request; a body gets its length.
function M.request(method, path, headers, body)
  local lines = { method .. " " .. path .. " HTTP/1.1", "Host: 127.0.0.1" }
  for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  if body then lines[#lines + 1] = "Content-Length: " .. #body end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

local function unchunk(bytes)
  local parts, at = {}, 1
  while true do
    local size, start = bytes:match("^(%x+)\r\n()", at)
    if not size or size == "0" then return table.concat(parts) end
    parts[#parts + 1] = bytes:sub(start, start + tonumber(size, 16) - 1)
    at = start + tonumber(size, 16) + 2
  end
end

--- Take an answer apart: { status, headers, body }.
function M.parse(bytes)
  local head, body = bytes:match("^(.-\r\n)\r\n(.*)$")
  local answer = { status = tonumber(head:match("^HTTP/1%.1 (%d+)")), headers = {} }
  for name, value in head:gmatch("\r\n([^:\r]+): ([^\r]*)") do answer.headers[name:lower()] = value end
  answer.body = answer.headers["transfer-encoding"] and unchunk(body) or body
  return answer
end

--- One request on a connection of its own.
function M.call(port, method, path, headers, body)
  local all = { Connection = "close" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return M.parse((M.exchange(port, M.request(method, path, all, body))))
end

return M
