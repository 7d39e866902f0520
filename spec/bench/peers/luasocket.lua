-- luasocket.lua - luasocket's socket.http and lua-cjson: a connection for each request, blocking.
local common = require "common"
local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"

local base = arg[2]

local function send(path, body, sink)
  local text, headers = cjson.encode(body), {}
  for name, value in pairs(common.headers) do headers[name] = value end
  headers["content-length"] = #text
  local _, code = assert(http.request {
    url = base .. path, method = "POST", headers = headers, source = ltn12.source.string(text), sink = sink,
  })
  assert(code == 200, code)
end

common.main {
  post = function(path, body)
    local parts = {}
    send(path, body, ltn12.sink.table(parts))
    return cjson.decode(table.concat(parts))
  end,
  stream = function(body, on_event)
    local feed = common.sse(on_event)
    send("/chat/completions", body, function(bytes)
      if bytes then feed(bytes) end
      return 1
    end)
  end,
}
