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
local pump = require "xai.pump"

local xai = {
  version = VERSION,
  null = core.null,
  array = core.array,
  encode = json.encode,
  decode = json.decode,
  new = client.new,
  step = pump.step,
  fd = core.fd,
  timeout = core.timeout,
  active = core.active,
}

-- Rarely needed parts are loaded when they are first asked for.
local LAZY = {}
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

--- What is done with an error that a callback raises, or a task that nobody
-- waits for: `xai.on_error(err, traceback)`.
pump.reporter = function(err, traceback, where)
  if xai.on_error then return xai.on_error(err, traceback) end
  io.stderr:write("xai: error in a ", where, ": ", traceback, "\n")
end

return xai
