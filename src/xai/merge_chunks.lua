--- Results of chat and of completions from their streams: choices that grow.
-- The interface is that of merge.lua.

local core = require "xai.core"

local array = core.array

local function append(list, item)
  list[#list + 1] = item
end

local function joined(parts)
  return parts and table.concat(parts) or nil
end

local Chunks = {}
Chunks.__index = Chunks

local FIRST_WINS = { id = true, object = true, created = true, model = true }

local function new_chunks(object, of_chat)
  return setmetatable({ object = object, of_chat = of_chat, top = {}, choices = {}, order = {} }, Chunks)
end

function Chunks:choice(index)
  local choice = self.choices[index]
  if not choice then
    choice = { index = index, texts = {}, message = {}, calls = {}, rest = {} }
    self.choices[index] = choice
    append(self.order, index)
  end
  return choice
end

local function add_text(choice, name, text)
  local parts = choice.texts[name] or {}
  choice.texts[name] = parts
  append(parts, text)
end

function Chunks:piece(field, text, a)
  local name = self.of_chat and (field == "reasoning" and "reasoning_content" or "content") or "text"
  add_text(self:choice(a), name, text)
end

--- The call that a delta continues: by index, else by id, else by position.
local function find_call(calls, delta, position)
  for _, call in ipairs(calls) do
    if delta.index ~= nil and call.index == delta.index then return call end
    if delta.index == nil and delta.id ~= nil and call.id == delta.id then return call end
  end
  if delta.index == nil and delta.id == nil then return calls[position] end
end

local function add_call(calls, delta, position)
  local call = find_call(calls, delta, position)
  if not call then
    call = { index = delta.index, fields = {}, arguments = {} }
    append(calls, call)
  end
  call.id = call.id or delta.id
  local called = type(delta["function"]) == "table" and delta["function"] or {}
  call.type = call.type or delta.type
  call.name = call.name or called.name
  if type(called.arguments) == "string" then append(call.arguments, called.arguments) end
end

local JOINED = { content = true, reasoning_content = true, refusal = true }

function Chunks.delta(_, choice, delta)
  for key, value in pairs(delta) do
    if JOINED[key] and type(value) == "string" then
      add_text(choice, key, value)
    elseif key == "tool_calls" and type(value) == "table" then
      for position, call in ipairs(value) do
        if type(call) == "table" then add_call(choice.calls, call, position) end
      end
    else
      choice.message[key] = value
    end
  end
end

local function add_logprobs(choice, logprobs)
  local all = choice.rest.logprobs
  if type(all) ~= "table" then
    choice.rest.logprobs = logprobs
    return
  end
  for key, value in pairs(logprobs) do
    if type(value) == "table" and type(all[key]) == "table" then
      for _, item in ipairs(value) do append(all[key], item) end
    else
      all[key] = value
    end
  end
end

function Chunks:add_choice(given)
  local choice = self:choice(type(given.index) == "number" and given.index or 0)
  for key, value in pairs(given) do
    if key == "delta" and type(value) == "table" then
      self:delta(choice, value)
    elseif key == "text" and type(value) == "string" then
      add_text(choice, "text", value)
    elseif key == "logprobs" and type(value) == "table" then
      add_logprobs(choice, value)
    elseif key ~= "index" then
      choice.rest[key] = value
    end
  end
end

function Chunks:event(event)
  for key, value in pairs(event) do
    if key == "choices" then
      for _, choice in ipairs(type(value) == "table" and value or {}) do
        if type(choice) == "table" then self:add_choice(choice) end
      end
    elseif not FIRST_WINS[key] or self.top[key] == nil then
      self.top[key] = value
    end
  end
end

local function finished_call(call)
  return {
    id = call.id,
    type = call.type or "function",
    ["function"] = { name = call.name, arguments = table.concat(call.arguments) },
  }
end

local function finished_message(choice)
  local message = choice.message
  message.role = message.role or "assistant"
  message.content = message.content or "" -- as the service says it beside tool calls
  for name, parts in pairs(choice.texts) do message[name] = table.concat(parts) end
  if choice.calls[1] then message.tool_calls = {} end
  for i, call in ipairs(choice.calls) do message.tool_calls[i] = finished_call(call) end
  return message
end

function Chunks:result()
  local result = self.top
  result.object = self.object
  result.choices = array {}
  table.sort(self.order)
  for i, index in ipairs(self.order) do
    local choice = self.choices[index]
    local out = choice.rest
    out.index = index
    if self.of_chat then
      out.message = finished_message(choice)
    else
      out.text = joined(choice.texts.text) or ""
    end
    result.choices[i] = out
  end
  return result
end

return new_chunks
