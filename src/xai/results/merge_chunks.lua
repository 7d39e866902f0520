--- Results of chat and of completions from their streams: choices that grow.
-- The interface is that of merge.lua.

local calls = require "xai.results.merge_calls"
local core = require "xai.core"
local growth = require "xai.results.accumulator"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local table_sort = table.sort

local array = core.array

local Chunks = {}
Chunks.__index = Chunks

local FIRST_WINS = { id = true, object = true, created = true, model = true }

local function new_chunks(object, of_chat, codec)
  return setmetatable({
    object = object, of_chat = of_chat, codec = codec, growth = growth.new(), top = {}, choices = {}, order = {},
  }, Chunks)
end

function Chunks:choice(index)
  local choice = self.choices[index]
  if not choice then
    choice = { message = {}, calls = calls.new(self.growth, self.codec), rest = {} }
    self.choices[index] = choice
    self.order[#self.order + 1] = index
  end
  return choice
end

local PIECES = { text = "content", reasoning = "reasoning_content", summary = "reasoning" }

function Chunks:piece(field, text, a)
  local key = field == "text" and not self.of_chat and "text" or PIECES[field]
  self.growth:add(self:choice(a).message, key, text)
end

function Chunks:delta(choice, delta)
  for key, value in pairs(delta) do
    if key == "tool_calls" and type(value) == "table" then
      choice.calls:add(value)
    elseif key == "function_call" and growth.is_object(value) then
      choice.called = choice.called or calls.new_legacy(self.growth, self.codec)
      choice.called:add(value)
    elseif key == "content" and not self.of_chat then
      self.growth:add(choice.message, "text", value)
    elseif key ~= "tool_calls" or choice.message[key] == nil then
      self.growth:add(choice.message, key, value)
    end
  end
end

--- What a choice says beside its delta.
function Chunks:add_rest(rest, key, value)
  if key == "logprobs" and growth.is_object(value) and growth.is_object(rest.logprobs) then
    for name, list in pairs(value) do
      local all = rest.logprobs[name]
      if growth.is_list(list) and growth.is_list(all) then
        for _, item in ipairs(list) do all[#all + 1] = item end
      else
        self.growth:keep(rest.logprobs, name, list)
      end
    end
  elseif key == "token_ids" and growth.is_list(value) then
    self.growth:add(rest, key, value)
  elseif value ~= "" then
    self.growth:keep(rest, key, value)
  end
end

function Chunks:add_choice(given, position)
  local choice = self:choice(type(given.index) == "number" and given.index or position)
  for key, value in pairs(given) do
    if key == "delta" and growth.is_object(value) then
      self:delta(choice, value)
    elseif key == "message" and growth.is_object(value) then
      choice.whole = value
    elseif key == "text" and type(value) == "string" then
      self.growth:add(choice.message, self.of_chat and "content" or "text", value)
    elseif key ~= "index" then
      self:add_rest(choice.rest, key, value)
    end
  end
end

local function is_unknown(value)
  return value == nil or value == "" or value == 0
end

--- Does the event only keep the line alive?
local function is_ping(event)
  return event.choices == nil and (event.type == "ping" or event.type == "keepalive" or event.type == "heartbeat")
end

function Chunks:event(event)
  if is_ping(event) then return end
  for key, value in pairs(event) do
    if key == "choices" then
      for i, choice in ipairs(type(value) == "table" and value or {}) do
        if growth.is_object(choice) then self:add_choice(choice, i - 1) end
      end
    elseif FIRST_WINS[key] then
      if is_unknown(self.top[key]) then self.top[key] = value end
    elseif key == "usage" and not growth.is_empty(value) then
      self.top.usage = value
    else
      self.growth:keep(self.top, key, value)
    end
  end
end

--- The parts of a list were counted for the stream alone.
local function drop_places(parts)
  for _, part in ipairs(parts) do
    if growth.is_object(part) then part.index = nil end
  end
end

local function finished_message(choice, is_over)
  local message = choice.message
  message.tool_calls = choice.calls:result(is_over) or message.tool_calls
  if choice.called then message.function_call = choice.called:result(is_over) end
  for key, value in pairs(choice.whole or {}) do -- no delta has said that
    if growth.is_empty(message[key]) then message[key] = value end
  end
  if growth.is_empty(message.role) then message.role = "assistant" end
  if growth.is_empty(message.content) then message.content = "" end -- as the service says it beside tool calls
  if type(message.content) == "table" then drop_places(message.content) end
  return message
end

--- `is_over`: the stream has come to its end.
function Chunks:result(is_over)
  local result = self.top
  self.growth:finish()
  result.object = self.object
  result.choices = array {}
  table_sort(self.order)
  for i, index in ipairs(self.order) do
    local choice = self.choices[index]
    local out = choice.rest
    out.index = index
    if self.of_chat then
      out.message = finished_message(choice, is_over or out.finish_reason ~= nil)
    else
      for key, value in pairs(choice.message) do out[key] = value end
      out.text = out.text or ""
    end
    result.choices[i] = out
  end
  return result
end

return new_chunks
