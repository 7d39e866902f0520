--- Parts of chat and of completions: choices that grow.  The interface is in parts.lua.

local accumulator = require "xai.results.accumulator"
local attachments = require "xai.results.attachments"
local merge_chat = require "xai.results.merge_chat"
local readers = require "xai.results.readers"
local results = require "xai.results.result"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local table_concat = table.concat

local object, objects, words = results.object, results.objects, results.words

local Chat = {}
Chat.__index = Chat

--- The state of a choice.
function Chat:choice(index)
  local choice = self.choices[index]
  if not choice then
    choice = { index = index, more = index > 0 and self.maker:place("choice", index + 1) or nil }
    self.choices[index] = choice
    self.order[#self.order + 1] = index
  end
  return choice
end

-- Texts ---------------------------------------------------------------------------

function Chat:say_text(choice, text)
  if text == "" then return end
  choice.has_text = true
  if choice.more then
    self.maker:say("text", text, choice, choice.more)
  else
    self.maker:say_plainly(text, choice, choice.index)
  end
end

--- Add a piece of reasoning.  Some services send it in two members: the first one counts.
function Chat:reason(choice, text, member)
  if text == "" or choice.reasons and choice.reasons ~= member then return end
  choice.reasons = member
  self.maker:say("reasoning", text, member .. choice.index, choice.more)
end

--- Add a content: a text, a typed part or a list of these.
function Chat:say_content(choice, content)
  if type(content) == "string" then return self:say_text(choice, content) end
  if type(content) ~= "table" then return end
  if content.type ~= nil then content = { content } end
  for _, part in ipairs(objects(content)) do
    if type(part.text) == "string" and (part.type == nil or part.type == "text" or part.type == "output_text") then
      self:say_text(choice, part.text)
    end
  end
  self:attach(content)
end

function Chat:attach(content)
  local images = {}
  attachments.add_image_parts(images, content)
  self.maker:show(images)
  self.maker:cite_parts(content)
end

function Chat:delta(field, text, a)
  if field == "usage" then return self:use(text) end
  local choice = self:choice(a)
  if field == "text" then return self:say_text(choice, text) end
  if field == "finish" then return self:finish_choice(choice, text) end
  self:reason(choice, text, field)
end

-- Calls -----------------------------------------------------------------------------

--- The piece of its input that a delta adds to a call, or nil.
local function piece_of(call, delta, size)
  if type(delta.custom) == "table" then return words(delta.custom.input) end
  local input = object(delta["function"]).arguments
  if type(input) == "string" then return call.input.size > size and input or nil end
  return input ~= nil and table_concat(call.input.pieces) or nil
end

--- Hear of a delta that went to a call.
function Chat:hear(call, delta, size)
  local so_far = self.calls[call]
  if not so_far then
    so_far = { arguments = "", server = false }
    self.calls[call] = so_far
  end
  so_far.id = call.out.id
  so_far.name = words(table_concat(call.names))
  local piece = piece_of(call, delta, size)
  if piece then self.maker:argue(so_far, piece) end
end

function Chat:add_calls(choice, message)
  if not self.merged then
    self.merged, self.calls = merge_chat("chat.completion", true, self.codec), {}
    self.on_delta = function(call, delta, size) self:hear(call, delta, size) end
  end
  local assembled = self.merged:choice(choice.index)
  assembled.calls.on_delta = self.on_delta
  self.merged:add_delta(assembled, { tool_calls = message.tool_calls, function_call = message.function_call })
  choice.has_calls = true
end

--- Add the calls of a choice that were not told.  Those that are told are whole.
function Chat:tell_calls(choice)
  if not choice.has_calls then return end
  local message = self.merged:calls_of(choice.index)
  for _, call in ipairs(readers.calls { choices = { { message = message } } }) do
    local key = message.function_call and call.item["function"] == message.function_call and "older" or call.item
    if not self.calls[key] then
      self.calls[key] = true
      self.maker:add("call", call, choice.more)
    end
  end
  return message
end

function Chat:finish_choice(choice, reason)
  choice.reason = reason
  self:tell_calls(choice)
end

-- Events ----------------------------------------------------------------------------

function Chat:use(usage)
  if not accumulator.is_empty(usage) then self.usage = usage end
end

function Chat:add_delta(choice, delta)
  if words(delta.reasoning_content) then self:reason(choice, delta.reasoning_content, "reasoning") end
  if words(delta.reasoning) then self:reason(choice, delta.reasoning, "summary") end
  if delta.content ~= nil then self:say_content(choice, delta.content) end
  if type(delta.tool_calls) == "table" or type(delta.function_call) == "table" then self:add_calls(choice, delta) end
  if delta.annotations ~= nil then self.maker:cite_all(delta.annotations) end
  if delta.images ~= nil then self:attach(delta.images) end
end

--- Add what a whole message has and no delta had.
function Chat:add_message(choice, message)
  local rest = {}
  for key, value in pairs(message) do rest[key] = value end
  if choice.has_text then rest.content = nil end
  if choice.reasons then rest.reasoning_content, rest.reasoning = nil, nil end
  if choice.has_calls then rest.tool_calls, rest.function_call = nil, nil end
  self:add_delta(choice, rest)
end

function Chat:add_choice(given, position)
  local choice = self:choice(type(given.index) == "number" and given.index or position)
  if accumulator.is_object(given.delta) then self:add_delta(choice, given.delta) end
  if type(given.text) == "string" then self:say_text(choice, given.text) end
  if accumulator.is_object(given.message) then self:add_message(choice, given.message) end
  if words(given.finish_reason) then self:finish_choice(choice, given.finish_reason) end
end

function Chat:event(event)
  for i, choice in ipairs(object(event.choices)) do
    if accumulator.is_object(choice) then self:add_choice(choice, i - 1) end
  end
  self:use(event.usage)
  if event.citations ~= nil then self.maker:cite_all(event.citations) end
end

function Chat:finish()
  local first = {}
  for _, index in ipairs(self.order) do
    local choice = self.choices[index]
    local message = self:tell_calls(choice)
    if index == 0 then first = { index = 0, message = message, finish_reason = choice.reason } end
  end
  return readers.read_usage(self.usage, "chat"), { choices = { first } }
end

return function(maker, codec)
  return setmetatable({ maker = maker, codec = codec, choices = {}, order = {} }, Chat)
end
