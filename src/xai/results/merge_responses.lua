--- Results of responses from their streams: items by their place in the output.
-- The interface is in merge.lua.

local accumulator = require "xai.results.accumulator"
local core = require "xai.core"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local string_match = string.match
local table_sort = table.sort

local array = core.array
local is_empty, is_list, is_object = accumulator.is_empty, accumulator.is_list, accumulator.is_object

local Responses = {}
Responses.__index = Responses

local function new_responses(codec)
  return setmetatable({
    codec = codec, values = accumulator.new(), entries = {}, current = {}, ids = {}, highest = 0,
  }, Responses)
end

--- The target of each text, which events extend (`.delta`) or set (`.done`): `field`
-- of an item of type `of`, or of a part of type `type` in its `list`.
local TEXTS = {
  ["response.output_text"] = { of = "message", list = "content", type = "output_text", field = "text" },
  ["response.refusal"] = { of = "message", list = "content", type = "refusal", field = "refusal" },
  ["response.reasoning_text"] = { of = "reasoning", list = "content", type = "reasoning_text", field = "text" },
  ["response.reasoning_summary_text"] = { of = "reasoning", list = "summary", type = "summary_text", field = "text" },
  ["response.function_call_arguments"] = { of = "function_call", field = "arguments" },
  ["response.custom_tool_call_input"] = { of = "custom_tool_call", field = "input" },
  ["response.code_interpreter_call_code"] = { of = "code_interpreter_call", field = "code" },
  ["response.mcp_call_arguments"] = { of = "mcp_call", field = "arguments" },
  ["response.mcp_call_output"] = { of = "mcp_call", field = "output" },
}

--- Text fields of the event log and their targets.
local FIELDS = {
  text = TEXTS["response.output_text"],
  reasoning = TEXTS["response.reasoning_text"],
  summary = TEXTS["response.reasoning_summary_text"],
  arguments = TEXTS["response.function_call_arguments"],
}

local MAX_PLACE = 10000 -- of items and parts; the service never has so many
local MAX_GAP = 16 -- parts that may be missing before the next one

--- A place from 0, as an event names it; 0 where it names none.
local function place(i)
  return type(i) == "number" and i >= 0 and i < MAX_PLACE and i % 1 == 0 and i or 0
end

-- Items ------------------------------------------------------------------------

function Responses:open(index)
  local entry = { index = index or self.highest, number = #self.entries, item = {}, done_parts = {}, places = {} }
  if entry.index > self.highest then self.highest = entry.index end
  self.entries[#self.entries + 1] = entry
  self.current[entry.index] = entry
  return entry
end

--- The item that an event is about.  Ids may change during a stream, so they only
-- distinguish items at one place.
function Responses:entry_of(index, id)
  local known = id ~= nil and id ~= "" and self.ids[id]
  if known and (index == nil or known.index == index) then return known end
  if index ~= nil then return self.current[index] end
  return self.entries[#self.entries]
end

local function index_of(event)
  return event.output_index ~= nil and place(event.output_index) or nil
end

--- The item that a text belongs to; it is opened where it is not there.  `how` is a
-- row of TEXTS.
function Responses:item_for(event, how)
  local index, id = index_of(event), event.item_id
  local entry = self:entry_of(index, id)
  if entry and entry.done and not is_empty(id) and not self.ids[id] and not is_empty(entry.item.id) then entry = nil end
  entry = entry or self:open(index)
  if not is_empty(id) then self.ids[id] = self.ids[id] or entry end
  if entry.item.type == nil then
    entry.item.type, entry.item.id = how.of, event.item_id
    if how.of == "message" then entry.item.role = "assistant" end
  end
  return entry
end

--- Copy what `new` lacks from `old`, which it replaces.
function Responses:fill(new, old)
  for key, value in pairs(old) do
    local own = new[key]
    if is_empty(own) then
      if key ~= "status" then self.values:move(old, new, key) end
    elseif (key == "content" or key == "summary") and is_list(own) and is_list(value) then
      for i, part in ipairs(own) do
        if is_object(part) and is_object(value[i]) then self:fill(part, value[i]) end
      end
    end
  end
end

function Responses:replace(entry, item)
  self:fill(item, entry.item)
  entry.item, entry.opened = item, true
  if item.id ~= nil and item.id ~= "" then self.ids[item.id] = entry end
end

local function has_other(a, b, key)
  return not is_empty(a[key]) and not is_empty(b[key]) and a[key] ~= b[key]
end

function Responses:added(event)
  local item, index = event.item, index_of(event)
  local entry = self:entry_of(index, item.id)
  local goes_on = entry and not entry.done and (not entry.opened or item.id ~= nil and item.id == entry.item.id)
  self:replace(goes_on and entry or self:open(index), item)
end

function Responses:done(event)
  local item, index = event.item, index_of(event)
  local entry = self:entry_of(index, item.id)
  if entry and (has_other(entry.item, item, "type") or entry.done and has_other(entry.item, item, "id")) then
    entry = nil
  end
  entry = entry or self:open(index)
  self:replace(entry, item)
  entry.done = true
end

-- Parts ------------------------------------------------------------------------

--- The part at place `i` in a list of the item; it is made where it is not there.
local function part_of(entry, list, i, kind)
  local item = entry.item
  if not is_list(item[list]) then item[list] = array {} end
  local parts = item[list]
  local places = accumulator.at(entry.places, list)
  i = place(i)
  if not places[i] then places[i] = i <= #parts + MAX_GAP and i + 1 or #parts + 1 end
  i = places[i]
  while #parts < i do parts[#parts + 1] = { type = kind } end
  if not is_object(parts[i]) then parts[i] = { type = kind } end
  return parts[i], parts, i
end

--- Add a part that is announced, or set one that is done.
function Responses:set_part(event, is_done)
  local part = event.part
  local list = event.summary_index ~= nil and "summary" or "content"
  local named = event.summary_index or event.content_index
  local entry = self:item_for(event, { of = list == "summary" and "reasoning" or "message" })
  local old, parts, i = part_of(entry, list, named, part.type)
  if not is_done and entry.done_parts[old] then -- another part at the same place
    i = #parts + 1
    entry.places[list][place(named)] = i
  else
    self:fill(part, old)
  end
  parts[i] = part
  entry.done_parts[part] = is_done
end

function Responses:annotate(event)
  local entry = self:item_for(event, FIELDS.text)
  local part = part_of(entry, "content", event.content_index, "output_text")
  if not is_list(part.annotations) then part.annotations = array {} end
  self.values:extend(part.annotations, "annotations", { event.annotation })
end

-- Texts ------------------------------------------------------------------------

--- Arguments as JSON text; some services send a value.
function Responses:text_of(arguments)
  if type(arguments) ~= "table" then return arguments end
  return (core.encode(self.codec, arguments))
end

--- The object that has the text: a part of the item, or the item itself.
local function object_of(entry, how, i)
  return how.list and part_of(entry, how.list, i, how.type) or entry.item
end

--- Is the text final?  Deltas that arrive later are ignored.
local function is_final(entry, object, field)
  return (entry.done or entry.done_parts[object]) and not is_empty(object[field])
end

function Responses:extend(entry, how, text, i)
  local object = object_of(entry, how, i)
  if is_final(entry, object, how.field) then return end
  if type(object[how.field]) ~= "string" then object[how.field] = nil end
  self.values:append(object, how.field, text)
  return object
end

--- Set a text that is done.
function Responses:set(entry, how, text, i)
  local object = object_of(entry, how, i)
  if is_empty(text) then return end
  self.values:value(object, how.field)
  object[how.field] = text
  entry.done_parts[object] = true
  return object
end

--- `a` is the place of the item, `b` that of the part.
function Responses:delta(field, text, a, b)
  local how = FIELDS[field]
  self:extend(self:item_for({ output_index = a }, how), how, text, b)
end

local function add_logprobs(object, logprobs, is_done)
  if not object or not is_list(logprobs) or logprobs[1] == nil then return end
  if is_done or not is_list(object.logprobs) then
    object.logprobs = logprobs
  else
    for _, item in ipairs(logprobs) do object.logprobs[#object.logprobs + 1] = item end
  end
end

--- Add an event of a text.  `name` is the type of the event without its last word,
-- `what` is that word.
function Responses:text_event(event, name, what)
  local how = TEXTS[name]
  local i = event.content_index or event.summary_index
  local is_done = what == "done"
  local text
  if is_done then text = event[how.field] else text = event.delta end
  if is_done and how.field == "arguments" then text = self:text_of(text) end
  if type(text) ~= "string" then return end
  local entry = self:item_for(event, how)
  local object = self[is_done and "set" or "extend"](self, entry, how, text, i)
  if how.of == "message" then add_logprobs(object, event.logprobs, is_done) end
  if how.of == "function_call" and is_empty(entry.item.name) then entry.item.name = event.name end
end

-- Events -----------------------------------------------------------------------

--- The last events of a stream, and the status of a response whose event has none.
local FINAL = {
  ["response.completed"] = "completed", ["response.incomplete"] = "incomplete", ["response.done"] = "completed",
  ["response.failed"] = "failed",
}

--- Take a response object.  The last one may lack members that the first one had.
function Responses:respond(response, kind, usage)
  local old = self.response or {}
  if response then
    for _, key in ipairs { "id", "object", "created_at", "model" } do
      if FINAL[kind] and is_empty(response[key]) then response[key] = old[key] end
    end
    if is_empty(response.usage) then response.usage = usage end
    self.response = response
  elseif FINAL[kind] then
    self.response, old.status, old.usage = old, FINAL[kind], usage
  end
  self.final = FINAL[kind]
end

local EVENTS = {
  ["response.output_item.added"] = { "item", Responses.added },
  ["response.output_item.done"] = { "item", Responses.done },
  ["response.content_part.added"] = { "part", Responses.set_part },
  ["response.content_part.done"] = { "part", Responses.set_part, true },
  ["response.reasoning_summary_part.added"] = { "part", Responses.set_part },
  ["response.reasoning_summary_part.done"] = { "part", Responses.set_part, true },
  ["response.output_text.annotation.added"] = { "annotation", Responses.annotate },
}

function Responses:event(event)
  local kind = event.type
  if is_object(event.response) or FINAL[kind] then
    self:respond(is_object(event.response) and event.response, kind, event.usage)
  elseif EVENTS[kind] then
    local row = EVENTS[kind]
    local what, act, is_done = row[1], row[2], row[3]
    if is_object(event[what]) then act(self, event, is_done) end
  elseif type(kind) == "string" then
    local name, what = string_match(kind, "^(.*)%.(%a+)$")
    if TEXTS[name] and (what == "delta" or what == "done") then self:text_event(event, name, what) end
  end
end

--- The items that were streamed, in their order.
function Responses:streamed()
  local state = self.final
  table_sort(self.entries, function(a, b)
    if a.index ~= b.index then return a.index < b.index end
    return a.number < b.number
  end)
  local output = array {}
  for i, entry in ipairs(self.entries) do
    local item = entry.item
    if state and item.status == "in_progress" then item.status = state end
    output[i] = item
  end
  return output
end

--- Fill what is empty in `own` with what was streamed.
local function fill_empty(own, streamed)
  for key, value in pairs(own) do
    local other = streamed[key]
    if is_empty(value) and not is_empty(other) then
      own[key] = other
    elseif type(value) == "table" and type(other) == "table" and value ~= other then
      fill_empty(value, other)
    end
  end
end

--- Complete the output of the last event where it leaves an item empty.
function Responses:complete(output, streamed)
  for i, item in ipairs(output) do
    local entry = is_object(item) and self.ids[item.id or ""]
    local twin = entry and entry.item or streamed[i]
    if is_object(item) and twin and item.type == twin.type then fill_empty(item, twin) end
  end
end

--- Write arguments as the call without `stream` has them.
function Responses:finish_calls(output, is_over)
  for _, item in ipairs(output) do
    if is_object(item) and item.type == "function_call" then
      item.arguments = self:text_of(item.arguments)
      if is_over and is_empty(item.arguments) then item.arguments = "{}" end
    end
  end
end

--- The last event repeats the whole answer.  Where it does not, the result is made of
-- the streamed items.
function Responses:result(is_over)
  local result = self.response or { object = "response" }
  self.values:finish()
  local own, streamed = result.output, self:streamed()
  if self.final and is_list(own) and own[1] ~= nil then
    self:complete(own, streamed)
  elseif streamed[1] ~= nil or not is_list(own) then
    result.output = streamed
  end
  self:finish_calls(result.output, is_over)
  return result
end

return new_responses
