--- The growing value of a JSON text that comes in pieces.
--
-- Each byte is looked at once, and the tables of the value grow in place.  Strings are shown
-- as far as they have come; numbers, names, `true`, `false` and `null` when they are whole.
-- The value is the one that `xai.decode` gives: null is absent in objects and `xai.null`
-- in lists, an empty list is marked, integers stay integers.

local core = require "xai.core"
local token = require "xai.results.json_token"

local byte, find, format, sub = string.byte, string.find, string.format, string.sub
local concat = table.concat
local setmetatable, NULL = setmetatable, core.null

local MAX_DEPTH = 1000 -- as xai.decode has it
local LONG = 4096 -- bytes; longer strings are renewed when they have grown by an eighth

local Reader = {}
Reader.__index = Reader

--- A reader of one text.
--  root: the value
--  depth, tables, counts, names: what is open; counts are those of lists, false for objects
--  expect: what may come next; token: the function that reads what is open, or nil
--  pieces, size, shown: the open string, its bytes, and how many of them the value shows
--  rest: bytes that were given and cannot be read yet; given: how many bytes there were
local function new_reader()
  return setmetatable({
    depth = 0, tables = {}, counts = {}, names = {}, expect = "start", token = nil,
    pieces = {}, size = 0, shown = -1, rest = "", given = 0,
  }, Reader)
end

--- The text is no JSON.  `at` is a position in `text`, which ends where the bytes given end.
local function fail(self, text, at, what)
  local got = sub(text, at, at)
  got = find(got, "^[%c\128-\255]") and "byte " .. byte(got) or "'" .. got .. "'"
  self.problem = format("not JSON: expected %s at character %d, got %s", what, self.given - #text + at, got)
end

-- Values ---------------------------------------------------------------------------

--- Put a value where the next one belongs, and leave the place as it is.
local function place(self, value)
  local depth = self.depth
  local t, count = self.tables[depth], self.counts[depth]
  if not t then
    self.root = value
  elseif count then
    if count == 0 then setmetatable(t, nil) end -- the mark of an empty list
    t[count + 1] = value
  else
    t[self.names[depth]] = value
  end
end

--- A value is whole.
local function put(self, value)
  local depth = self.depth
  if value == NULL and self.counts[depth] == false then value = nil end
  place(self, value)
  if depth == 0 then
    self.expect = "end"
  else
    if self.counts[depth] then self.counts[depth] = self.counts[depth] + 1 end
    self.expect = "comma"
  end
  self.changed = true
end

local function open(self, t, count, expect)
  place(self, t)
  local depth = self.depth + 1
  self.depth, self.tables[depth], self.counts[depth] = depth, t, count
  self.expect, self.changed = expect, true
end

local function close(self)
  local depth = self.depth
  self.tables[depth], self.counts[depth], self.names[depth] = nil, nil, nil
  depth = depth - 1
  self.depth = depth
  if self.counts[depth] then self.counts[depth] = self.counts[depth] + 1 end
  self.expect = depth == 0 and "end" or "comma"
end

-- Strings --------------------------------------------------------------------------

local function take(self, piece)
  self.pieces[#self.pieces + 1] = piece
  self.size = self.size + #piece
end

--- The open string as far as it has come.
local function open_string(self)
  local text = concat(self.pieces)
  self.pieces = { text }
  return text
end

--- Read the escape at `at`; returns what is behind it, or nil where it is cut or wrong.
local function read_escape(self, text, at)
  local letter = sub(text, at + 1, at + 1)
  local plain = token.ESCAPES[letter]
  if plain then
    take(self, plain)
    return at + 2
  end
  if letter == "u" then
    local got, behind = token.read_unicode(text, at)
    if behind then
      take(self, got)
      return behind
    end
    if got == "cut" then letter = "" end
  end
  if letter == "" then
    self.rest = sub(text, at)
  else
    fail(self, text, at + 1, "an escape that JSON has")
  end
end

local function end_string(self)
  local text, is_shown = open_string(self), self.shown == self.size and not self.changed
  self.token, self.pieces, self.size, self.shown = nil, {}, 0, -1
  if self.expect == "name" then
    self.names[self.depth], self.expect = text, "colon"
  else
    put(self, text)
    if is_shown then self.changed = false end
  end
end

local function read_string(self, text, at)
  while at do
    local stop = find(text, '["\\%z]', at)
    local last = stop and stop - 1 or token.whole_end(text, at)
    if last >= at then take(self, sub(text, at, last)) end
    if not stop then
      self.rest = sub(text, last + 1)
      return
    end
    local c = byte(text, stop)
    if c == 34 then
      end_string(self)
      return stop + 1
    end
    if c == 0 then return fail(self, text, stop, "the rest of a string") end
    at = read_escape(self, text, stop)
  end
end

-- Numbers and words ----------------------------------------------------------------

local function read_number(self, text, at)
  local _, stop = find(text, "^[%d.eE+-]*", at)
  take(self, sub(text, at, stop))
  if stop == #text then return end
  local digits = open_string(self)
  local number = token.number(digits)
  if not number then return fail(self, text, stop + 1, "a number instead of '" .. sub(digits, 1, 40) .. "'") end
  self.token, self.pieces, self.size = nil, {}, 0
  put(self, number)
  return stop + 1
end

local WORDS = { t = "true", f = "false", n = "null" }

local function read_word(self, text, at)
  local word = self.word
  local need = #word - self.size
  local got = sub(text, at, at + need - 1)
  if got ~= sub(word, self.size + 1, self.size + #got) then return fail(self, text, at, "'" .. word .. "'") end
  self.size = self.size + #got
  if #got < need then return end
  self.token, self.size = nil, 0
  if word == "null" then put(self, NULL) else put(self, word == "true") end
  return at + need
end

-- Structure ------------------------------------------------------------------------

--- A value begins at `at`.
local function begin_value(self, text, at)
  local c = sub(text, at, at)
  if c == '"' then
    self.token, self.changed = read_string, true
    return at + 1
  elseif c == "{" or c == "[" then
    if self.depth == MAX_DEPTH then
      self.problem = "nested too deeply"
    elseif c == "{" then
      open(self, {}, false, "name_or_close")
    else
      open(self, core.array {}, 0, "value_or_close")
    end
    return at + 1
  elseif find(c, "[%d-]") then
    self.token = read_number
    return at
  elseif WORDS[c] then
    self.token, self.word = read_word, WORDS[c]
    return at
  end
  fail(self, text, at, "a value")
end

local function begin_name(self, text, at)
  if byte(text, at) ~= 34 then return fail(self, text, at, "a name in quotes") end
  self.token, self.expect = read_string, "name"
  return at + 1
end

-- What may come next, and what follows.
local READ = {
  value = begin_value,
  name = begin_name,
  ["end"] = function(self, text, at) fail(self, text, at, "the end") end,
  -- A byte order mark may stand before everything.
  start = function(self, text, at)
    local mark = "\239\187\191"
    local begin = sub(text, at, at + 2)
    self.expect = "value"
    if self.given == #text and at == 1 and begin == sub(mark, 1, #begin) then
      if begin == mark then return at + 3 end
      self.rest, self.expect = begin, "start"
      return nil
    end
    return begin_value(self, text, at)
  end,
  value_or_close = function(self, text, at)
    if byte(text, at) ~= 93 then return begin_value(self, text, at) end
    close(self)
    return at + 1
  end,
  name_or_close = function(self, text, at)
    if byte(text, at) ~= 125 then return begin_name(self, text, at) end
    close(self)
    return at + 1
  end,
  colon = function(self, text, at)
    if byte(text, at) ~= 58 then return fail(self, text, at, "':'") end
    self.expect = "value"
    return at + 1
  end,
  comma = function(self, text, at)
    local c, in_list = byte(text, at), self.counts[self.depth]
    if c == 44 then
      self.expect = in_list and "value" or "name"
    elseif c == (in_list and 93 or 125) then
      close(self)
    else
      return fail(self, text, at, in_list and "',' or ']'" or "',' or '}'")
    end
    return at + 1
  end,
}

--- Take the next piece of the text.
-- @return true; or nil and the reason once the text is no JSON, whatever may follow
function Reader:feed(piece)
  local text, at = self.rest .. piece, 1
  self.rest, self.given = "", self.given + #piece
  while at and not self.problem do
    if not self.token then
      at = find(text, "[^ \t\r\n]", at)
      if at then at = READ[self.expect](self, text, at) end
    elseif at > #text then
      break
    else
      at = self.token(self, text, at)
    end
  end
  if self.problem then return nil, self.problem end
  return true
end

--- The value so far: nil before its beginning.  Its tables are the same each time
-- and grow.  An open string of over 4 KB is renewed when it has grown by an eighth,
-- or with `anew`.
-- @return value
-- @return boolean is it another than at the last call?
function Reader:value(anew)
  if self.token == read_string and self.expect ~= "name" and self.size > self.shown then
    if anew or self.size <= LONG or self.shown < 0 or self.size >= self.shown * 1.125 then
      place(self, open_string(self))
      self.shown, self.changed = self.size, true
    end
  end
  local changed = self.changed or false
  self.changed = false
  return self.root, changed
end

--- Has the value come to its end?
function Reader:is_whole() return self.expect == "end" and not self.problem end

return { new = new_reader }
