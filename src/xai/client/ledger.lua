--- What a budget knows: what was spent, by model, and what is under way.
--
-- Calls that are under way have reserved their place in `calls`.  Of dollars and tokens they
-- have reserved what the answers so far took on average.

local next, setmetatable, tostring = next, setmetatable, tostring
local math_floor = math.floor
local string_format, string_gsub = string.format, string.gsub
local table_concat = table.concat

local Ledger = {}
Ledger.__index = Ledger

-- Dollars are counted in the service's ticks, which are whole numbers: sums are exact.
local TICKS = 1e10

local function ticks_of(usd) return math_floor(usd * TICKS + 0.5) end

local function new_sum()
  return { ticks = 0, tokens = 0, calls = 0, unknown = 0 }
end

local function shown(sum)
  return { usd = sum.ticks / TICKS, tokens = sum.tokens, calls = sum.calls, unknown = sum.unknown }
end

local MOST_SHOWN = 1e15 -- dollars; C has no whole numbers for many more

--- Dollars for people, with a point in any locale.
local function dollars(ticks)
  if ticks > MOST_SHOWN * TICKS then return "more than " .. dollars(MOST_SHOWN * TICKS) end
  local n = math_floor(ticks / 1e6 + 0.5)
  local text = string_format("$%d.%04d", math_floor(n / 1e4), n % 1e4)
  return (string_gsub(text, "(%.%d%d)0+$", "%1"))
end

--- What comes of `reserved` calls, when `known` answers took `sum`.
local function expected(sum, known, reserved)
  return known > 0 and reserved > 0 and sum / known * reserved or 0
end

-- The limits -------------------------------------------------------------------------

local function rest(reserved)
  return reserved > 0 and ", and calls under way may take the rest" or ""
end

--- Why no further call may begin beside those that `reserved` counts; nil where it may.
local function refusal(self, reserved)
  local sum = self.sum
  if self.calls and sum.calls + self.reserved >= self.calls then
    return string_format("budget: %d of %d calls are made or under way", sum.calls + self.reserved, self.calls)
  end
  if self.ticks and sum.ticks + expected(sum.ticks, self.priced, reserved) >= self.ticks then
    return "budget: " .. dollars(sum.ticks) .. " of " .. dollars(self.ticks) .. " are spent" .. rest(reserved)
  end
  if self.tokens and sum.tokens + expected(sum.tokens, self.known, reserved) >= self.tokens then
    return "budget: " .. tostring(sum.tokens) .. " of " .. tostring(self.tokens) .. " tokens are spent"
      .. rest(reserved)
  end
end

--- Why a new call may not begin; nil where it may.
function Ledger:refusal() return refusal(self, self.reserved) end

--- Why a call that has reserved its place may not be sent now; nil where it may.
function Ledger:late_refusal()
  self.reserved = self.reserved - 1
  local problem = refusal(self, self.sent)
  self.reserved = self.reserved + 1
  return problem
end

-- Calls ------------------------------------------------------------------------------

--- A call waits for its turn.
function Ledger:reserve() self.reserved = self.reserved + 1 end

--- It is sent.
function Ledger:send() self.sent = self.sent + 1 end

--- It ends; `was_sent`: `send` was called.
function Ledger:release(was_sent)
  self.reserved = self.reserved - 1
  if was_sent then self.sent = self.sent - 1 end
end

--- The sums that an answer of the model is part of.
local function sums_of(self, model)
  local by_model = self.by_model[model]
  if not by_model then
    by_model = new_sum()
    self.by_model[model] = by_model
  end
  return self.sum, by_model
end

local function add(sum, usage, calls, unknown)
  sum.calls, sum.unknown = sum.calls + calls, sum.unknown + unknown
  if not usage then return end
  sum.tokens = sum.tokens + usage.total
  if usage.usd then sum.ticks = sum.ticks + ticks_of(usage.usd) end
end

local function learn(self, usage)
  if not usage then return end
  self.known = self.known + 1
  if usage.usd then self.priced = self.priced + 1 end
end

--- Count a call.  `usage`: what is known of it, or nil; `is_known`: it is all.  `id` of an
-- answer that comes later, or nil.
function Ledger:count(model, usage, is_known, id)
  local sum, by_model = sums_of(self, model)
  local unknown = is_known and 0 or 1
  add(sum, usage, 1, unknown)
  add(by_model, usage, 1, unknown)
  if is_known then learn(self, usage) elseif id then self.awaited[id] = model end
end

--- The answer of a call that was counted as unknown has come.
function Ledger:complete(id, model, usage)
  local asked = self.awaited[id]
  if not asked then return end
  self.awaited[id] = nil
  local before = self.by_model[asked]
  before.calls, before.unknown = before.calls - 1, before.unknown - 1
  if before.calls == 0 then self.by_model[asked] = nil end
  local sum, by_model = sums_of(self, model or asked)
  add(sum, usage, 0, -1)
  add(by_model, usage, 1, 0)
  learn(self, usage)
end

-- For users --------------------------------------------------------------------------

--- One line about it.
function Ledger:describe()
  local sum = self.sum
  local words = { dollars(sum.ticks), sum.tokens .. " tokens", sum.calls .. " calls" }
  if self.ticks then words[1] = words[1] .. " of " .. dollars(self.ticks) end
  if self.tokens then words[2] = sum.tokens .. " of " .. self.tokens .. " tokens" end
  if self.calls then words[3] = sum.calls .. " of " .. self.calls .. " calls" end
  return table_concat(words, ", ")
end

function Ledger:show_sum() return shown(self.sum) end

function Ledger:show_models()
  local all = {}
  for name, sum in next, self.by_model do all[name] = shown(sum) end
  return all
end

local function at_least_0(n) return n > 0 and n or 0 end

--- What the next call would find; nil where there is no limit.
function Ledger:show_left()
  local sum, left = self.sum, {}
  if self.calls then left.calls = at_least_0(self.calls - sum.calls - self.reserved) end
  if self.ticks then
    left.usd = at_least_0(self.ticks - sum.ticks - expected(sum.ticks, self.priced, self.reserved)) / TICKS
  end
  if self.tokens then
    left.tokens = at_least_0(self.tokens - sum.tokens - expected(sum.tokens, self.known, self.reserved))
  end
  return left
end

--- A ledger with these limits, each of which may be nil.
return function(usd, tokens, calls)
  return setmetatable({
    ticks = usd and ticks_of(usd), tokens = tokens, calls = calls,
    sum = new_sum(), by_model = {},
    awaited = {}, -- id of an answer that comes later -> the model that was asked
    reserved = 0, sent = 0, -- calls that are not over; those of them that were sent
    known = 0, priced = 0, -- answers whose usage came; those of them that told a price
  }, Ledger)
end
