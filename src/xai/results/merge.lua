--- From the events of a stream to the result that the call without `stream` gives.
--
-- The builder of a result has these methods.  It may change the tables that it is
-- given: nobody else has them.
--
--   event(event)              an event as a table
--   delta(field, text, a, b)  an event that only adds `text` for part a, b of the answer
--   result(is_over)           the result so far; is the stream over?

local core = require "xai.core"
local lazy_require = require("xai.runtime.environment").lazy_require

local pairs, setmetatable, type = pairs, setmetatable, type
local math_floor = math.floor
local string_byte, string_char, string_gsub = string.byte, string.char, string.gsub
local table_concat = table.concat

local array = core.array

local merge = {}

-- The older completions: one text ----------------------------------------------------

local Completion = {}
Completion.__index = Completion

local function new_completion()
  return setmetatable({ top = {}, pieces = {} }, Completion)
end

function Completion:delta(_, text)
  self.pieces[#self.pieces + 1] = text
end

function Completion:event(event)
  if event.type == "ping" then return end
  for key, value in pairs(event) do
    if key == "completion" and type(value) == "string" then
      self:delta("text", value)
    elseif value ~= "" or self.top[key] == nil then -- an empty value says nothing
      self.top[key] = value
    end
  end
end

function Completion:result()
  self.top.completion = table_concat(self.pieces)
  return self.top
end

-- An unknown endpoint: the list of its events ------------------------------------------

local Events = {}
Events.__index = Events

local function new_events()
  return setmetatable({ list = array {} }, Events)
end

function Events:event(event) self.list[#self.list + 1] = event end

function Events:result() return self.list end

-- Surrogates ---------------------------------------------------------------------------

-- Gateways cut texts between the two surrogates of a pair.  The core hands out each
-- surrogate as three bytes, and they meet only in the merged text.

--- The character of a pair; the arguments are the last two bytes of each surrogate.
local function character(high1, high2, low1, low2)
  local high = (string_byte(high1) - 0xA0) * 64 + string_byte(high2) - 0x80
  local low = (string_byte(low1) - 0xB0) * 64 + string_byte(low2) - 0x80
  local code = 0x10000 + high * 1024 + low
  local function bits(shift) return math_floor(code / 2 ^ shift) % 64 end
  return string_char(0xF0 + math_floor(code / 2 ^ 18), 0x80 + bits(12), 0x80 + bits(6), 0x80 + bits(0))
end

--- Replace pairs of surrogates by their character, and single ones by U+FFFD.
local function join_surrogates(text)
  text = string_gsub(text, "\237([\160-\175])([\128-\191])\237([\176-\191])([\128-\191])", character)
  return (string_gsub(text, "\237[\160-\191][\128-\191]", "\239\191\189"))
end

merge.join_surrogates = join_surrogates

--- The same for all texts in a value.  Tables are changed in place.
local function join_all_surrogates(value)
  if type(value) == "string" then return join_surrogates(value) end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = join_all_surrogates(item) end
  return value
end

-- Results ------------------------------------------------------------------------------

local BUILDERS = {
  chat = function(codec) return lazy_require "xai.results.merge_chat"("chat.completion", true, codec) end,
  complete = function(codec) return lazy_require "xai.results.merge_chat"("text_completion", false, codec) end,
  respond = function(codec) return lazy_require "xai.results.merge_responses"(codec) end,
  message = function(codec) return lazy_require "xai.results.merge_messages"(codec) end,
  complete_legacy = new_completion,
  request = new_events,
}

--- The result of the events that a request of the function `name` has received; nil
-- where there are none, unless the stream `is_over`.  Events that do not decode are
-- left out.  Then the second value is "decode", or "limit" for one nested too deeply.
function merge.result(request, name, is_over)
  local builder, damage = BUILDERS[name](request:codec()), nil
  local at, field, value, a, b = request:read_log(0)
  if not at and not is_over then return nil end
  while at do
    if type(value) == "boolean" then
      damage = damage or value and "limit" or "decode"
    elseif field == "event" then
      builder:event(value)
    else
      builder:delta(field, value, a, b)
    end
    at, field, value, a, b = request:read_log(at)
  end
  local result = builder:result(is_over)
  if request:has_surrogates() then result = join_all_surrogates(result) end
  return result, damage
end

--- The outcome of a call without `stream` that was answered by an event stream:
-- result, nil, info; or nil, message, info with the result so far in `info.partial`.
-- The request must be done.
function merge.outcome(request, name)
  local _, message, info = request:skip()
  if not message then
    local result, damage = merge.result(request, name, true)
    if not damage then return result, nil, request:info() end
    _, message, info = request:damaged(damage == "limit")
  end
  info.partial = (merge.result(request, name))
  return nil, message, info
end

return merge
