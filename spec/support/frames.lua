--- frames.lua - a server on this process's luv loop that speaks HTTP/2 in exactly the given writes.
--
-- Each request is answered by a function, which says which bytes leave together: what one write
-- holds is read by the client at once.  With TLS, openssl stands before it.  Calls must be started
-- (`client:start`), not waited for: `scripted.wait` turns both loops.

local front = require("spec.support.front")
require("spec.support.server") -- tells where the parts of the stand-in are
local h2 = require("standin.h2")
local hpack = require("standin.hpack")
local uv = require("luv")

local M = {}

local DATA, HEADERS, SETTINGS, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 8, 9
local END_STREAM, END_HEADERS = 1, 4
local PREFACE = 24 -- bytes
local MOST = 16384 -- bytes in one frame
local bytes_of, number_of, frame = h2.bytes_of, h2.number_of, h2.frame

--- The head of an answer: `headers` is a list of { name, value }.
function M.head(id, status, headers)
  local block = { hpack.literal(":status", tostring(status)) }
  for _, header in ipairs(headers) do block[#block + 1] = hpack.literal(header[1], header[2]) end
  local bytes, out, kind = table.concat(block), {}, HEADERS
  repeat
    local piece = bytes:sub(1, MOST)
    bytes = bytes:sub(MOST + 1)
    out[#out + 1] = frame(kind, bytes == "" and END_HEADERS or 0, id, piece)
    kind = CONTINUATION
  until bytes == ""
  return table.concat(out)
end

--- A part of its body, in frames of at most `size` bytes; `last`: the stream ends with it.
function M.data(id, bytes, last, size)
  local out = {}
  repeat
    local piece = bytes:sub(1, size or MOST)
    bytes = bytes:sub(#piece + 1)
    out[#out + 1] = frame(DATA, bytes == "" and last and END_STREAM or 0, id, piece)
  until bytes == ""
  return table.concat(out)
end

--- The number of the stream whose request is complete with this frame, if one is.
local function completed(kind, flags, id)
  local ends = flags % 2 == 1
  return ends and (kind == HEADERS or kind == DATA) and id or nil
end

--- What the client says, in any pieces: `read(bytes)` gives the streams to answer.
local function reader(greet)
  local seen, greeted = "", false
  return function(bytes)
    local complete = {}
    seen = seen .. bytes
    if not greeted and #seen >= PREFACE then
      greeted, seen = true, seen:sub(PREFACE + 1)
      greet()
    end
    while greeted and #seen >= 9 and #seen >= 9 + number_of(seen:sub(1, 3)) do
      local kind, flags, id = seen:byte(4), seen:byte(5), number_of(seen:sub(6, 9)) % 2 ^ 31
      seen = seen:sub(10 + number_of(seen:sub(1, 3)))
      complete[#complete + 1] = completed(kind, flags, id)
    end
    return complete
  end
end

local GREETING = frame(SETTINGS, 0, 0, "") .. frame(SETTINGS, 1, 0, "")
  .. frame(WINDOW_UPDATE, 0, 0, bytes_of(16777216, 4))

local function close(handle)
  if not handle:is_closing() then handle:close() end
end

local function converse(from, to, answer, number)
  local function write(bytes) if not to:is_closing() then to:write(bytes) end end
  local read = reader(function() write(GREETING) end)
  from:read_start(function(_, bytes)
    if not bytes then return close(from) end
    for _, id in ipairs(read(bytes)) do
      number.requests = number.requests + 1
      answer(number.requests, id, write)
    end
  end)
end

--- Serve without TLS: `answer(n, id, write)` answers the n-th request, which is stream `id`.
-- Gives { url, close() }.
function M.start(answer)
  local listener, sockets, server = uv.new_tcp(), {}, { requests = 0 }
  assert(listener:bind("127.0.0.1", 0))
  listener:listen(16, function()
    local socket = uv.new_tcp()
    sockets[#sockets + 1] = socket
    listener:accept(socket)
    converse(socket, socket, answer, server)
  end)
  server.url = "http://127.0.0.1:" .. listener:getsockname().port
  function server.close()
    close(listener)
    for _, socket in ipairs(sockets) do close(socket) end
    uv.run("nowait")
  end
  return server
end

--- The same by TLS, for one connection.  Gives { url, ca_file, close() }.
function M.start_tls(answer)
  local certificate, port = front.certificate(), front.free_port()
  local stdin, stdout, over = uv.new_pipe(false), uv.new_pipe(false), false
  local server = { requests = 0, url = "https://localhost:" .. port, ca_file = certificate.file }
  local handle = assert(uv.spawn("openssl", {
    args = { "s_server", "-quiet", "-alpn", "h2", "-accept", tostring(port),
      "-cert", certificate.file, "-key", certificate.key_file },
    stdio = { stdin, stdout, nil },
  }, function() over = true end))
  front.wait_for(port)
  converse(stdout, stdin, answer, server)
  function server.close()
    close(stdin)
    close(stdout)
    handle:kill("sigkill")
    while not over do uv.run("once") end
    close(handle)
    uv.run("nowait")
    certificate.remove()
  end
  return server
end

return M
