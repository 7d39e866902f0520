-- luacurl.lua - Debian's lua-curl and lua-cjson: one easy handle, reused; no multi interface.
local common = require "common"
local cjson = require "cjson"
local curl = require "curl"

local base = arg[2]
local easy = curl.easy_init()
local headers = { "Expect:" }
for name, value in pairs(common.headers) do headers[#headers + 1] = name .. ": " .. value end

local function send(path, body, on_bytes)
  easy:setopt(curl.OPT_URL, base .. path)
  easy:setopt(curl.OPT_HTTPHEADER, headers)
  easy:setopt(curl.OPT_POSTFIELDS, cjson.encode(body))
  easy:setopt(curl.OPT_WRITEFUNCTION, function(a, b)
    local bytes = type(a) == "string" and a or b
    on_bytes(bytes)
    return #bytes
  end)
  assert(easy:perform())
end

common.main {
  post = function(path, body)
    local parts = {}
    send(path, body, function(bytes) parts[#parts + 1] = bytes end)
    return cjson.decode(table.concat(parts))
  end,
  stream = function(body, on_event) send("/chat/completions", body, common.sse(on_event)) end,
}
