--- Parts of messages: blocks.  The interface is in parts.lua.
--
-- The builder of results tells which block a delta belongs to.  It gets all but the
-- deltas of text and of thinking.

local attachments = require "xai.results.attachments"
local merge_messages = require "xai.results.merge_messages"
local readers = require "xai.results.readers"
local results = require "xai.results.result"

local ipairs, setmetatable, type = ipairs, setmetatable, type
local string_find = string.find

local object, words = results.object, results.words

local Messages = {}
Messages.__index = Messages

-- Texts ---------------------------------------------------------------------------

function Messages:delta(field, text, a)
  if field == "text" then
    self.maker:say_plainly(text, "text" .. a, a)
  elseif field == "reasoning" then
    self.maker:say("reasoning", text, "reasoning" .. a)
  elseif field == "arguments" then
    self:add_input(a > 0 and a - 1 or nil, text)
  end
end

--- The index of an event, a number or a text, and the place that stands for it.
local function place_of(event)
  local index = event.index
  if type(index) == "number" then return index, index + 1 end
  if type(index) == "string" then return index, index end
  return nil, 0
end

-- Calls -----------------------------------------------------------------------------

local function is_tool(block)
  return type(block.type) == "string" and string_find(block.type, "tool_use$") ~= nil
end

function Messages:add_input(index, piece)
  local block = self.merged:block(index, "partial_json")
  if self.told[block] then return end
  self.merged:add(index, "partial_json", piece)
  if type(piece) ~= "string" then return end
  local so_far = self.calls[block]
  if not so_far then
    so_far = { id = words(block.id), name = words(block.name), arguments = "" }
    so_far.server = is_tool(block) and block.type ~= "tool_use"
    self.calls[block] = so_far
  end
  self.maker:argue(so_far, piece)
end

--- Add the call of a block, once.
function Messages:tell(block)
  if self.told[block] then return end
  self.told[block] = true
  self.merged.values:finish()
  self.merged:set_input(block)
  self.maker:add("call", readers.call_of_block(block))
end

-- Events ----------------------------------------------------------------------------

local events = {}

--- Add what a block begins with.
function Messages:begin(block, a)
  if type(block) ~= "table" then return end
  if words(block.thinking) then self:delta("reasoning", block.thinking, a) end
  if block.type == "text" and words(block.text) then self:delta("text", block.text, a) end
  local images = {}
  attachments.add_image_parts(images, { block })
  self.maker:show(images)
  self.maker:cite_all(block.citations)
end

function events.message_start(self, event)
  for i, block in ipairs(object(object(event.message).content)) do self:begin(block, i) end
  self.merged:event(event)
end

function events.content_block_start(self, event)
  local _, a = place_of(event)
  self:begin(event.content_block, a)
  self.merged:event(event)
end

function events.content_block_delta(self, event)
  local index, a = place_of(event)
  local delta = object(event.delta)
  if words(delta.thinking) then self:delta("reasoning", delta.thinking, a) end
  if words(delta.text) then self:delta("text", delta.text, a) end
  if delta.partial_json ~= nil then self:add_input(index, delta.partial_json) end
  self.maker:cite(delta.citation)
  self.maker:cite_all(delta.citations)
end

--- xAI gives each block the index 0, of which the last one counts.
function events.content_block_stop(self, event)
  local entry = self.merged.indices[place_of(event) or 0] or self.merged.blocks[#self.merged.blocks]
  if entry and is_tool(entry.block) then self:tell(entry.block) end
end

function events.message_delta(self, event)
  self.merged:event(event)
end

function Messages:event(event)
  local f = events[event.type]
  if f then f(self, event) end
end

function Messages:finish()
  local message = self.merged:result()
  for _, block in ipairs(message.content) do
    if is_tool(block) then self:tell(block) end
  end
  return readers.read_usage(message.usage, "messages"), message
end

return function(maker, codec)
  return setmetatable({ maker = maker, merged = merge_messages(codec), calls = {}, told = {} }, Messages)
end
