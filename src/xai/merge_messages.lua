--- Results of messages from their streams: blocks by their index.
-- The interface is that of merge.lua.

local core = require "xai.core"
local growth = require "xai.growth"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local string_find = string.find

local array = core.array
local is_list, is_object = growth.is_list, growth.is_object

local Messages = {}
Messages.__index = Messages

local function new_messages(codec)
  return setmetatable({
    codec = codec, message = { type = "message", role = "assistant" }, growth = growth.new(), blocks = {}, indices = {},
  }, Messages)
end

-- Blocks -----------------------------------------------------------------------

--- The type of a block that some deltas tell of, where no event has opened it.
local TYPES = {
  text = "text", citation = "text", thinking = "thinking", signature = "thinking", partial_json = "tool_use",
}

function Messages:open(block, index, is_started)
  local entry = { block = block, started = is_started }
  self.blocks[#self.blocks + 1] = entry
  if index ~= nil then self.indices[index] = entry end
  return entry
end

local function fits(block, member)
  local kind, wanted = block.type, TYPES[member]
  return kind == nil or wanted == nil or kind == wanted or
    wanted == "tool_use" and type(kind) == "string" and string_find(kind, "tool_use$") ~= nil
end

--- The block that a delta belongs to: by its index, or the last one, as xAI's
-- deltas have none.
function Messages:block(index, member)
  local entry = index ~= nil and self.indices[index] or nil
  if entry then return entry.block end
  entry = self.blocks[#self.blocks]
  if not entry or index ~= nil and not (entry.started and fits(entry.block, member)) then
    entry = self:open({ type = TYPES[member] or "text" }, index)
  end
  return entry.block
end

function Messages:add(index, member, value)
  local block = self:block(index, member)
  if block.type == nil then block.type = TYPES[member] end
  if member == "citation" then member, value = "citations", { value } end
  if is_list(value) then
    if not is_list(block[member]) then block[member] = array {} end
    for _, item in ipairs(value) do block[member][#block[member] + 1] = item end
  elseif type(value) == "string" then
    if block[member] ~= nil and type(block[member]) ~= "string" then block[member] = nil end
    self.growth:append(block, member, value)
  else
    self.growth:add(block, member, value)
  end
end

local MEMBERS = { text = "text", reasoning = "thinking", arguments = "partial_json", signature = "signature" }

--- `a` is the delta's index and 1; 0: it has none.
function Messages:piece(field, text, a)
  self:add(a > 0 and a - 1 or nil, MEMBERS[field], text)
end

-- Events -----------------------------------------------------------------------

local function index_of(event)
  return type(event.index) == "number" and event.index or nil
end

local function object_of(value)
  return is_object(value) and value or {}
end

local function list_of(value)
  return is_list(value) and value or {}
end

local events = {}

function events.message_start(self, event)
  for key, value in pairs(object_of(event.message)) do
    if key ~= "content" then self.growth:keep(self.message, key, value) end
  end
  for i, block in ipairs(list_of(object_of(event.message).content)) do
    if is_object(block) then self:open(block, i - 1, true) end
  end
end

function events.content_block_start(self, event)
  self:open(object_of(event.content_block), index_of(event), true)
end

function events.content_block_delta(self, event)
  for member, value in pairs(object_of(event.delta)) do
    if member ~= "type" then self:add(index_of(event), member, value) end
  end
end

--- Counts only grow: some services say 0 for what they said before.
function Messages:count(usage)
  if not is_object(self.message.usage) then self.message.usage = {} end
  local all = self.message.usage
  for key, value in pairs(usage) do
    if value ~= 0 or type(all[key]) ~= "number" then self.growth:keep(all, key, value) end
  end
end

function events.message_delta(self, event)
  for key, value in pairs(object_of(event.delta)) do self.growth:keep(self.message, key, value) end
  for key, value in pairs(event) do
    if key ~= "type" and key ~= "delta" and key ~= "usage" then self.growth:keep(self.message, key, value) end
  end
  if is_object(event.usage) then self:count(event.usage) end
end

function Messages:event(event)
  local f = events[event.type]
  if f then f(self, event) end
end

-- Result -----------------------------------------------------------------------

--- The input of a tool: no piece at all, or an empty one, means {}.
function Messages:set_input(block)
  local text = block.partial_json
  if type(text) == "table" then
    block.input, block.partial_json = text, nil
    return
  end
  if type(text) ~= "string" or not string_find(text, "%S") then
    block.input = block.input or {}
    block.partial_json = nil
    return
  end
  local input = core.decode(self.codec, text)
  if type(input) ~= "table" then return end -- the stream broke within it
  block.input, block.partial_json = input, nil
end

function Messages:result()
  local message = self.message
  self.growth:finish()
  message.content = array {}
  for i, entry in ipairs(self.blocks) do
    local block = entry.block
    if block.partial_json ~= nil or type(block.type) == "string" and string_find(block.type, "tool_use$") then
      self:set_input(block)
    end
    message.content[i] = block
  end
  return message
end

return new_messages
