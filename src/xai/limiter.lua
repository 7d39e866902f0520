--- xai.limiter { requests_per_minute =, tokens_per_minute =, at_once = }: the pace of calls.

local core = require "xai.core"
local gate = require "xai.client.gate"
local new_pacer = require "xai.client.pacer"
local lazy_require = require("xai.runtime.environment").lazy_require

local error, pairs, rawget, setmetatable, type = error, pairs, rawget, setmetatable, type
local math_huge = math.huge

-- The figures, and the words for what each must be.
local FIGURES = {
  requests_per_minute = "a number above 0", tokens_per_minute = "a number above 0",
  at_once = "a whole number from 1",
}

local function check(figures)
  if type(figures) ~= "table" then return "expected a table of figures, got " .. type(figures) end
  for name, value in pairs(figures) do
    if not FIGURES[name] then
      if type(name) ~= "string" then return "figures have names, got a " .. type(name) end
      local meant = core.nearest(name, FIGURES)
      return "unknown figure '" .. name .. "'" .. (meant and " (did you mean '" .. meant .. "'?)" or "")
    end
    local ok = type(value) == "number" and value > 0 and value < math_huge
    if not ok or name == "at_once" and value % 1 ~= 0 then
      return "figure '" .. name .. "' must be " .. FIGURES[name] .. ", got " .. gate.shown(value)
    end
  end
end

local Limiter = { __name = "xai.limiter" }

function Limiter.__index(_, name)
  lazy_require "xai.runtime.unknown_name"("limiter", name, {})
end

function Limiter.__newindex(_, name)
  error("limiter." .. gate.shown(name) .. ": a limiter cannot be changed", 2)
end

function Limiter.__tostring(limiter)
  gate.take_news()
  return "xai.limiter (" .. rawget(limiter, "pacer"):describe() .. ")"
end

--- See types.lua.
-- @param figures  any of requests_per_minute, tokens_per_minute, at_once; none: it learns
--   from what the service answers
return function(figures)
  local problem = figures ~= nil and check(figures)
  if problem then error("xai.limiter: " .. problem, 2) end
  figures = figures or {}
  return setmetatable({
    pacer = new_pacer(figures.requests_per_minute, figures.tokens_per_minute, figures.at_once),
  }, Limiter)
end
