-- luahttp.lua - lua-http (cqueues) and lua-cjson: one kept connection; many streams have a
-- coroutine and a connection each.
local common = require "common"
local cjson = require "cjson"
local client = require "http.client"
local new_headers = require("http.headers").new

local host, port, prefix = arg[2]:match "^http://([^:/]+):(%d+)(.*)$"

local function connect()
  return assert(client.connect { host = host, port = tonumber(port), tls = false, version = 1.1 })
end

local function open(connection, path, body)
  local text, headers = cjson.encode(body), new_headers()
  headers:append(":method", "POST")
  headers:append(":scheme", "http")
  headers:append(":authority", host .. ":" .. port)
  headers:append(":path", prefix .. path)
  for name, value in pairs(common.headers) do headers:append(name, value) end
  headers:append("content-length", tostring(#text))
  local stream = connection:new_stream()
  assert(stream:write_headers(headers, false))
  assert(stream:write_body_from_string(text))
  assert(assert(stream:get_headers()):get ":status" == "200")
  return stream
end

local function pull(stream, on_event)
  local feed = common.sse(on_event)
  for bytes in stream:each_chunk() do feed(bytes) end
  stream:shutdown()
end

local kept
local function connection()
  kept = kept or connect()
  return kept
end

common.main {
  post = function(path, body)
    local stream = open(connection(), path, body)
    local text = assert(stream:get_body_as_string())
    stream:shutdown()
    return cjson.decode(text)
  end,
  stream = function(body, on_event) pull(open(connection(), "/chat/completions", body), on_event) end,
  many = function(n, body, on_event_of)
    local loop = require("cqueues").new()
    for i = 1, n do
      local on_event = on_event_of(i)
      loop:wrap(function()
        local own = connect()
        pull(open(own, "/chat/completions", body), on_event)
        own:close()
      end)
    end
    assert(loop:loop())
  end,
}
