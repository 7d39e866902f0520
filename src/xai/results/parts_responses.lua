--- Parts of responses: items of the output.  The interface is in parts.lua.
--
-- Services state the same more than once, or only at the end: in pieces, as a whole part,
-- as a whole item, in the last event.  What was told is not told again.  The builder of
-- results tells which item an event belongs to; it gets all but the texts.

local attachments = require "xai.results.attachments"
local merge_responses = require "xai.results.merge_responses"
local readers = require "xai.results.readers"
local results = require "xai.results.result"

local ipairs, setmetatable, type = ipairs, setmetatable, type
local string_find, string_match = string.find, string.match

local object, objects, words = results.object, results.objects, results.words

local Responses = {}
Responses.__index = Responses

--- The place of an event's item in the output, from 0.
function Responses:place_of(event)
  local a = results.count(event.output_index) or self.places[event.item_id or ""] or self.last or 0
  self.last = a
  return a
end

-- Texts ---------------------------------------------------------------------------

--- Add a piece of text of the item at place `a`.
function Responses:say_text(text, a)
  self.first_text = self.first_text or a
  if a == self.first_text then
    self.maker:say_plainly(text, a, a)
  else
    self.maker:say("text", text, a, self.maker:place("output", a + 1))
  end
end

--- Add a piece of the thinking (`field` "reasoning") or of its summary.  Of an item that
-- has both, the first counts.
function Responses:reason(text, a, field)
  if text == "" or self.reasons[a] and self.reasons[a] ~= field then return end
  self.reasons[a] = field
  self.first_reasoning = self.first_reasoning or a
  local more = a ~= self.first_reasoning and self.maker:place("output", a + 1) or nil
  self.maker:say("reasoning", text, field .. a, more)
end

--- Add a stated text of reasoning, unless it came in pieces.
function Responses:state_reasoning(text, a, field, part)
  local key = a .. field .. (results.count(part) or 0)
  if not words(text) or self.streamed[a] or self.stated[key] then return end
  self.stated[key] = true
  self:reason(text, a, field)
end

function Responses:reason_item(item, a)
  if self.reasons[a] then return end
  for _, field in ipairs { "reasoning", "summary" } do
    for _, part in ipairs(objects(item[field == "summary" and "summary" or "content"])) do
      if words(part.text) then self:reason(part.text, a, field) end
    end
  end
end

function Responses:delta(field, text, a)
  if field == "text" then
    self:say_text(text, a)
  elseif field == "arguments" then
    self.merged:delta(field, text, a, 0)
    self:argue(self.merged:entry_of(a), text)
  else
    self.streamed[a] = true
    self:reason(text, a, field)
  end
end

-- Calls -----------------------------------------------------------------------------

--- The call of an entry of the builder, as it is told while its arguments come.
function Responses:so_far(entry)
  local so_far = self.calls[entry]
  if not so_far then
    so_far = { arguments = "" }
    self.calls[entry] = so_far
  end
  local call = readers.call_of_item(entry.item) or {}
  so_far.id, so_far.name, so_far.server = call.id, call.name, call.server or false
  return so_far
end

function Responses:argue(entry, piece)
  if entry and words(piece) then self.maker:argue(self:so_far(entry), piece) end
end

--- The members of items that come in pieces.
local IN_PIECES = { "arguments", "input", "code" }

--- Add the call in an item, once.  Ids may change on the way: at the end (`is_last`) the
-- call that was told at the same place is the same.
function Responses:tell(item, a, is_last)
  local id = words(item.call_id) or words(item.id) or a
  if self.told[id] or is_last and self.told_at[a] == item.type or not string_find(item.type, "_call$") then return end
  self.told[id], self.told_at[a] = true, item.type
  for _, key in ipairs(IN_PIECES) do self.merged.values:value(item, key) end
  self.merged:finish_calls({ item }, true)
  self.maker:add("call", readers.call_of_item(item))
end

-- Items -----------------------------------------------------------------------------

--- Add what an item has beside its text and was not told.
function Responses:add_item(item, a, is_last)
  if type(item.type) ~= "string" then return end
  if item.type == "reasoning" then self:reason_item(item, a) end
  self:tell(item, a, is_last)
  if item.type == "message" then self.maker:cite_parts(item.content) end
  local images = {}
  attachments.add_images(images, item)
  self.maker:show(images)
end

--- The same with its text.
function Responses:whole_item(item, a)
  local text = item.type == "message" and readers.all_text { output = { item } } or ""
  if text ~= "" then self:say_text(text, a) end
  self:add_item(item, a, true)
end

-- Events ----------------------------------------------------------------------------

--- Texts of reasoning, by the type of their events without the last word.
local REASONING = { ["response.reasoning_text"] = "reasoning", ["response.reasoning_summary_text"] = "summary" }

--- The same for what comes of a call: is it of its arguments?
local OF_CALLS = {
  ["response.function_call_arguments"] = true, ["response.mcp_call_arguments"] = true,
  ["response.custom_tool_call_input"] = true, ["response.code_interpreter_call_code"] = true,
  ["response.mcp_call_output"] = false,
}

local FINAL = {
  ["response.completed"] = true, ["response.incomplete"] = true, ["response.done"] = true, ["response.failed"] = true,
}

function Responses:add_text_event(event, name, what, text)
  local a, field = self:place_of(event), REASONING[name]
  if name == "response.output_text" then
    if text then self:say_text(what == "delta" and words(event.delta) or text, a) end
  elseif field and what == "delta" then
    if words(event.delta) then self:delta(field, event.delta, a) end
  elseif field then
    self:state_reasoning(event.text, a, field, event.content_index or event.summary_index)
  elseif OF_CALLS[name] ~= nil then
    self.merged:event(event)
    if what == "delta" and OF_CALLS[name] then
      self:argue(self.merged:entry_of(event.output_index, event.item_id), event.delta)
    end
  end
end

function Responses:add_part_event(event, text)
  local a, part = self:place_of(event), object(event.part)
  if text then self:say_text(text, a) end
  self.maker:cite_parts { part }
  if part.type == "summary_text" then
    self:state_reasoning(part.text, a, "summary", event.summary_index)
  end
end

function Responses:add_item_event(event, is_done, text)
  local a, item = self:place_of(event), object(event.item)
  if words(item.id) then self.places[item.id] = a end
  if text then self:say_text(text, a) end
  self.merged:event(event)
  if is_done then self:add_item(item, a) end
end

--- The last event repeats the answer; some services tell it there alone.
function Responses:add_final(event, text)
  local output = object(event.response).output
  self.merged:event(event)
  for i, item in ipairs(object(output)) do
    if type(item) == "table" then
      if text then
        self:whole_item(item, i - 1)
      elseif item.type ~= "reasoning" then
        self:add_item(item, i - 1, true)
      end
    end
  end
end

function Responses:event(event, text)
  local kind = words(event.type)
  if not kind then return end
  local name, what = string_match(kind, "^(.*)%.(%a+)$")
  if FINAL[kind] then
    self:add_final(event, text)
  elseif type(event.response) == "table" then
    self.merged:event(event)
  elseif kind == "response.output_text.annotation.added" then
    self.maker:cite(event.annotation)
  elseif name == "response.output_item" then
    self:add_item_event(event, what == "done", text)
  elseif name == "response.content_part" or name == "response.reasoning_summary_part" then
    self:add_part_event(event, text)
  elseif name then
    self:add_text_event(event, name, what, text)
  end
end

function Responses:finish()
  local result = self.merged:result(true)
  for i, item in ipairs(object(result.output)) do
    if type(item) == "table" and type(item.type) == "string" then
      if item.type == "reasoning" then self:reason_item(item, i - 1) end
      self:tell(item, i - 1, true)
    end
  end
  return readers.read_usage(result.usage, "responses", result.output), result
end

return function(maker, codec)
  return setmetatable({
    maker = maker, merged = merge_responses(codec),
    places = {}, -- id of an item -> its place
    reasons = {}, streamed = {}, stated = {}, -- which reasoning was told
    calls = {}, told = {}, told_at = {}, -- entry -> the call so far; which calls were told, by id and by place
  }, Responses)
end
