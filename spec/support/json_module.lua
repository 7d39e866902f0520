--- json_module.lua - a JSON library with switches, to stand in for those that Lua programs have.
--
-- make{ null =, integers =, empty_array =, halves =, soft =, new = } returns a module with
-- `encode` and `decode`.  Like the real ones it is sloppy where the switches say so:
--   null         what null becomes (default: a table)
--   integers     5 is an integer on Lua 5.3 and later, and integers are written in full
--   empty_array  an empty table is written as []
--   halves       half a surrogate pair passes; otherwise it is an error
--   soft         errors are returned (nil, message) and not raised
--   new          there is `new()`, which gives an instance with default settings
--   lenient      NaN, Infinity, 0x10, 01 and +1 are numbers
--   array_mt     tables with this metatable are written as arrays

local M = {}

local ESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- Decoding ---------------------------------------------------------------------------------

local function bytes_of(code)
  local char, floor = string.char, math.floor
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  local low, mid = 0x80 + code % 64, 0x80 + floor(code / 64) % 64
  if code < 0x10000 then return char(0xE0 + floor(code / 4096), mid, low) end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, mid, low)
end

local function is_half(code)
  return code >= 0xD800 and code <= 0xDFFF
end

--- The bytes of `\uXXXX` at `pos`, and the position behind it.
local function unicode(switches, text, pos)
  local code = tonumber(text:match("^\\u(%x%x%x%x)", pos) or error("invalid escape", 0), 16)
  local low = tonumber(text:match("^\\u([dD][c-fC-F]%x%x)", pos + 6) or "", 16)
  if code >= 0xD800 and code < 0xDC00 and low then
    return bytes_of(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), pos + 12
  end
  if is_half(code) and not switches.halves then error("invalid unicode escape", 0) end
  return bytes_of(code), pos + 6
end

local function read_string(switches, text, pos)
  local parts = {}
  while true do
    local stop = text:find('["\\]', pos) or error("unfinished string", 0)
    parts[#parts + 1] = text:sub(pos, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local escape = text:sub(stop + 1, stop + 1)
    if escape == "u" then
      parts[#parts + 1], pos = unicode(switches, text, stop)
    else
      parts[#parts + 1], pos = ESCAPES[escape] or error("invalid escape", 0), stop + 2
    end
  end
end

local WORDS = { NaN = 0 / 0, Infinity = math.huge, ["-Infinity"] = -math.huge, ["-nan"] = 0 / 0 }

local function read_number(switches, text, pos)
  local word = text:match(switches.lenient and "^[-+]?[%w.+-]+" or "^-?[%d.eE+-]+", pos)
  local n = tonumber(word or "") or switches.lenient and WORDS[word] or error("invalid token at " .. pos, 0)
  if not switches.integers and math.type and math.type(n) == "integer" then n = n + 0.0 end
  return n, pos + #word
end

local read

local function skip(text, pos)
  return text:find("[^ \t\r\n]", pos) or #text + 1
end

--- The comma or the closing bracket at `pos`: is it the end?, and the position behind.
local function after_item(text, pos, close)
  pos = skip(text, pos)
  local c = text:sub(pos, pos)
  if c ~= "," and c ~= close then error("expected comma or end at " .. pos, 0) end
  return c == close, pos + 1
end

local function read_list(switches, text, pos)
  local list, n, over = {}, 0, false
  if text:sub(skip(text, pos), skip(text, pos)) == "]" then return list, skip(text, pos) + 1 end
  while not over do
    n = n + 1
    list[n], pos = read(switches, text, pos)
    over, pos = after_item(text, pos, "]")
  end
  return list, pos
end

local function read_object(switches, text, pos)
  local object, over = {}, false
  if text:sub(skip(text, pos), skip(text, pos)) == "}" then return object, skip(text, pos) + 1 end
  while not over do
    pos = skip(text, pos)
    if text:sub(pos, pos) ~= '"' then error("expected a key at " .. pos, 0) end
    local key, behind = read_string(switches, text, pos + 1)
    pos = skip(text, behind)
    if text:sub(pos, pos) ~= ":" then error("expected a colon at " .. pos, 0) end
    object[key], pos = read(switches, text, pos + 1)
    over, pos = after_item(text, pos, "}")
  end
  return object, pos
end

function read(switches, text, pos)
  pos = skip(text, pos)
  local c = text:sub(pos, pos)
  if c == "{" then return read_object(switches, text, pos + 1) end
  if c == "[" then return read_list(switches, text, pos + 1) end
  if c == '"' then return read_string(switches, text, pos + 1) end
  local word = text:match("^%l+", pos)
  if word == "null" then return switches.null, pos + 4 end
  if word == "true" or word == "false" then return word == "true", pos + #word end
  return read_number(switches, text, pos)
end

-- Encoding ---------------------------------------------------------------------------------

local function escape(c)
  return ("\\u%04x"):format(c:byte())
end

local function write_number(switches, n)
  if n ~= n or n == math.huge or n == -math.huge then error("number must not be NaN or Inf", 0) end
  if switches.integers and math.type and math.type(n) == "integer" then return ("%d"):format(n) end
  return ("%.14g"):format(n)
end

local write

local function write_table(switches, t)
  local parts = {}
  local mt = getmetatable(t)
  if #t > 0 or mt and mt == switches.array_mt or switches.empty_array and next(t) == nil then
    for i = 1, #t do parts[i] = write(switches, t[i]) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, value in pairs(t) do
    parts[#parts + 1] = write(switches, tostring(key)) .. ":" .. write(switches, value)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function write(switches, v)
  local kind = type(v)
  if v == switches.null then return "null" end
  if kind == "string" then return '"' .. v:gsub('[%z\1-\31"\\/\127]', escape) .. '"' end
  if kind == "number" then return write_number(switches, v) end
  if kind == "boolean" then return tostring(v) end
  if kind == "table" then return write_table(switches, v) end
  return error("type '" .. kind .. "' is not supported by JSON", 0)
end

-- The module -------------------------------------------------------------------------------

local function decode(switches, text)
  local value, pos = read(switches, text, 1)
  if skip(text, pos) <= #text then error("trailing garbage at " .. pos, 0) end
  return value
end

local function softly(ok, ...)
  if ok then return ... end
  return nil, ...
end

--- A function of the module: `f` with its switches, raising or not.
local function entry(f, switches)
  if not switches.soft then return function(v) return f(switches, v) end end
  return function(v) return softly(pcall(f, switches, v)) end
end

--- Make a module.
function M.make(switches)
  switches.null = switches.null == nil and setmetatable({}, { __name = "null" }) or switches.null
  local module = {
    null = switches.null, array_mt = switches.array_mt,
    encode = entry(write, switches), decode = entry(decode, switches),
  }
  if switches.new then
    module.new = function() return M.make(switches) end
  end
  return module
end

return M
