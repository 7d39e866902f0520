--- Values that grow by deltas: strings are joined, lists are appended to, and
-- objects are merged member by member.
--
-- The cost is linear in what arrives: the pieces of a string are collected in
-- lists, which `finish` joins.

local core = require "xai.core"

local getmetatable, ipairs, next, pairs, setmetatable, tostring, type =
  getmetatable, ipairs, next, pairs, setmetatable, tostring, type
local string_match = string.match
local table_concat, table_sort = table.concat, table.sort

local array = core.array
local ARRAY = getmetatable(array {})

local Accumulator = {}
Accumulator.__index = Accumulator

local accumulator = {}

-- Values ------------------------------------------------------------------------

--- Is the value a list?  An empty list is known by its mark.
local function is_list(value)
  return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == ARRAY)
end

local function is_object(value)
  return type(value) == "table" and not is_list(value)
end

--- Does the value say nothing?
local function is_empty(value)
  return value == nil or value == "" or type(value) == "table" and next(value) == nil
end

--- map[key], which becomes {} where there is nothing.
local function at(map, key)
  local value = map[key]
  if not value then
    value = {}
    map[key] = value
  end
  return value
end

accumulator.is_list, accumulator.is_object, accumulator.is_empty, accumulator.at = is_list, is_object, is_empty, at

--- Sort a list by the field `index` of its items, if all of them have different indices.
function accumulator.sort(list)
  local seen = {}
  for _, item in ipairs(list) do
    local index = item.index
    if type(index) ~= "number" or seen[index] then return end
    seen[index] = true
  end
  table_sort(list, function(a, b) return a.index < b.index end)
end

--- A text that is the same for equal values.
local function fingerprint(value)
  if type(value) ~= "table" then return type(value) .. ":" .. tostring(value) end
  local words = {}
  for key, item in pairs(value) do words[#words + 1] = tostring(key) .. "=" .. fingerprint(item) end
  table_sort(words)
  return "{" .. table_concat(words, "\n") .. "}"
end

-- Kinds of members ----------------------------------------------------------------

--- Members that each delta has whole: the last value that is not empty counts.
local WHOLE = {
  created = true, date = true, format = true, id = true, language = true, model = true, name = true, object = true,
  phase = true, provider = true, role = true, status = true, timestamp = true, title = true, type = true, url = true,
}

--- The same by the last word of a name.
local WHOLE_ENDS = {
  at = true, fingerprint = true, format = true, id = true, model = true, name = true, reason = true, role = true,
  status = true, tier = true, type = true, url = true,
}

local function is_whole(key)
  return WHOLE[key] or type(key) == "string" and WHOLE_ENDS[string_match(key, "_(%l+)$")]
end

--- Lists that some services send from the beginning again: equal items are one.
local DISTINCT = { annotations = true, citations = true, images = true, search_results = true, sources = true }

--- The texts of a content part, which arrive in pieces.
local TEXTS = { "text", "thinking", "reasoning", "summary", "refusal", "content" }

--- Members of objects that arrive in pieces, even in two equal pieces.
local IN_PIECES = { data = true, transcript = true, arguments = true, input = true, partial_json = true }
for _, key in ipairs(TEXTS) do IN_PIECES[key] = true end

-- Texts ---------------------------------------------------------------------------

--- Append `text` to a member.  Until `finish` the member has its first piece alone.
function Accumulator:append(object, key, text)
  local texts = at(self.texts, object)
  local pieces = texts[key]
  if not pieces then
    pieces = {}
    if type(object[key]) == "string" and object[key] ~= "" then pieces[1] = object[key] end
    texts[key] = pieces
    if is_empty(object[key]) then object[key] = text end
  end
  pieces[#pieces + 1] = text
end

--- The member with all that was appended to it.
function Accumulator:value(object, key)
  local texts = self.texts[object]
  if texts and texts[key] then
    object[key] = table_concat(texts[key])
    texts[key] = nil
  end
  return object[key]
end

--- Give a member of `old`, with all that was appended to it, to `new`.
function Accumulator:move(old, new, key)
  local texts = self.texts[old]
  local pieces = texts and texts[key]
  new[key] = old[key]
  if not pieces then return end
  texts[key] = nil
  at(self.texts, new)[key] = pieces
end

--- Join the pieces of all members.
function Accumulator:finish()
  for object, texts in pairs(self.texts) do
    for key, pieces in pairs(texts) do object[key] = table_concat(pieces) end
  end
  self.texts = {}
end

-- Lists ---------------------------------------------------------------------------

--- Has a part beside its type only members that the old part lacks?
local function is_supplement(old, new)
  for key in pairs(new) do
    if key ~= "type" and old[key] ~= nil then return false end
  end
  return new.type ~= nil
end

--- Does a part continue a text of the old part, or supplement it?
local function continues(old, new)
  local old_has, new_has = false, false
  for _, key in ipairs(TEXTS) do
    if old[key] ~= nil and type(old[key]) == type(new[key]) then return true end
    old_has, new_has = old_has or old[key] ~= nil, new_has or new[key] ~= nil
  end
  return old_has and not new_has and is_supplement(old, new)
end

--- Do two parts differ in a member that is whole in each?
local function differs(old, new)
  for key, value in pairs(new) do
    if type(value) ~= "table" and is_whole(key) and old[key] ~= nil and old[key] ~= value then return true end
  end
  return false
end

--- The earlier item with the same index and type, unless the ids differ.  An item
-- without a type continues the last one of its index.
function Accumulator:with_index(list, item)
  local known = at(at(self.items, list), item.index)
  local earlier
  if item.type == nil then earlier = known.last else earlier = at(known, "of_type")[item.type] end
  if earlier and (is_empty(item.id) or is_empty(earlier.id) or item.id == earlier.id) then return earlier end
  known.last = item
  if item.type ~= nil then at(known, "of_type")[item.type] = item end
end

--- The item of the list that `item` continues: the one with its index, or the last
-- one if both are of the same kind and have text.
function Accumulator:continued(list, item)
  if type(item.index) == "number" then return self:with_index(list, item) end
  local last = list[#list]
  if not is_object(last) or last.index ~= nil then return nil end
  if last.type ~= item.type or not continues(last, item) or differs(last, item) then return nil end
  return last
end

function Accumulator:is_new(list, item)
  local seen, text = at(self.seen, list), fingerprint(item)
  if seen[text] then return false end
  seen[text] = true
  return true
end

--- Append `items` to the list that is member `key` of an object.
function Accumulator:extend(list, key, items)
  for _, item in ipairs(items) do
    local continued = is_object(item) and not DISTINCT[key] and self:continued(list, item)
    if continued then
      self:merge(continued, item)
    elseif not DISTINCT[key] or self:is_new(list, item) then
      list[#list + 1] = item
    end
  end
end

-- Members -------------------------------------------------------------------------

local function text_part(text)
  return { type = "text", text = text }
end

--- Make a member a list, which has what the member was so far.
function Accumulator:make_list(object, key)
  local old = self:value(object, key)
  if is_list(old) and self.own[old] then return old end
  local list = array {}
  self.own[list] = true
  object[key] = list
  if type(old) == "string" then
    if old ~= "" then list[1] = text_part(old) end
  elseif is_list(old) then
    self:extend(list, key, old)
  elseif old ~= nil then
    list[1] = old
  end
  return list
end

function Accumulator:add_text(object, key, text)
  if type(object[key]) == "table" and next(object[key]) == nil then object[key] = nil end
  local old = object[key]
  if type(old) == "table" then
    if text ~= "" then self:extend(self:make_list(object, key), key, { text_part(text) }) end
  elseif text == "" then
    if old == nil then object[key] = text end
  elseif is_whole(key) or type(old) == "number" or type(old) == "boolean" then
    object[key] = text
  else
    self:append(object, key, text)
  end
end

function Accumulator:add_table(object, key, value)
  local old = object[key]
  if is_list(value) then
    if old == nil and value[1] == nil then
      object[key] = value
    else
      self:extend(self:make_list(object, key), key, value)
    end
  elseif type(value.type) == "string" and (key == "content" or is_list(old)) then
    self:extend(self:make_list(object, key), key, { value }) -- one typed part
  elseif is_object(old) then
    self:merge(old, value)
  elseif next(value) ~= nil or old == nil then
    object[key] = value
  end
end

--- Let the member `key` of `object` grow by `value`.
function Accumulator:add(object, key, value)
  if type(value) == "string" then
    self:add_text(object, key, value)
  elseif type(value) == "table" then
    self:add_table(object, key, value)
  else
    object[key] = value
  end
end

--- Like `add`, for members that may also be repeated whole.
function Accumulator:add_once(object, key, value)
  local old = object[key]
  if is_object(value) and is_object(old) then return self:merge(old, value) end
  local pieces = self.texts[object] and self.texts[object][key]
  if old == value and not (pieces and pieces[2]) then return end
  self:add(object, key, value)
end

--- Let `object` grow by all members of `delta`.
function Accumulator:merge(object, delta)
  for key, value in pairs(delta) do
    if IN_PIECES[key] then
      self:add(object, key, value)
    else
      self:add_once(object, key, value)
    end
  end
end

--- Set a member that is whole in each event.  Of two values the later one counts,
-- unless it is empty.
function Accumulator:keep(object, key, value)
  local old = object[key]
  if DISTINCT[key] and is_list(value) then
    self:add_table(object, key, value)
  elseif is_empty(value) then
    if old == nil then object[key] = value end
  elseif is_object(value) and is_object(old) then
    for name, item in pairs(value) do self:keep(old, name, item) end
  else
    object[key] = value
  end
end

--- An accumulator for the values of one result.
function accumulator.new()
  return setmetatable({
    texts = {}, -- object -> member -> the pieces of its text
    items = {}, -- list -> index -> the items that came with it
    seen = {}, -- list -> the fingerprints of its items
    own = {}, -- lists that were made here
  }, Accumulator)
end

return accumulator
