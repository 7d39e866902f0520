--- histories.lua - random conversations against the stand-in server; see support/histories.lua.
--
--   src/xai/testing/with-server --pace 0 -- LUA spec/torture/histories.lua [COUNT [FIRST SEED]]
--
-- The last line is "N histories, N failed".

local histories = require("spec.support.histories")
local live = require("spec.support.live")
local xai = require("xai")

local COUNT, FIRST = tonumber(arg[1]) or 10000, tonumber(arg[2]) or 1
local MOST_TOLD = 10

xai.on_error = function() end -- tools that raise are part of it
local client = xai.new { max_retries = 0 }
local failed = 0
for seed = FIRST, FIRST + COUNT - 1 do
  local ok, problem = pcall(histories.run, client, seed)
  if not ok then
    failed = failed + 1
    if failed <= MOST_TOLD then print(problem) end
  end
end
client:close()
if live() > 0 then
  failed = failed + 1
  print("something was left alive")
end
print(("%d histories, %d failed"):format(COUNT, failed))
os.exit(failed == 0 and 0 or 1)
