--- The module `xai`: every xAI REST endpoint as a Lua function.
-- What users see is documented in types.lua and in the README.

local core = require "xai.core"
local kept = core.kept -- see runtime/environment.lua; a core of another version may not have it
if kept and kept.xai then return kept.xai end

local error, pairs, rawset, select, setmetatable, tostring, type =
  error, pairs, rawset, select, setmetatable, tostring, type

local VERSION = "0.1.0"

if core.version ~= VERSION then
  error("xai: the compiled part is version " .. tostring(core.version) .. " and the Lua part " .. VERSION
    .. "; install one build of both")
end

local client = require "xai.client.client"
local json = require "xai.client.json"
local lazy_require = require("xai.runtime.environment").lazy_require

local xai = {
  version = VERSION,
  null = core.null,
  array = core.array,
  ordered = core.ordered,
  utf8 = core.utf8,
  base64 = core.base64,
  unbase64 = core.unbase64,
  encode = json.encode,
  decode = json.decode,
  new = client.new,
  fd = core.fd,
  timeout = core.timeout,
  active = core.active,
}

--- Like `assert`: its arguments when they are no failure.  Otherwise it raises the
-- error object that is third, or the message where there is none.
function xai.try(...)
  local result, message, info = ...
  if result or message == nil and select("#", ...) > 1 then return ... end
  if select("#", ...) == 0 then error("xai.try: expected the results of a call", 2) end
  if type(info) == "table" then error(info, 0) end
  if message == nil then message = "xai.try: the result is " .. tostring(result) end
  error(message, 0)
end

-- The files of functions that not every program needs: loaded by their first use.
local LAZY = {
  step = "runtime.loop", update = "runtime.loop", on_interrupt = "runtime.loop",
  run = "runtime.task", spawn = "runtime.task", all = "runtime.task", map = "runtime.task", race = "runtime.task",
  sleep = "runtime.task",
  text = "results.readers", reasoning = "results.readers", calls = "results.readers", usage = "results.readers",
  finish = "results.readers", citations = "results.attachments", images = "results.attachments",
  as_input = "results.as_input",
  batch_status = "batches", batch_result = "batches",
}

-- Helpers, a file each, whose module is the helper itself.
local HELPERS = {
  await = true, budget = true, bulk = true, check = true, data_url = true, decode_partial = true, limiter = true,
  schema = true,
}

local known = { on_error = true } -- the names that may be read and set
for name in pairs(xai) do known[name] = true end
for name in pairs(LAZY) do known[name] = true end
for name in pairs(HELPERS) do known[name] = true end

setmetatable(xai, {
  __index = function(_, name)
    local file = LAZY[name]
    if file then
      local value = lazy_require("xai." .. file)[name]
      rawset(xai, name, value)
      return value
    end
    if HELPERS[name] then
      local value = lazy_require("xai." .. name)
      rawset(xai, name, value)
      return value
    end
    if not known[name] then lazy_require "xai.runtime.unknown_name"("xai", name, known) end
  end,
  __newindex = function(_, name, value)
    if not known[name] then lazy_require "xai.runtime.unknown_name"("xai", name, known) end
    rawset(xai, name, value)
  end,
})

kept.xai = xai
return xai
