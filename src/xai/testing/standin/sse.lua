--- sse.lua - event streams: a list of events, each with its bytes and its pace.

local json = require("xai.testing.standin.json")

local Events = {}
Events.__index = Events

local M = {}

function M.list()
  return setmetatable({}, Events)
end

--- The bytes of one event; `name` gives it an `event:` line.
function M.bytes(data, name)
  return (name and "event: " .. name .. "\n" or "") .. "data: " .. data .. "\n\n"
end

--- Add an event that follows the one before at once.
function Events:add(value, name)
  self[#self + 1] = { bytes = M.bytes(json.encode(value), name), slow = false }
end

--- Add an event that comes one pace later, as a word does.
function Events:slow(value, name)
  self:add(value, name)
  self[#self].slow = true
end

--- Add the end marker of the OpenAI-like streams.
function Events:done()
  self[#self + 1] = { bytes = M.bytes("[DONE]"), slow = false }
end

function M.answer(events)
  return { status = 200, headers = { { "Content-Type", "text/event-stream" } }, events = events }
end

return M
