--- The module `xai`: every xAI REST endpoint as a Lua function.
-- What users see is documented in types.lua and in the README.

local core = require "xai.core"
local kept = core.kept -- see xai.runtime.environment; a core of another version may not have it
if kept and kept.xai then return kept.xai end

local error, ipairs, pairs, rawset, select, setmetatable, tostring, type =
  error, ipairs, pairs, rawset, select, setmetatable, tostring, type
local string_format, string_gmatch = string.format, string.gmatch

local VERSION = "0.1.0"

if core.version ~= VERSION then
  error(string_format("xai: the compiled part is version %s and the Lua part %s; install one build of both",
    tostring(core.version), VERSION))
end

local client = require "xai.client.client"
local json = require "xai.client.json"
local lazy_require = require("xai.runtime.environment").lazy_require

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
local LAZY = { step = "runtime.loop", on_interrupt = "runtime.interrupt" }
for name in string_gmatch("run spawn all map race sleep update", "%a+") do LAZY[name] = "runtime.sched" end

--- Like `assert`: its arguments when they are no failure.  Else it raises the
-- error object that is third, or the message where there is none.
function xai.try(...)
  local result, message, info = ...
  if result or message == nil and select("#", ...) > 1 then return ... end
  if select("#", ...) == 0 then error("xai.try: expected the results of a call", 2) end
  if type(info) == "table" then error(info, 0) end
  if message == nil then message = "xai.try: the result is " .. tostring(result) end
  error(message, 0)
end

-- Fields that users set.
local OPEN = { on_error = true }

local known = {}
for _, names in ipairs { xai, LAZY, OPEN } do
  for name in pairs(names) do known[name] = true end
end

setmetatable(xai, {
  __index = function(_, name)
    local part = LAZY[name]
    if not part then
      if OPEN[name] then return nil end
      local nothing = lazy_require "xai.runtime.unknown_name"("xai", name, known)
      return nothing
    end
    local value = lazy_require("xai." .. part)[name]
    rawset(xai, name, value)
    return value
  end,
  __newindex = function(_, name, value)
    if not known[name] then lazy_require "xai.runtime.unknown_name"("xai", name, known) end
    rawset(xai, name, value)
  end,
})

kept.xai = xai
return xai
