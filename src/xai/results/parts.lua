--- Parts: what comes in an answer, in one form for all APIs: `kind, value, more`.
--
-- A maker is fed with what `request:part()` returns, or with a whole result, and
-- queues the parts.  What differs between the APIs is in an object of its own, which has
-- these methods:
--
--   delta(field, text, a)    a piece of a text of part a of the answer; of chat also a
--                            choice's finish_reason ("finish"), and the usage (a table)
--   event(event, text)       any other event; `text`: what request:part() says it shows
--   finish()                 the end is proven.  Returns the usage and the arguments of
--                            readers.finish: a result that has what that reads

local attachments = require "xai.results.attachments"
local lazy_require = require("xai.runtime.environment").lazy_require
local merge = require "xai.results.merge"
local readers = require "xai.results.readers"
local results = require "xai.results.result"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local string_find, string_match, string_sub = string.find, string.match, string.sub
local table_concat = table.concat

local object, objects, words = results.object, results.objects, results.words

local NONE = {}

-- The tables of a maker, until it has its own.
local Maker = {
  surrogates = NONE, -- the name of a text -> an unpaired surrogate at its end
  places = NONE, -- see Maker:place
  pieces = NONE, -- a call so far -> the pieces of its arguments
  shown = NONE, -- the source of a picture -> true
}
Maker.__index = Maker

--- Set an item of such a table.
local function set(maker, name, key, value)
  if maker[name] == NONE then maker[name] = {} end
  maker[name][key] = value
end

-- The queue -----------------------------------------------------------------------

function Maker:add(kind, value, more)
  local last = self.last + 1
  self[last], self.values[last], self.mores[last] = kind, value, more
  self.last = last
end

--- The next part: kind, value, more; nil where none is here.
function Maker:take()
  local first = self.first
  if first > self.last then return nil end
  local kind, value, more = self[first], self.values[first], self.mores[first]
  self[first], self.values[first], self.mores[first] = nil, nil, nil
  if first == self.last then self.first, self.last = 1, 0 else self.first = first + 1 end
  return kind, value, more
end

--- Take all parts that are here; with `f`, f(kind, value, more) is called for each.
function Maker:empty(f)
  local kind, value, more = self:take()
  while kind do
    if f then f(kind, value, more) end
    kind, value, more = self:take()
  end
end

-- Texts ---------------------------------------------------------------------------

--- Add a piece of the text `key`.  Half of a surrogate pair at its end waits for the
-- next piece.
function Maker:say(kind, text, key, more)
  local surrogate = self.surrogates[key]
  if surrogate then
    text, self.surrogates[key] = surrogate.text .. text, nil
  end
  if string_find(text, "\237", 1, true) then
    local high = string_match(text, "\237[\160-\175][\128-\191]$")
    if high then
      set(self, "surrogates", key, { kind = kind, text = high, more = more })
      self.plain = nil
      text = string_sub(text, 1, -4)
    end
    text = merge.join_surrogates(text)
  end
  if text ~= "" then self:add(kind, text, more) end
end

--- The same for a piece of the text of place `a`, of which further pieces have no `more`:
-- they need not go through the maker.
function Maker:say_plainly(text, key, a)
  self.plain = a
  self:say("text", text, key)
end

--- A table that stands for a place in the answer; one for each.
function Maker:place(name, n)
  local places = self.places[name] or {}
  set(self, "places", name, places)
  places[n] = places[n] or { [name] = n }
  return places[n]
end

-- Calls -----------------------------------------------------------------------------

local SMALL = 4096

--- Add a piece of the arguments of a call: `so_far` is the call as it is told.  Its text
-- is renewed each time while it is small, then when it has grown by an eighth.
function Maker:argue(so_far, piece)
  if piece == "" then return end
  local pieces = self.pieces[so_far]
  if not pieces then
    pieces = { size = 0, shown = 0 }
    set(self, "pieces", so_far, pieces)
  end
  pieces[#pieces + 1] = piece
  pieces.size = pieces.size + #piece
  if pieces.size <= SMALL or pieces.size >= pieces.shown * 1.125 then
    so_far.arguments, pieces.shown = table_concat(pieces), pieces.size
  end
  self:add("arguments", piece, so_far)
end

-- Citations and pictures ---------------------------------------------------------------

function Maker:cite(entry)
  if entry == nil then return end
  if not self.add_citation then
    local _, add = attachments.new_citations()
    self.add_citation = add
  end
  local citation = self.add_citation(entry)
  if citation then self:add("citation", citation) end
end

function Maker:cite_all(list)
  for _, entry in ipairs(object(list)) do self:cite(entry) end
end

--- Cite what the parts of a content name.
function Maker:cite_parts(content)
  attachments.cite_parts(content, function(entry) self:cite(entry) end)
end

--- Add the pictures of a list, each once.
function Maker:show(images)
  for _, image in ipairs(images) do
    local source = attachments.image_source(image)
    if not self.shown[source] then
      set(self, "shown", source, true)
      self:add("image", image)
    end
  end
end

-- A whole answer -------------------------------------------------------------------------

local WHOLE, APIS = {}, {}

function WHOLE.chat(self, result)
  for i, choice in ipairs(object(result.choices)) do
    local index = results.count(object(choice).index) or i - 1
    local more = index > 0 and self:place("choice", index + 1) or nil
    local reasoning, text = readers.reasoning(result, index + 1), readers.text(result, index + 1)
    if reasoning then self:add("reasoning", reasoning, more) end
    if text ~= "" then self:add("text", text, more) end
    for _, call in ipairs(readers.calls(result, index + 1)) do self:add("call", call, more) end
  end
end

function WHOLE.responses(self, result)
  local api = self.api.whole_item and self.api or APIS.respond(self, self.codec)
  for i, item in ipairs(object(result.output)) do
    if type(item) == "table" then api:whole_item(item, i - 1) end
  end
end

function WHOLE.messages(self, result)
  if words(result.content) then self:add("text", result.content) end
  for _, block in ipairs(objects(result.content)) do
    local call = readers.call_of_block(block)
    if block.type == "thinking" and words(block.thinking) then self:add("reasoning", block.thinking) end
    if block.type == "text" and words(block.text) then self:add("text", block.text) end
    if call then self:add("call", call) end
  end
end

function WHOLE.complete(self, result)
  if words(result.completion) then self:add("text", result.completion) end
end

--- Add all parts of a whole answer.
function Maker:whole(result)
  local add = WHOLE[results.api_of(result)]
  if add then add(self, result) end
  self:cite_all(attachments.citations(result))
  self:show(attachments.images(result))
  self:conclude(readers.usage(result), result)
end

-- The end ----------------------------------------------------------------------------------

function Maker:conclude(usage, result)
  if usage then self:add("usage", usage) end
  self:add("done", readers.finish(result))
end

--- Add what is known at the proven end of a stream.
function Maker:finish()
  for _, unpaired in pairs(self.surrogates) do self:add(unpaired.kind, "\239\191\189", unpaired.more) end
  self.surrogates = NONE
  self:conclude(self.api:finish())
end

--- Take what `request:part()` returned.
function Maker:feed(value, field, a)
  if field == "event" then self.api:event(value, a) else self.api:delta(field or "text", value, a) end
end

-- The older completions ------------------------------------------------------------------------

local Completion = {}
Completion.__index = Completion

function Completion:delta(_, text, a)
  self.maker:say_plainly(text, "text", a)
end

function Completion:event(event)
  if words(event.completion) then self:delta("text", event.completion, 0) end
  self.stop_reason = words(event.stop_reason) or self.stop_reason
  if type(event.usage) == "table" then self.usage = event.usage end
end

function Completion:finish()
  return readers.read_usage(self.usage, "complete"), { completion = "", stop_reason = self.stop_reason }
end

-- Makers ---------------------------------------------------------------------------------------

function APIS.chat(maker, codec) return lazy_require "xai.results.parts_chat"(maker, codec) end

APIS.complete = APIS.chat

function APIS.respond(maker, codec) return lazy_require "xai.results.parts_responses"(maker, codec) end

function APIS.message(maker, codec) return lazy_require "xai.results.parts_messages"(maker, codec) end

function APIS.complete_legacy(maker) return setmetatable({ maker = maker }, Completion) end

local parts = {}

--- A maker for the answer to a request of the function `name`; nil where its answers have
-- no parts.
function parts.new(request, name)
  if not APIS[name] then return nil end
  local maker = setmetatable({
    first = 1, last = 0, values = {}, mores = {}, -- the queue; the kinds are in the maker itself
    plain = nil, -- the place whose pieces of text are parts as they are
    codec = request:codec(), api = false,
  }, Maker)
  maker.api = APIS[name](maker, maker.codec)
  return maker
end

--- The same for a stream that was read before: what was read counts as handed out.
-- With `f`, f(kind, value, more) is called for each part of that.
function parts.resume(request, name, f)
  local maker = parts.new(request, name)
  if not maker then return nil end
  local at, field, value, a = request:read_log(0)
  while at do
    if field == "event" and type(value) == "table" then
      maker:feed(value, field)
    elseif field ~= "event" and field ~= "signature" then
      maker:feed(value, field, a)
    end
    maker:empty(f)
    at, field, value, a = request:read_log(at)
  end
  return maker
end

--- Call `f(kind, value, more)` for each part of a whole answer.
function parts.hand_out(request, name, result, f)
  local maker = parts.new(request, name)
  maker:whole(result)
  maker:empty(f)
end

return parts
