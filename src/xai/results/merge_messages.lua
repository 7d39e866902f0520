--- Results of messages from their streams: blocks by their index.
-- The interface is in merge.lua.

local accumulator = require "xai.results.accumulator"
local core = require "xai.core"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local string_find, string_match = string.find, string.match

local array = core.array
local is_list, is_object = accumulator.is_list, accumulator.is_object

local Messages = {}
Messages.__index = Messages

local function new_messages(codec)
  return setmetatable({
    codec = codec, message = { type = "message", role = "assistant" }, values = accumulator.new(), blocks = {},
    indices = {}, latest = {},
  }, Messages)
end

-- Blocks -----------------------------------------------------------------------

--- The type of the block that a member of a delta belongs to.
local TYPES = {
  text = "text", citation = "text", thinking = "thinking", signature = "thinking", partial_json = "tool_use",
}

local function is_tool(kind)
  return type(kind) == "string" and string_find(kind, "tool_use$") ~= nil
end

function Messages:open(block, index, is_started)
  local entry = { block = block, index = index, started = is_started }
  self.blocks[#self.blocks + 1] = entry
  if index ~= nil then self.indices[index] = entry end
  if block.type ~= nil then self.latest[is_tool(block.type) and "tool_use" or block.type] = entry end
  return entry
end

--- Can the block have this member of a delta?
local function fits(block, member)
  local kind, wanted = block.type, TYPES[member]
  if wanted == "tool_use" then return kind == nil or is_tool(kind) end
  return wanted == nil or kind == wanted or kind ~= "text" and kind ~= "thinking" and not is_tool(kind)
end

--- The block that a delta belongs to: the one with its index, or the last one that
-- can have it, as xAI's deltas have no index.  Where there is none it is opened.
function Messages:block(index, member)
  local entry = index ~= nil and self.indices[index] or nil
  if entry and fits(entry.block, member) then return entry.block end
  local last = self.blocks[#self.blocks]
  if last and fits(last.block, member) and (index == nil or entry or last.started) then return last.block end
  local fitting = (index == nil or entry) and self.latest[TYPES[member]]
  if fitting then return fitting.block end
  return self:open({ type = TYPES[member] or "text" }, not entry and index or nil).block
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
    self.values:append(block, member, value)
  else
    self.values:add(block, member, value)
  end
end

--- Text fields of the event log and the members of deltas that they stand for.
local MEMBERS = { text = "text", reasoning = "thinking", arguments = "partial_json", signature = "signature" }

--- `a` is the index of the block plus 1, or 0 where the delta has none.
function Messages:delta(field, text, a)
  self:add(a > 0 and a - 1 or nil, MEMBERS[field], text)
end

-- Events -----------------------------------------------------------------------

--- The index of an event: a number or, from some services, a string.
local function index_of(event)
  local kind = type(event.index)
  return (kind == "number" or kind == "string") and event.index or nil
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
    if key ~= "content" then self.values:keep(self.message, key, value) end
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

--- Add token counts.  They only grow: some services send 0 for a count that they sent
-- before.
function Messages:count(usage)
  if not is_object(self.message.usage) then self.message.usage = {} end
  local all = self.message.usage
  for key, value in pairs(usage) do
    if value ~= 0 or type(all[key]) ~= "number" then self.values:keep(all, key, value) end
  end
end

function events.message_delta(self, event)
  for key, value in pairs(object_of(event.delta)) do self.values:keep(self.message, key, value) end
  for key, value in pairs(event) do
    if key ~= "type" and key ~= "delta" and key ~= "usage" then self.values:keep(self.message, key, value) end
  end
  if is_object(event.usage) then self:count(event.usage) end
end

function Messages:event(event)
  local f = events[event.type]
  if f then f(self, event) end
end

-- Result -----------------------------------------------------------------------

local function is_blank(value)
  return value == nil or type(value) == "string" and not string_find(value, "%S")
end

--- Decode the input of a tool, which is a value or its text.  A blank text or none is
-- {}.  A {} before the text is ignored.
function Messages:set_input(block)
  local input = block.partial_json
  if is_blank(input) then input = block.input end
  if is_blank(input) then input = {} end
  if type(input) == "string" then
    input = core.decode(self.codec, string_match(input, "^%s*{%s*}(%s*{.*)$") or input)
  end
  if type(input) ~= "table" then return end -- the stream broke inside it
  block.input, block.partial_json = input, nil
end

function Messages:result()
  local message = self.message
  self.values:finish()
  message.content = array {}
  accumulator.sort(self.blocks)
  for i, entry in ipairs(self.blocks) do
    local block = entry.block
    if block.partial_json ~= nil or is_tool(block.type) then self:set_input(block) end
    message.content[i] = block
  end
  return message
end

return new_messages
