--- Values that grow by deltas: strings are joined, lists are appended to, and
-- objects are merged member by member.  The work is linear in what comes.

local core = require "xai.core"

local getmetatable, ipairs, next, pairs, setmetatable, tostring, type =
  getmetatable, ipairs, next, pairs, setmetatable, tostring, type
local string_match = string.match
local table_concat, table_sort = table.concat, table.sort

local array = core.array
local ARRAY = getmetatable(array {})

local Growth = {}
Growth.__index = Growth

local growth = {}

--- Members that are whole in each delta: the last value that is not empty counts.
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

--- Lists that some services repeat from the beginning: equal items are one.
local DISTINCT = { annotations = true, citations = true, images = true, search_results = true, sources = true }

--- Is the value a list?  A list that is empty is marked as one.
function growth.is_list(value)
  return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == ARRAY)
end

local is_list = growth.is_list

function growth.is_object(value)
  return type(value) == "table" and not is_list(value)
end

local is_object = growth.is_object

--- Does the value say nothing?
function growth.is_empty(value)
  return value == nil or value == "" or type(value) == "table" and next(value) == nil
end

local is_empty = growth.is_empty

--- Put the items of a list in the order of their indices, if each has one of its own.
function growth.sort(list)
  local seen = {}
  for _, item in ipairs(list) do
    local index = item.index
    if type(index) ~= "number" or seen[index] then return end
    seen[index] = true
  end
  table_sort(list, function(a, b) return a.index < b.index end)
end

--- The value in words that are the same for equal values.
local function words_of(value)
  if type(value) ~= "table" then return type(value) .. ":" .. tostring(value) end
  local words = {}
  for key, item in pairs(value) do words[#words + 1] = tostring(key) .. "=" .. words_of(item) end
  table_sort(words)
  return "{" .. table_concat(words, "\n") .. "}"
end

--- Append `text` to a member; the pieces are joined at the end.
function Growth:append(owner, key, text)
  local fields = self.texts[owner]
  if not fields then
    fields = {}
    self.texts[owner] = fields
  end
  local parts = fields[key]
  if not parts then
    parts = {}
    if type(owner[key]) == "string" and owner[key] ~= "" then parts[1] = owner[key] end
    fields[key] = parts
    if is_empty(owner[key]) then owner[key] = text end -- not empty, where there is text
  end
  parts[#parts + 1] = text
end

--- The member with all that was appended to it.
function Growth:value(owner, key)
  local fields = self.texts[owner]
  if fields and fields[key] then
    owner[key] = table_concat(fields[key])
    fields[key] = nil
  end
  return owner[key]
end

--- Give a member of `old`, with all that was appended to it, to `new`.
function Growth:move(old, new, key)
  local parts = self.texts[old] and self.texts[old][key]
  new[key] = old[key]
  if not parts then return end
  self.texts[old][key] = nil
  self.texts[new] = self.texts[new] or {}
  self.texts[new][key] = parts
end

--- Join the pieces of all members.
function Growth:finish()
  for owner, fields in pairs(self.texts) do
    for key, parts in pairs(fields) do owner[key] = table_concat(parts) end
  end
  self.texts = {}
end

-- Lists ----------------------------------------------------------------------

--- Members of a part that come in pieces.
local TEXTS = { "text", "thinking", "reasoning", "summary", "refusal", "content" }

--- Does a part say, beside its type, only what the old one lacks?
local function adds(old, new)
  for key in pairs(new) do
    if key ~= "type" and old[key] ~= nil then return false end
  end
  return new.type ~= nil
end

--- Does a part go on with a text of the old one, or belong to it without a text?
local function grows(old, new)
  local old_has, new_has = false, false
  for _, key in ipairs(TEXTS) do
    if old[key] ~= nil and type(old[key]) == type(new[key]) then return true end
    old_has, new_has = old_has or old[key] ~= nil, new_has or new[key] ~= nil
  end
  return old_has and not new_has and adds(old, new)
end

--- Does the part say something else of a member that does not grow?
local function differs(old, new)
  for key, value in pairs(new) do
    if type(value) ~= "table" and is_whole(key) and old[key] ~= nil and old[key] ~= value then return true end
  end
  return false
end

--- The item with the same index and type, unless its id is another one; one without
-- a type goes on with the last of that index.
function Growth:placed(list, item)
  local places = self.places[list] or {}
  self.places[list] = places
  local kinds = places[item.index] or {}
  places[item.index] = kinds
  local known = item.type == nil and kinds.last or kinds.of and kinds.of[item.type]
  if known and (is_empty(item.id) or is_empty(known.id) or item.id == known.id) then return known end
  kinds.last, kinds.of = item, kinds.of or {}
  if item.type ~= nil then kinds.of[item.type] = item end
end

--- The item of the list that `item` goes on with: the one with its index, or the
-- last one if it is of the same kind and has text, too.
function Growth:continued(list, item)
  if type(item.index) == "number" then
    return self:placed(list, item)
  end
  local last = list[#list]
  if not is_object(last) or last.index ~= nil then return nil end
  if last.type ~= item.type or not grows(last, item) or differs(last, item) then return nil end
  return last
end

function Growth:is_new(list, item)
  local seen = self.seen[list] or {}
  self.seen[list] = seen
  local words = words_of(item)
  if seen[words] then return false end
  seen[words] = true
  return true
end

function Growth:extend(list, key, items)
  for _, item in ipairs(items) do
    local continued = is_object(item) and not DISTINCT[key] and self:continued(list, item)
    if continued then
      self:merge(continued, item)
    elseif not DISTINCT[key] or self:is_new(list, item) then
      list[#list + 1] = item
    end
  end
end

-- Members --------------------------------------------------------------------

local function text_part(text)
  return { type = "text", text = text }
end

--- A list of what the member is so far.
function Growth:listed(owner, key)
  local old = self:value(owner, key)
  if is_list(old) and self.own[old] then return old end
  local list = array {}
  self.own[list] = true
  owner[key] = list
  if type(old) == "string" then
    if old ~= "" then list[1] = text_part(old) end
  elseif is_list(old) then
    self:extend(list, key, old)
  elseif old ~= nil then
    list[1] = old
  end
  return list
end

function Growth:add_text(owner, key, text)
  if type(owner[key]) == "table" and next(owner[key]) == nil then owner[key] = nil end
  local old = owner[key]
  if type(old) == "table" then
    if text ~= "" then self:extend(self:listed(owner, key), key, { text_part(text) }) end
  elseif text == "" then
    if old == nil then owner[key] = text end
  elseif is_whole(key) or type(old) == "number" or type(old) == "boolean" then
    owner[key] = text
  else
    self:append(owner, key, text)
  end
end

function Growth:add_table(owner, key, value)
  local old = owner[key]
  if is_list(value) then
    if old == nil and value[1] == nil then
      owner[key] = value
    else
      self:extend(self:listed(owner, key), key, value)
    end
  elseif type(value.type) == "string" and (key == "content" or is_list(old)) then
    self:extend(self:listed(owner, key), key, { value }) -- one typed part
  elseif is_object(old) then
    self:merge(old, value)
  elseif next(value) ~= nil or old == nil then
    owner[key] = value
  end
end

--- Let the member `key` of `owner` grow by `value`.
function Growth:add(owner, key, value)
  if type(value) == "string" then
    self:add_text(owner, key, value)
  elseif type(value) == "table" then
    self:add_table(owner, key, value)
  else
    owner[key] = value
  end
end

--- Members of objects that come in pieces, even in pieces that are alike.
local PIECES = { data = true, transcript = true, arguments = true, input = true, partial_json = true }
for _, key in ipairs(TEXTS) do PIECES[key] = true end

--- Let `owner` grow by all members of `delta`.
function Growth:merge(owner, delta)
  for key, value in pairs(delta) do
    if PIECES[key] then
      self:add(owner, key, value)
    else
      self:add_once(owner, key, value)
    end
  end
end

--- The same, for members that are not text in pieces: of two values the later
-- one counts, unless it is empty.
function Growth:keep(owner, key, value)
  local old = owner[key]
  if DISTINCT[key] and is_list(value) then
    self:add_table(owner, key, value)
  elseif is_empty(value) then
    if old == nil then owner[key] = value end
  elseif is_object(value) and is_object(old) then
    for name, item in pairs(value) do self:keep(old, name, item) end
  else
    owner[key] = value
  end
end

--- The same as `add`, for members that may also come whole again and again.
function Growth:add_once(owner, key, value)
  local old = owner[key]
  if is_object(value) and is_object(old) then
    return self:merge(old, value)
  end
  local parts = self.texts[owner] and self.texts[owner][key]
  if old == value and not (parts and parts[2]) then return end
  self:add(owner, key, value)
end

--- What values have grown by, and nothing yet.
function growth.new()
  return setmetatable({ texts = {}, places = {}, seen = {}, own = {} }, Growth)
end

return growth
