--- Readers: what is in the result of a generating function, whichever it was.
--
-- A result is a plain table as the service sent it, or as it was merged from a stream,
-- whole or partial.  No reader changes it.  In `(result, n)`, `n` is the number of a
-- choice, 1 unless given; other APIs have one answer.

local json = require "xai.client.json"
local results = require "xai.results.result"

local ipairs, next, pairs, type = ipairs, next, pairs, type
local string_find, string_gsub = string.find, string.gsub
local table_concat = table.concat

local api_of, check, choice_of, message_of = results.api_of, results.check, results.choice, results.message
local count, gather, object, objects, words =
  results.count, results.gather, results.object, results.objects, results.words

local readers = {}

-- Text --------------------------------------------------------------------------

local VISIBLE = { text = true, output_text = true }

--- The visible text in a content part.
local function part_text(part)
  return (VISIBLE[part.type] or type(part.type) ~= "string") and part.text or nil
end

--- The text of a content: a string, or a list of parts.
local function content_text(content)
  return words(content) or gather(content, part_text)
end

--- Items of responses that the caller is to answer; the service runs all other calls.
local OPEN = { function_call = true, shell_call = true }

local function is_server_call(item)
  return type(item.type) == "string" and string_find(item.type, "_call$") ~= nil and not OPEN[item.type]
end

local function message_text(item)
  return item.type == "message" and content_text(item.content) or nil
end

--- The text of the messages behind the last call of the service that has one behind it.
local function last_text(output)
  local texts, is_past_call = {}, false
  for _, item in ipairs(objects(output)) do
    local text = words(message_text(item))
    if is_server_call(item) then
      is_past_call = true
    elseif text then
      if is_past_call then texts, is_past_call = {}, false end
      texts[#texts + 1] = text
    end
  end
  return table_concat(texts)
end

local TEXT = {
  chat = function(result, n)
    local choice = choice_of(result, n)
    return words(content_text(object(choice.message).content)) or words(choice.text)
  end,
  responses = function(result) return last_text(result.output) end,
  messages = function(result) return content_text(result.content) end,
  complete = function(result) return result.completion end,
}

--- The visible text; "" where there is none.  Of a response: the texts of its messages,
-- or those behind the last call that the service made.
function readers.text(result, n)
  n = check("text", result, n)
  local read = TEXT[api_of(result)]
  return words(read and read(result, n)) or ""
end

--- All visible text, as `stream:text()` hands it out.
function readers.all_text(result, n)
  if api_of(result) == "responses" then return gather(result.output, message_text) end
  return readers.text(result, n)
end

-- Reasoning -----------------------------------------------------------------------

local function own_text(part) return part.text end

local function item_reasoning(item)
  if item.type ~= "reasoning" then return nil end
  return words(gather(item.content, own_text)) or gather(item.summary, own_text)
end

local function block_reasoning(block)
  return block.type == "thinking" and block.thinking or nil
end

--- The model's thinking, or the summary of it; nil where there is none.
function readers.reasoning(result, n)
  n = check("reasoning", result, n)
  local api = api_of(result)
  if api == "chat" then
    local message = message_of(result, n)
    return words(message.reasoning_content) or words(message.reasoning)
  end
  if api == "responses" then return words(gather(result.output, item_reasoning)) end
  if api == "messages" then return words(gather(result.content, block_reasoning)) end
end

-- Calls -----------------------------------------------------------------------------

--- A call as the readers give it.  `input` is its JSON text, or the decoded value.
local function new_call(item, id, name, input, is_server)
  local arguments, args
  if type(input) == "table" then
    arguments, args = json.encode(results.as_utf8(input)), input
  else
    arguments = type(input) == "string" and input or ""
    if string_find(arguments, "%S") then args = json.decode(arguments) else args = {} end
  end
  return { id = words(id), name = words(name), arguments = arguments, args = args, server = is_server, item = item }
end

--- The call in an entry of `tool_calls`.
local function call_of_tool(item)
  local called = type(item["function"]) == "table" and item["function"] or object(item.custom)
  local input = called.arguments
  if input == nil then input = called.input end
  return new_call(item, item.id, called.name, input, false)
end

--- Members that have the input of a call of the service.
local INPUTS = { "code", "queries", "prompt" }

local function input_of(item)
  if item.arguments ~= nil then return item.arguments end
  if item.input ~= nil then return item.input end
  if type(item.action) == "table" then return item.action end
  local input = {}
  for _, key in ipairs(INPUTS) do input[key] = item[key] end
  return next(input) ~= nil and input or ""
end

--- The call in an item of a response, or nil.
local function call_of_item(item)
  if type(item.type) ~= "string" or not string_find(item.type, "_call$") then return nil end
  local name = words(item.name) or string_gsub(item.type, "_call$", "")
  return new_call(item, words(item.call_id) or item.id, name, input_of(item), is_server_call(item))
end

--- The call in a block of a message, or nil.  A block keeps `partial_json` where its
-- input is no JSON.
local function call_of_block(block)
  if type(block.type) ~= "string" or not string_find(block.type, "tool_use$") then return nil end
  local input = block.partial_json
  if input == nil then input = block.input end
  return new_call(block, block.id, block.name, input, block.type ~= "tool_use")
end

local function collect(list, pick)
  local calls = {}
  for _, item in ipairs(objects(list)) do calls[#calls + 1] = pick(item) end
  return calls
end

local CALLS = {
  chat = function(result, n)
    local message = message_of(result, n)
    local calls = collect(message.tool_calls, call_of_tool)
    local called = message.function_call -- of the older API
    if words(object(called).name) then calls[#calls + 1] = call_of_tool { ["function"] = called } end
    return calls
  end,
  responses = function(result) return collect(result.output, call_of_item) end,
  messages = function(result) return collect(result.content, call_of_block) end,
}

--- The calls of tools, in order: a list of { id, name, arguments, args, server, item }.
-- `id` is what the call's result must name.  `arguments` is the text; `args` is its
-- value, nil where the text is no JSON.  `server`: the service ran it.  `item` is the call
-- as it was received.
function readers.calls(result, n)
  n = check("calls", result, n)
  local read = CALLS[api_of(result)]
  return read and read(result, n) or {}
end

-- Usage -----------------------------------------------------------------------------

--- Output tokens with those of reasoning.  Some services count these outside: then the
-- total is input, output and reasoning.  `is_outside` tells where there is no total.
local function whole_output(input, output, reasoning, total, is_outside)
  if total == input + output then return output end
  if total == input + output + reasoning or is_outside or reasoning > output then return output + reasoning end
  return output
end

--- Dollars; nil where the service does not report them.
local function cost_of(counts)
  if count(counts.cost_in_usd_ticks) then return counts.cost_in_usd_ticks / 1e10 end
  if count(counts.cost_in_nano_usd) then return counts.cost_in_nano_usd / 1e9 end
end

--- How many calls the service ran.  `output`: the items of a response.
local function server_calls(counts, output)
  local n = count(counts.num_server_side_tools_used)
  if n then return n end
  for name, value in pairs(object(counts.server_side_tool_usage_details)) do
    if type(name) == "string" and string_find(name, "_calls$") and count(value) then n = (n or 0) + value end
  end
  if n then return n end
  n = 0
  for _, item in ipairs(objects(output)) do n = n + (is_server_call(item) and 1 or 0) end
  return n
end

--- Is a member known?
local function tells(counts)
  return count(counts.prompt_tokens) or count(counts.input_tokens) or count(counts.completion_tokens)
    or count(counts.output_tokens) or count(counts.total_tokens) or cost_of(counts)
end

--- What `usage` returns, of the member `usage` of a result.
local function read_usage(counts, api, output)
  counts = object(counts)
  if not tells(counts) then return nil end
  local is_chat = count(counts.prompt_tokens) or count(counts.completion_tokens)
  if api == "responses" or api == "messages" then is_chat = is_chat and not count(counts.input_tokens) end
  local input = count(is_chat and counts.prompt_tokens or counts.input_tokens) or 0
  local said = count(is_chat and counts.completion_tokens or counts.output_tokens) or 0
  local before = object(is_chat and counts.prompt_tokens_details or counts.input_tokens_details)
  local after = object(is_chat and counts.completion_tokens_details or counts.output_tokens_details)
  local cached, reasoning = count(before.cached_tokens) or 0, count(after.reasoning_tokens) or 0
  if api == "messages" then
    cached = count(counts.cache_read_input_tokens) or 0
    input = input + cached
  end
  local total = count(counts.total_tokens)
  said = whole_output(input, said, reasoning, total, is_chat and not total)
  return {
    input = input, cached = cached, output = said, reasoning = reasoning, total = total or input + said,
    usd = cost_of(counts), tools = server_calls(counts, output),
  }
end

--- Tokens and cost: { input, cached, output, reasoning, total, usd, tools }.  `output`
-- includes reasoning.  `usd` is in dollars, nil where the service does not report it.
-- `tools` counts the calls that the service ran.  nil where the result has no usage.
function readers.usage(result, problem)
  check("usage", result, result == nil and problem or nil)
  return read_usage(result.usage, api_of(result), result.output)
end

-- Finish ----------------------------------------------------------------------------

local MEANINGS = {
  stop = "stop", end_turn = "stop", stop_sequence = "stop", eos = "stop",
  length = "length", max_tokens = "length", max_output_tokens = "length", model_context_window_exceeded = "length",
  tool_calls = "calls", function_call = "calls", tool_use = "calls",
  content_filter = "filter", refusal = "filter",
}

local function has_open_call(calls)
  for _, call in ipairs(calls) do
    if not call.server then return true end
  end
  return false
end

local function finish_of_response(result)
  local status = words(result.status)
  if status == "completed" then return "stop", status end
  local reason = status == "incomplete" and words(object(result.incomplete_details).reason) or nil
  local meaning = MEANINGS[reason]
  return (meaning == "length" or meaning == "filter") and meaning or "incomplete", reason or status
end

--- Why the answer ended: "stop", "length", "calls", "filter" or "incomplete".  The second
-- value is the API's own word, nil where it has none.
function readers.finish(result, n)
  n = check("finish", result, n)
  local api = api_of(result)
  local meaning, word
  if api == "responses" then
    meaning, word = finish_of_response(result)
  else
    word = words(api == "chat" and choice_of(result, n).finish_reason or result.stop_reason)
    meaning = word and MEANINGS[word] or "incomplete"
  end
  if meaning == "stop" and CALLS[api] and has_open_call(CALLS[api](result, n)) then meaning = "calls" end
  return meaning, word
end

readers.call_of_tool, readers.call_of_item, readers.call_of_block = call_of_tool, call_of_item, call_of_block
readers.is_server_call, readers.has_open_call, readers.read_usage = is_server_call, has_open_call, read_usage

return readers
