--- The reader that makes the next request's input of an answer.

local core = require "xai.core"
local readers = require "xai.results.readers"
local results = require "xai.results.result"

local getmetatable, ipairs, next, pairs, setmetatable, type =
  getmetatable, ipairs, next, pairs, setmetatable, type
local string_find = string.find

local array = core.array
local objects, words = results.objects, results.words

local function copy_of(value)
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = item end
  return copy
end

-- Contents ------------------------------------------------------------------------

local TEXTS = { text = true, output_text = true }

local function is_empty_part(part)
  return type(part) ~= "table" or next(part) == nil or TEXTS[part.type] and not words(part.text)
end

--- Does a content, a string or a list of parts, say anything?
local function has_content(content)
  if type(content) ~= "table" then return words(content) ~= nil end
  for _, part in ipairs(content) do
    if not is_empty_part(part) then return true end
  end
  return false
end

--- Remove what `is_reasoning` at the end of a list.
local function drop_last_reasoning(list, is_reasoning)
  for i = #list, 1, -1 do
    if not is_reasoning(list[i]) then return end
    list[i] = nil
  end
end

-- One form for each API -------------------------------------------------------------

local function assistant(content)
  return { role = "assistant", content = content }
end

local function of_chat(result, n, list)
  local message = results.message(result, n)
  if has_content(message.content) or next(results.object(message.tool_calls)) ~= nil
    or type(message.function_call) == "table" then
    if not words(message.role) then
      message = copy_of(message)
      message.role = "assistant"
    end
    list[1] = message
  elseif next(message) == nil and readers.text(result, n) ~= "" then -- of the older completions
    list[1] = assistant(readers.text(result, n))
  end
end

local function is_reasoning_item(item) return item.type == "reasoning" end

local function of_response(result, _, list)
  for _, item in ipairs(objects(result.output)) do
    if item.type ~= "message" or has_content(item.content) then list[#list + 1] = item end
  end
  drop_last_reasoning(list, is_reasoning_item)
end

local function is_reasoning_block(block)
  return block.type == "thinking" or block.type == "redacted_thinking"
end

--- A block as the service takes it back: with {} in place of an input that is no object.
local function sound_block(block)
  if block.partial_json == nil and type(block.input) == "table" and block.input[1] == nil then return block end
  if type(block.type) ~= "string" or not string_find(block.type, "tool_use$") then return block end
  local copy = copy_of(block)
  copy.partial_json, copy.input = nil, {}
  return copy
end

local function of_message(result, _, list)
  local content = result.content
  if type(content) == "table" then
    local blocks = array {}
    for _, block in ipairs(objects(content)) do
      if not is_empty_part(block) then blocks[#blocks + 1] = sound_block(block) end
    end
    drop_last_reasoning(blocks, is_reasoning_block)
    content = blocks
  end
  if has_content(content) then list[1] = assistant(content) end
end

local function of_complete(result, _, list)
  if words(result.completion) then list[1] = assistant(result.completion) end
end

local FORMS = { chat = of_chat, responses = of_response, messages = of_message, complete = of_complete }

--- What the next request says of this answer, always a list: items to append to
-- `input`, or a message to append to `messages`.  They are as they were received, with
-- the exception of strings that are no UTF-8.  Messages without content are left out, as is
-- reasoning at the end.
local function as_input(result, n)
  n = results.check("as_input", result, n)
  local form, list = FORMS[results.api_of(result)], array {}
  if form then form(result, n, list) end
  return results.as_utf8(list)
end

return { as_input = as_input }
