--- From the events of a stream to the result that the call without `stream`
-- gives.  Facts: the merging recipes of the service's streaming rules.
--
-- Each builder has `event(self, event)`, `piece(self, field, text, a, b)`
-- (text for part a, b of the answer) and `result(self, is_over)`.  The tables it is
-- given are its own: nothing that was handed out to the user is changed.

local core = require "xai.core"
local lazy_require = require("xai.runtime.environment").lazy_require

local pairs, setmetatable, type = pairs, setmetatable, type
local math_floor = math.floor
local string_byte, string_char, string_gsub = string.byte, string.char, string.gsub
local table_concat = table.concat

local array = core.array

local merge = {}

local function append(list, item)
  list[#list + 1] = item
end

--------------------------------------------------------------------------------
-- complete: one text

local Complete = {}
Complete.__index = Complete

local function new_complete()
  return setmetatable({ top = {}, parts = {} }, Complete)
end

function Complete:piece(_, text)
  append(self.parts, text)
end

function Complete:event(event)
  if event.type == "ping" then return end
  for key, value in pairs(event) do
    if key == "completion" and type(value) == "string" then
      append(self.parts, value)
    elseif value ~= "" or self.top[key] == nil then -- an empty one tells nothing
      self.top[key] = value
    end
  end
end

function Complete:result()
  self.top.completion = table_concat(self.parts)
  return self.top
end

--------------------------------------------------------------------------------
-- an unknown endpoint: the list of its events

local Events = {}
Events.__index = Events

local function new_events()
  return setmetatable({ list = array {} }, Events)
end

function Events:event(event) append(self.list, event) end

function Events:result() return self.list end

--------------------------------------------------------------------------------
-- halves of surrogate pairs in the texts of a result: gateways cut between
-- them, and the pieces were put together only now

local function join(high1, high2, low1, low2)
  local high = (string_byte(high1) - 0xA0) * 64 + string_byte(high2) - 0x80
  local low = (string_byte(low1) - 0xB0) * 64 + string_byte(low2) - 0x80
  local code = 0x10000 + high * 1024 + low
  local function bits(shift) return math_floor(code / 2 ^ shift) % 64 end
  return string_char(0xF0 + math_floor(code / 2 ^ 18), 0x80 + bits(12), 0x80 + bits(6), 0x80 + bits(0))
end

--- High half and low half become their character; one alone becomes U+FFFD.
local function mend_text(text)
  text = string_gsub(text, "\237([\160-\175])([\128-\191])\237([\176-\191])([\128-\191])", join)
  return (string_gsub(text, "\237[\160-\191][\128-\191]", "\239\191\189"))
end

--- The value with all texts in it mended; tables are changed in place.
local function mend(value)
  if type(value) == "string" then return mend_text(value) end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = mend(item) end
  return value
end

--------------------------------------------------------------------------------
local BUILDERS = {
  chat = function(codec) return lazy_require "xai.results.merge_chat"("chat.completion", true, codec) end,
  complete = function(codec) return lazy_require "xai.results.merge_chat"("text_completion", false, codec) end,
  respond = function(codec) return lazy_require "xai.results.merge_responses"(codec) end,
  message = function(codec) return lazy_require "xai.results.merge_messages"(codec) end,
  complete_legacy = new_complete,
  request = new_events,
}

--- The result of what the stream `request` of function `name` has said so
-- far; nil when it has said nothing, unless it `is_over`.  An event that does not
-- decode is no part of it: then the second value is "decode", or "limit" for one
-- nested too deeply.
function merge.result(request, name, is_over)
  local builder, damage = BUILDERS[name](request:codec()), nil
  local at, field, value, a, b = request:read_log(0)
  if not at and not is_over then return nil end
  while at do
    if type(value) == "boolean" then
      damage = damage or value and "limit" or "decode"
    elseif field ~= "event" then
      builder:piece(field, value, a, b)
    else
      builder:event(value)
    end
    at, field, value, a, b = request:read_log(at)
  end
  local result = builder:result(is_over)
  if request:has_surrogates() then result = mend(result) end
  return result, damage
end

--- The outcome of a call without `stream` that was answered by an event stream all
-- the same: result, nil, info; or nil, message, info with what there was in `info.partial`.
-- The request is done, and its answer is a stream.
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
