--- frames.lua - a server on this process's luv loop that speaks HTTP/2 in exactly the given writes.
--
-- Each request is answered by a function, which says which bytes leave together: what one write
-- holds is read by the client at once.  With TLS, openssl stands before it.  Calls must be started
-- (`client:start`), not waited for: `scripted.wait` turns both loops.
--
-- A server counts the bytes that it has `written` and those that have `passed` to the client's
-- socket: where they are equal, the socket stays silent until the next request.

local front = require("spec.support.front")
local listener = require("spec.support.listener")
local h2 = require("xai.testing.standin.h2")
local hpack = require("xai.testing.standin.hpack")
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

--- Answer what is read from `from`, on `to`; `written()` is called when a write has left.
local function converse(from, to, answer, server, written)
  local function write(bytes)
    if to:is_closing() then return end
    server.written = server.written + #bytes
    to:write(bytes, written and function() written(#bytes) end)
  end
  local read = reader(function() write(GREETING) end)
  from:read_start(function(_, bytes)
    if not bytes then return listener.close(from) end
    for _, id in ipairs(read(bytes)) do
      server.requests = server.requests + 1
      answer(server.requests, id, write)
    end
  end)
end

--- What is counted of it from here on: requests, and bytes of answers that were written and have passed.
local function counted(server)
  server.requests, server.written, server.passed = 0, 0, 0
  return server
end

--- Serve without TLS: `answer(n, id, write)` answers the n-th request, which is stream `id`.
-- Gives { url, requests, written, passed, close() }.
function M.start(answer)
  local server
  server = counted(listener.listen(function(socket)
    converse(socket, socket, answer, server, function(count) server.passed = server.passed + count end)
  end))
  return server
end

local RECORD_HEADER, RECORD_REST = 5, 17 -- bytes of a record of TLS 1.3 around what it carries
local APPLICATION_DATA = 23

--- How many bytes of the application's are in the records that end in these pieces.
local function counter()
  local seen = ""
  return function(bytes)
    local count = 0
    seen = seen .. bytes
    while #seen >= RECORD_HEADER do
      local size = RECORD_HEADER + number_of(seen:sub(4, 5))
      if #seen < size then break end
      if seen:byte(1) == APPLICATION_DATA then count = count + size - RECORD_HEADER - RECORD_REST end
      seen = seen:sub(size + 1)
    end
    return count
  end
end

--- Between the client and openssl: says what has passed.  The handshake ends before the first
-- thing that is written.
local function relay(port, server)
  return listener.listen(function(outer)
    local inner = uv.new_tcp()
    inner:connect("127.0.0.1", port, function(err)
      assert(not err, err)
      local count = counter()
      inner:read_start(function(_, bytes)
        if not bytes or outer:is_closing() then
          listener.close(inner)
          return listener.close(outer)
        end
        local carried = count(bytes)
        if server.written == 0 then carried = 0 end
        outer:write(bytes, function() server.passed = server.passed + carried end)
      end)
      outer:read_start(function(_, bytes)
        if not bytes or inner:is_closing() then return listener.close(inner) end
        inner:write(bytes)
      end)
    end)
  end)
end

--- The same by TLS, for one connection; with ca_file.
function M.start_tls(answer)
  local certificate = front.certificate()
  local server = counted(listener.openssl(certificate.file, certificate.key_file, "h2", "-tls1_3", "-num_tickets", "0"))
  local outer, stop = relay(server.port, server), server.close
  server.url, server.ca_file = "https://localhost:" .. outer.port, certificate.file
  converse(server.stdout, server.stdin, answer, server)
  function server.close()
    outer.close()
    stop()
    certificate.remove()
  end
  return server
end

return M
