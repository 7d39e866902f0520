--- The file of a bulk job: lines of JSON, one for each item that has ended.
--
--   {"key":"Oslo","value":"cold"}        done
--   {"key":"Rome","error":"timeout"}     failed; the last line of a key counts
--   {"key":"caf\ufffd","bytes":"636166e9","value":"warm"}    a key that is not UTF-8, its bytes in hex
--
-- A job that uses batches of the service writes what it is about to do, and what has come of it:
--
--   {"batch":"bulk-7f3a..."}                     a batch of this name is going to be made
--   {"batch":"bulk-7f3a...","id":"batch_..."}    it was made
--   {"key":"Bern","batch":"bulk-7f3a...","request":"12"}    the item's request goes there, by this id
--
--   record_file.open(path)     a file, or nil and what is wrong with it
--   file:has(key)              was it done, or claimed?
--   file:claim(key)
--   file:release(key)          a claimed one that has not begun
--   file.batches               list of { name, id (nil until it is known) }
--   file.open                  key -> { key, batch (its name), request }, of requests whose outcome
--                              is not known
--   file.last_request          the highest number of a request
--   file:add_records(list)     appends lines of batches
--   file:add_value(key, value) appends a line; returns true, or nil and what is wrong
--   file:add_error(key, text)
--   file:close()

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local json = require "xai.client.json"
local loop = require "xai.runtime.loop"

local pcall, setmetatable, tonumber, type = pcall, setmetatable, tonumber, type
local string_byte, string_char, string_find, string_format, string_gsub, string_match, string_sub =
  string.byte, string.char, string.find, string.format, string.gsub, string.match, string.sub
local table_concat = table.concat

local lazy_require = environment.lazy_require

local File = {}
File.__index = File

-- Lines -----------------------------------------------------------------------------

local ORDER = { "key", "bytes", "batch", "id", "request", "value", "error" }
local BEGINNINGS = { '{"key":', '{"batch":' } -- of lines

local function to_hex(text)
  return (string_gsub(text, ".", function(byte) return string_format("%02x", string_byte(byte)) end))
end

local function from_hex(text)
  return (string_gsub(text, "%x%x", function(digits) return string_char(tonumber(digits, 16)) end))
end

local function line_of(record)
  local key = record.key
  if type(key) == "string" then
    local text = core.utf8(key)
    if text ~= key then record.key, record.bytes = text, to_hex(key) end
  end
  return json.encode(core.ordered(ORDER, record)) .. "\n"
end

--- The record of a line, with the key as it was; nil where it is no line of a job.
local function read_line(line)
  local record = json.decode(line)
  if type(record) ~= "table" then return nil end
  if record.key == nil then return type(record.batch) == "string" and record or nil end
  if type(record.bytes) == "string" then record.key = from_hex(record.bytes) end
  if type(record.key) ~= "string" and type(record.key) ~= "number" then return nil end
  if record.value ~= nil or record.error ~= nil or string_find(line, '"value"%s*:%s*null') then return record end
  return type(record.batch) == "string" and type(record.request) == "string" and record or nil
end

local function is_blank(line)
  return not string_find(line, "%S")
end

--- Does a torn line begin as a line of a job does?
local function is_beginning(line)
  for i = 1, #BEGINNINGS do
    local beginning = BEGINNINGS[i]
    local n = #line < #beginning and #line or #beginning
    if string_sub(line, 1, n) == string_sub(beginning, 1, n) then return true end
  end
  return false
end

-- Reading ---------------------------------------------------------------------------

--- Take note of a batch.
local function take_batch(file, name, id)
  local batch = file.by_name[name]
  if not batch then
    batch = { name = name }
    file.by_name[name] = batch
    file.batches[#file.batches + 1] = batch
  end
  batch.id = type(id) == "string" and id or batch.id
end

--- Take note of a line.  Returns whether it is one of a job.
function File:take_line(line)
  local record = read_line(line)
  if not record then return is_blank(line) end
  local key = record.key
  if key == nil then
    take_batch(self, record.batch, record.id)
  elseif record.request then
    take_batch(self, record.batch)
    self.open[key] = { key = key, batch = record.batch, request = record.request }
    local number = tonumber(record.request) or 0
    if number > self.last_request then self.last_request = number end
  else
    self.open[key] = nil
    if record.error == nil then self.keys[key] = true end
  end
  return true
end

--- Call `take(line)` for each whole line.  Returns the size of those, and what follows
-- them; or nil and what is wrong.
local function read_lines(lines, take)
  local size, number, pieces = 0, 0, {}
  while true do
    local bytes, problem = lines:read()
    if problem then return nil, problem end
    if not bytes then return size, table_concat(pieces), number end
    local from = 1
    local at = string_find(bytes, "\n", 1, true)
    while at do
      pieces[#pieces + 1] = string_sub(bytes, from, at - 1)
      local line = table_concat(pieces)
      pieces, number, size = {}, number + 1, size + #line + 1
      if not take(line) then return nil, string_format("line %d is no line of a bulk job", number) end
      from = at + 1
      at = string_find(bytes, "\n", from, true)
    end
    pieces[#pieces + 1] = string_sub(bytes, from)
  end
end

--- Read what is there.  A torn last line is removed; one that lacks its end alone gets it.
local function read(file)
  local lines = file.lines
  local size, rest, number = read_lines(lines, function(line) return file:take_line(line) end)
  if not size then return nil, rest end
  if rest == "" then return true end
  if not is_blank(rest) and file:take_line(rest) then return lines:append("\n") end
  if not is_beginning(rest) then return nil, string_format("line %d is no line of a bulk job", number + 1) end
  return lines:cut(size)
end

-- Writing ---------------------------------------------------------------------------

function File:has(key) return self.keys[key] ~= nil end

function File:claim(key) self.keys[key] = true end

function File:release(key) self.keys[key] = nil end

--- Why encode has failed: the first line of its error, without the place in this file.
local function reason_of(err)
  return (string_gsub(string_match(loop.describe(err), "^[^\n]*"), "^.-xai%.encode: ", ""))
end

--- Append the line of an item that is done.
-- @return true; or nil, what is wrong, and whether that is the value
function File:add_value(key, value)
  local ok, line = pcall(line_of, { key = key, value = value })
  if not ok then -- perhaps an answer's text that is not UTF-8
    ok, line = pcall(line_of, { key = key, value = lazy_require "xai.conversation.state".own(value) })
  end
  if not ok then return nil, "the value cannot be written: " .. reason_of(line), true end
  return self.lines:append(line)
end

function File:add_error(key, text)
  return self.lines:append(line_of { key = key, error = core.utf8(text) })
end

--- Append lines of batches, all at once.
function File:add_records(list)
  local lines = {}
  for i = 1, #list do lines[i] = line_of(list[i]) end
  return self.lines:append(table_concat(lines))
end

function File:close() self.lines:close() end

local record_file = {}

function record_file.open(path)
  local lines, problem = core.line_file(path)
  if not lines then return nil, problem end
  local file = setmetatable({
    lines = lines, keys = {}, open = {}, batches = {}, by_name = {}, last_request = 0,
  }, File)
  local ok
  ok, problem = read(file)
  if ok then return file end
  lines:close()
  return nil, problem
end

return record_file
