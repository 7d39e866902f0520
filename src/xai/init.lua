--- The module `xai`: every xAI REST endpoint as a Lua function.
-- What users see is documented in types.lua and in the README.

local core = require "xai.core"

local VERSION = "0.1.0"

if core.version ~= VERSION then
  error(("xai: the compiled part is version %s and the Lua part %s; install one build of both"):format(
    tostring(core.version), VERSION))
end

local client = require "xai.client"
local json = require "xai.json"
local load_part = require "xai.part"

local xai = {
  version = VERSION,
  null = core.null,
  array = core.array,
  encode = json.encode,
  decode = json.decode,
  new = client.new,
  fd = core.fd,
  timeout = core.timeout,
  active = core.active,
}

-- Parts that not every program needs are loaded when they are first asked for.
local LAZY = { step = "pump" }
for name in ("run spawn all map race sleep update"):gmatch "%a+" do LAZY[name] = "sched" end

setmetatable(xai, {
  __index = function(_, name)
    local part = LAZY[name]
    if not part then return nil end
    local value = load_part("xai." .. part)[name]
    rawset(xai, name, value)
    return value
  end,
})

return xai
