--- From the events of a stream to the result that the call without `stream`
-- gives.  Facts: the merging recipes of the service's streaming rules.
--
-- Each builder has `event(self, event)`, `piece(self, field, text, a, b)`
-- (text for part a, b of the answer) and `result(self, is_over)`.  The tables it is
-- given are its own: nothing that was handed out to the user is changed.

local core = require "xai.core"
local part = require "xai.runtime.part"

local pairs, setmetatable, type = pairs, setmetatable, type
local table_concat = table.concat

local array = core.array

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
local BUILDERS = {
  chat = function(codec) return part "xai.results.merge_chunks"("chat.completion", true, codec) end,
  complete = function(codec) return part "xai.results.merge_chunks"("text_completion", false, codec) end,
  respond = function(codec) return part "xai.results.merge_responses"(codec) end,
  message = function(codec) return part "xai.results.merge_messages"(codec) end,
  complete_legacy = new_complete,
  request = new_events,
}

--- The result of what the stream `request` of function `name` has said so
-- far; nil when it has said nothing, unless it `is_over`.  An event that does not
-- decode is no part of it: then the second value is "decode", or "limit" for one
-- nested too deeply.
return function(request, name, is_over)
  local builder, damage = BUILDERS[name](request:codec()), nil
  local at, field, value, a, b = request:said(0)
  if not at and not is_over then return nil end
  while at do
    if type(value) == "boolean" then
      damage = damage or value and "limit" or "decode"
    elseif field ~= "event" then
      builder:piece(field, value, a, b)
    else
      builder:event(value)
    end
    at, field, value, a, b = request:said(at)
  end
  local result = builder:result(is_over)
  if request:halves() then result = part "xai.results.surrogates"(result) end
  return result, damage
end
