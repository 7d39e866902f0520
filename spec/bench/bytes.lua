--- bytes.lua - what bytes cost: base64, a picture that goes to a file, a download.
--
--   make && src/xai/testing/with-server --pace 0 -- lua5.4 spec/bench/bytes.lua [TIMES]
--
-- with LUA_PATH and LUA_CPATH as `make` sets them.  GB/s of bytes, not of text, in CPU time of
-- this process: the best of TIMES (7) by xai.base64 and xai.unbase64, 32 MiB each, and what of
-- it is the making of a Lua string of that size.  Then a picture of 32 MB by
-- `generate_image` with `save`, and 200 MB by `file`: CPU time, and by how much the peak memory
-- of the process has grown.

local xai = require "xai"

local TIMES = tonumber(arg[1]) or 7
local SIZE = 32 * 1024 * 1024

--- The best of several times that `f` takes, in seconds.
local function best(f)
  local least = math.huge
  for _ = 1, TIMES do
    collectgarbage()
    local before = os.clock()
    f()
    least = math.min(least, os.clock() - before)
  end
  return least
end

local function peak()
  local file = io.open "/proc/self/status"
  if not file then return 0 end
  local kib = file:read("*a"):match "VmHWM:%s*(%d+)"
  file:close()
  return tonumber(kib) * 1024
end

local function cost(what, size, f)
  f(1000)
  local memory, before = peak(), os.clock()
  f(size)
  print(("%-22s %6.3f s of CPU, peak + %.1f MB"):format(what, os.clock() - before, (peak() - memory) / 1e6))
end

local path = os.tmpname()
local client = xai.new()

cost("picture of 32 MB", 32000000, function(size)
  local result = assert(client:generate_image(
    { model = "grok-imagine-image", prompt = "A cat", response_format = "b64_json" },
    { save = path, headers = { ["x-fault"] = "picture," .. size } }))
  os.remove(result.data[1].path)
end)

cost("download of 200 MB", 200000000, function(size)
  assert(client:list_models { file = path, headers = { ["x-fault"] = "bytes," .. size } })
  os.remove(path)
end)

local piece = {}
for i = 0, 4095 do piece[i + 1] = string.char((i * 7919 + math.floor(i / 16)) % 256) end
local bytes = table.concat(piece):rep(SIZE / 4096)
local text = xai.base64(bytes)
assert(xai.unbase64(text) == bytes)

for _, row in ipairs {
  { "xai.base64", function() return xai.base64(bytes) end },
  { "xai.unbase64", function() return xai.unbase64(text) end },
  { "a Lua string alone", function() return bytes .. "" .. "x" end },
} do
  print(("%-22s %6.2f GB/s"):format(row[1], SIZE / best(row[2]) / 1e9))
end
