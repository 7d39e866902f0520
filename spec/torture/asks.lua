--- asks.lua - the memory of 10,000 asks of a conversation is flat; see support/asks.lua.
--
--   src/xai/testing/with-server --pace 0 -- LUA spec/torture/asks.lua [COUNT [FUNCTION]]
--
-- The last line is "N functions, N failed".

local asks = require "spec.support.asks"
local live = require "spec.support.live"
local xai = require "xai"

local COUNT, NAMES = tonumber(arg[1]) or 10000, arg[2] and { arg[2] } or asks.NAMES

local failed = 0
local client = xai.new { max_retries = 0 }
for _, name in ipairs(NAMES) do
  local ok, growth = asks.is_flat(asks.measure(client, name, COUNT, function(count, bytes, items)
    print(("%s: %d asks, %.0f KB of Lua objects, %d items"):format(name, count, bytes / 1024, items))
  end))
  if not ok then
    failed = failed + 1
    print(name .. ": " .. growth)
  end
end
client:close()
if live() > 0 then
  failed = failed + 1
  print "something was left alive"
end
print(("%d functions, %d failed"):format(#NAMES, failed))
os.exit(failed == 0 and 0 or 1)
