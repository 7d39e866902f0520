--- history.lua - what a history must be: each call answered once, each answer to a call before it, and
-- items of responses as they were sent.  Each function returns the answer that refuses it, or nothing.

local errors = require("xai.testing.standin.errors")
local json = require("xai.testing.standin.json")

local M = {}

local given = json.given

-- Calls and their results ------------------------------------------------------------------

local function unanswered(id)
  return errors.argument(("No result was found for the call %s."):format(id))
end

local function to_nobody(id)
  return errors.argument(("No call was found for the result with the id %s."):format(tostring(id)))
end

--- The results in `ids` answer all of the calls `open` (id -> true), each once.
local function match(open, ids)
  for _, id in ipairs(ids) do
    if not open[id] then return to_nobody(id) end
    open[id] = nil
  end
  local id = next(open)
  return id and unanswered(id) or nil
end

local function broken_arguments(name, arguments)
  if arguments == "" or json.is_object(json.decode(arguments)) then return nil end
  return errors.argument(("The arguments of the call of %s are not a JSON object."):format(name))
end

--- Chat: behind a message with calls stand the messages with their results.
function M.chat(messages)
  local at = 1
  while messages[at] do
    local message, open, ids = messages[at], {}, {}
    for _, call in ipairs(message.role == "assistant" and given(message.tool_calls) or {}) do
      open[call.id] = true
      local refused = broken_arguments(call["function"].name, call["function"].arguments)
      if refused then return refused end
    end
    at = at + (message.role == "tool" and 0 or 1)
    while messages[at] and messages[at].role == "tool" do
      ids[#ids + 1] = given(messages[at].tool_call_id) or "null"
      at = at + 1
    end
    local refused = match(open, ids)
    if refused then return refused end
  end
end

local function ids_of(message, role, kind, field)
  local ids = {}
  for _, block in ipairs(message and message.role == role and type(message.content) == "table" and message.content
    or {}) do
    if block.type == kind then ids[#ids + 1] = block[field] end
  end
  return ids
end

--- Messages: the results of a message's calls are in the next one.
function M.message(messages)
  for at = 0, #messages do
    local open = {}
    for _, id in ipairs(ids_of(messages[at], "assistant", "tool_use", "id")) do open[id] = true end
    local refused = match(open, ids_of(messages[at + 1], "user", "tool_result", "tool_use_id"))
    if refused then return refused end
  end
end

-- Items of responses -----------------------------------------------------------------------

local CALLS = { function_call = true, shell_call = true }
local RESULTS = { function_call_output = true, shell_call_output = true }

local function calls_and_results(items)
  local open = {}
  for _, item in ipairs(items) do
    if CALLS[item.type] then
      if open[item.call_id] ~= nil then return errors.argument("Duplicate call " .. item.call_id .. ".") end
      open[item.call_id] = true
    elseif RESULTS[item.type] then
      if not open[item.call_id] then return to_nobody(item.call_id) end
      open[item.call_id] = false
    end
  end
  for id, is_open in pairs(open) do
    if is_open then return unanswered(id) end
  end
end

--- Remember what a response has sent, by the items' ids.
function M.issue(service, output)
  for i, item in ipairs(output) do
    if item.id then service.issued[item.id] = { text = json.encode(item), next = output[i + 1], item = item } end
  end
end

local function issued(service, item)
  return type(item) == "table" and given(item.id) and service.issued[item.id] or nil
end

--- Reasoning goes back as it came, and before what it came before; calls with their arguments.
local function unchanged(service, items)
  for i, item in ipairs(items) do
    local known = issued(service, item)
    if known and item.type == "reasoning" then
      if json.encode(item) ~= known.text then
        return errors.argument(("The reasoning item %s was changed."):format(item.id))
      end
      if not known.next or given((items[i + 1] or {}).id) ~= known.next.id then
        return errors.argument(("The reasoning item %s stands without the item behind it."):format(item.id))
      end
    elseif known and item.type == "function_call" and item.arguments ~= known.item.arguments then
      return errors.argument(("The arguments of the call %s were changed."):format(item.call_id))
    elseif item.type == "function_call" then
      local refused = broken_arguments(item.name, item.arguments)
      if refused then return refused end
    end
  end
end

--- An input repeats nothing that the stored history has.
local function repeated(stored, input)
  local known = {}
  for _, item in ipairs(stored) do
    for _, id in ipairs { given(item.id) or false, CALLS[item.type] and item.call_id or false } do
      if id then known[id] = true end
    end
  end
  for _, item in ipairs(input) do
    local id = given(item.id) or CALLS[item.type] and item.call_id
    if id and known[id] then
      return errors.argument(("The item %s is part of previous_response_id already."):format(id))
    end
  end
end

--- `stored`: the items behind previous_response_id, or nil; `items`: all.
function M.response(service, stored, input, items)
  return stored and type(input) == "table" and repeated(stored, input) or unchanged(service, items)
    or calls_and_results(items)
end

return M
