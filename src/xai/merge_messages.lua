--- Results of messages from their streams: blocks that follow each other.
-- The interface is that of merge.lua.

local core = require "xai.core"
local json = require "xai.json"

local array = core.array

local function append(list, item)
  list[#list + 1] = item
end

local Messages = {}
Messages.__index = Messages

local function new_messages()
  return setmetatable({ message = { type = "message", role = "assistant" }, blocks = {} }, Messages)
end

--- A delta belongs to the block that was opened last: xAI's deltas have no
-- index, and blocks never overlap.
function Messages:add(name, text)
  local block = self.blocks[#self.blocks]
  if not block then
    block = { block = { type = name == "thinking" and "thinking" or "text" }, texts = {} }
    append(self.blocks, block)
  end
  block.texts[name] = block.texts[name] or {}
  append(block.texts[name], text)
end

local BLOCK_FIELDS = { text = "text", reasoning = "thinking", arguments = "partial_json", signature = "signature" }

function Messages:piece(field, text)
  self:add(BLOCK_FIELDS[field], text)
end

local message_events = {}

function message_events.message_start(self, event)
  if type(event.message) == "table" then self.message = event.message end
end

function message_events.content_block_start(self, event)
  local block = type(event.content_block) == "table" and event.content_block or {}
  append(self.blocks, { block = block, texts = {} })
end

function message_events.content_block_delta(self, event)
  for name, value in pairs(type(event.delta) == "table" and event.delta or {}) do
    if name ~= "type" and type(value) == "string" then self:add(name, value) end
  end
end

function message_events.message_delta(self, event)
  for key, value in pairs(type(event.delta) == "table" and event.delta or {}) do self.message[key] = value end
  if type(event.usage) ~= "table" then return end
  if type(self.message.usage) ~= "table" then self.message.usage = {} end
  for key, value in pairs(event.usage) do self.message.usage[key] = value end
end

function Messages:event(event)
  local f = message_events[event.type]
  if f then f(self, event) end
end

--- The input of a tool: no piece at all, or an empty one, means {}.
local function set_input(block, text)
  if text == "" then
    block.input = type(block.input) == "table" and block.input or {}
    return
  end
  local input = json.decode(text)
  if type(input) == "table" then
    block.input = input
  else
    block.partial_json = text -- the stream broke within it
  end
end

local function finished_block(entry)
  local block = entry.block
  for name, parts in pairs(entry.texts) do
    local text = table.concat(parts)
    if name == "partial_json" then
      set_input(block, text)
    else
      block[name] = (type(block[name]) == "string" and block[name] or "") .. text
    end
  end
  return block
end

function Messages:result()
  local message = self.message
  message.content = array {}
  for i, entry in ipairs(self.blocks) do message.content[i] = finished_block(entry) end
  return message
end

return new_messages
