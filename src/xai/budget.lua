--- xai.budget { usd =, tokens =, calls = }: a limit of what calls may cost, and their sum.

local core = require "xai.core"
local gate = require "xai.client.gate"
local lazy_require = require("xai.runtime.environment").lazy_require
local new_ledger = require "xai.client.ledger"

local error, pairs, rawget, setmetatable, type = error, pairs, rawget, setmetatable, type
local math_huge = math.huge

-- The limits, and the words for what each must be.
local LIMITS = {
  usd = "a number of dollars from 0", tokens = "a number from 0", calls = "a whole number from 0",
}

local function check(limits)
  if type(limits) ~= "table" then return "expected a table of limits, got " .. type(limits) end
  for name, value in pairs(limits) do
    if not LIMITS[name] then
      if type(name) ~= "string" then return "limits have names, got a " .. type(name) end
      local meant = core.nearest(name, LIMITS)
      return "unknown limit '" .. name .. "'" .. (meant and " (did you mean '" .. meant .. "'?)" or "")
    end
    local ok = type(value) == "number" and value >= 0 and value < math_huge
    if not ok or name == "calls" and value % 1 ~= 0 then
      return "limit '" .. name .. "' must be " .. LIMITS[name] .. ", got " .. gate.shown(value)
    end
  end
end

local methods, members = {}, {}

--- The ledger of a budget, with all that has happened; raises where `budget` is none.
local function ledger_of(budget, what)
  local ledger = type(budget) == "table" and rawget(budget, "ledger")
  if not ledger then error("budget:" .. what .. ": call it with a colon", 3) end
  gate.take_news()
  return ledger
end

--- What is left of each limit for the next call: { usd, tokens, calls }, nil where there is
-- no limit.  Calls that are under way have reserved their share.
function methods.left(budget) return ledger_of(budget, "left"):show_left() end

--- What all calls have taken: { usd, tokens, calls, unknown }.
function members.spent(ledger) return ledger:show_sum() end

--- The same for each model that has answered.
function members.by_model(ledger) return ledger:show_models() end

local known = { left = true, spent = true, by_model = true }

local Budget = { __name = "xai.budget" }

function Budget.__index(budget, name)
  if methods[name] then return methods[name] end
  local member = members[name]
  if member then return member(ledger_of(budget, name)) end
  lazy_require "xai.runtime.unknown_name"("budget", name, known)
end

function Budget.__newindex(_, name)
  error("budget." .. gate.shown(name) .. ": a budget cannot be changed", 2)
end

function Budget.__tostring(budget)
  return "xai.budget (" .. rawget(budget, "ledger"):describe() .. ")"
end

--- See types.lua.
-- @param limits  any of usd, tokens, calls; none: it counts alone
return function(limits)
  local problem = limits ~= nil and check(limits)
  if problem then error("xai.budget: " .. problem, 2) end
  limits = limits or {}
  return setmetatable({ ledger = new_ledger(limits.usd, limits.tokens, limits.calls) }, Budget)
end
