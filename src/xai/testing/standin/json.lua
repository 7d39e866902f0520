--- json.lua - strict JSON that keeps arrays, objects and null apart.
-- A service tells `{}` from `[]`, so its stand-in must as well.  Decoded arrays
-- carry a metatable; objects are plain tables; null is the value `json.null`.

local M = {}

local Array = {}
M.null = setmetatable({}, { __tostring = function() return "null" end })

local MAX_DEPTH = 128

--- Mark a table as an array; without an argument, a new empty array.
function M.array(t)
  return setmetatable(t or {}, Array)
end

function M.is_array(v)
  return getmetatable(v) == Array
end

function M.is_object(v)
  return type(v) == "table" and v ~= M.null and getmetatable(v) ~= Array
end

--- nil for null and for absent, otherwise the value.
function M.given(v)
  if v == M.null then return nil end
  return v
end

-- Decoding -------------------------------------------------------------------

local function fail(text, pos, what)
  local before = text:sub(1, pos - 1)
  local _, lines = before:gsub("\n", "")
  local column = pos - #(before:match("^.*\n") or "")
  error({ json_error = ("%s at line %d column %d"):format(what, lines + 1, column) }, 0)
end

local function skip(text, pos)
  return text:find("[^ \t\r\n]", pos) or #text + 1
end

local function utf8_bytes(code)
  local char, floor = string.char, math.floor
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  local low, mid = 0x80 + code % 64, 0x80 + floor(code / 64) % 64
  if code < 0x10000 then return char(0xE0 + floor(code / 4096), mid, low) end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, mid, low)
end

local ESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function hex4(text, pos)
  local digits = text:match("^%x%x%x%x", pos)
  if not digits then fail(text, pos, "invalid escape") end
  return tonumber(digits, 16)
end

--- The `\u` escape whose four digits start at `pos` -> its bytes, the position after it.
local function unicode_escape(text, pos)
  local code = hex4(text, pos)
  if code < 0xD800 or code > 0xDFFF then return utf8_bytes(code), pos + 4 end
  if code > 0xDBFF or text:sub(pos + 4, pos + 5) ~= "\\u" then
    fail(text, pos, "lone leading surrogate in hex escape")
  end
  local low = hex4(text, pos + 6)
  if low < 0xDC00 or low > 0xDFFF then fail(text, pos + 6, "lone leading surrogate in hex escape") end
  return utf8_bytes(0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)), pos + 10
end

local function decode_string(text, pos)
  local parts = {}
  while true do
    local stop = text:find("[%z\1-\31\"\\]", pos)
    if not stop then fail(text, #text + 1, "EOF while parsing a string") end
    parts[#parts + 1] = text:sub(pos, stop - 1)
    local c = text:sub(stop, stop)
    if c == '"' then return table.concat(parts), stop + 1 end
    if c ~= "\\" then fail(text, stop, "control character found while parsing a string") end
    local escape = text:sub(stop + 1, stop + 1)
    if escape == "u" then
      parts[#parts + 1], pos = unicode_escape(text, stop + 2)
    else
      parts[#parts + 1] = ESCAPES[escape] or fail(text, stop + 1, "invalid escape")
      pos = stop + 2
    end
  end
end

local function decode_number(text, pos)
  local digits = text:match("^-?%d+", pos)
  if not digits or digits:find("^-?0%d") then fail(text, pos, "invalid number") end
  local stop = pos + #digits
  local fraction = text:match("^%.%d+", stop) or ""
  local exponent = text:match("^[eE][+-]?%d+", stop + #fraction) or ""
  return tonumber(digits .. fraction .. exponent), stop + #fraction + #exponent
end

local decode_value

local function decode_array(text, pos, depth)
  local list = M.array()
  pos = skip(text, pos)
  if text:sub(pos, pos) == "]" then return list, pos + 1 end
  while true do
    list[#list + 1], pos = decode_value(text, pos, depth)
    pos = skip(text, pos)
    local c = text:sub(pos, pos)
    if c == "]" then return list, pos + 1 end
    if c ~= "," then fail(text, pos, "expected `,` or `]`") end
    pos = pos + 1
  end
end

local function decode_object(text, pos, depth)
  local object = {}
  pos = skip(text, pos)
  if text:sub(pos, pos) == "}" then return object, pos + 1 end
  while true do
    pos = skip(text, pos)
    if text:sub(pos, pos) ~= '"' then fail(text, pos, "key must be a string") end
    local key
    key, pos = decode_string(text, pos + 1)
    pos = skip(text, pos)
    if text:sub(pos, pos) ~= ":" then fail(text, pos, "expected `:`") end
    object[key], pos = decode_value(text, pos + 1, depth)
    pos = skip(text, pos)
    local c = text:sub(pos, pos)
    if c == "}" then return object, pos + 1 end
    if c ~= "," then fail(text, pos, "expected `,` or `}`") end
    pos = pos + 1
  end
end

local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", M.null } }

function decode_value(text, pos, depth)
  if depth > MAX_DEPTH then fail(text, pos, "recursion limit exceeded") end
  pos = skip(text, pos)
  local c = text:sub(pos, pos)
  if c == "{" then return decode_object(text, pos + 1, depth + 1) end
  if c == "[" then return decode_array(text, pos + 1, depth + 1) end
  if c == '"' then return decode_string(text, pos + 1) end
  if c:find("[%d-]") then return decode_number(text, pos) end
  local word = WORDS[c]
  if word and text:sub(pos, pos + #word[1] - 1) == word[1] then return word[2], pos + #word[1] end
  return fail(text, pos, "expected value")
end

local function decode_document(text)
  local value, pos = decode_value(text, 1, 0)
  pos = skip(text, pos)
  if pos <= #text then fail(text, pos, "trailing characters") end
  return value
end

--- Decode one JSON document -> value; or nil and a message with line and column.
function M.decode(text)
  local ok, value = pcall(decode_document, text)
  if ok then return value end
  if type(value) == "table" and value.json_error then return nil, value.json_error end
  error(value, 0)
end

-- Encoding -------------------------------------------------------------------

local FIRST = {}  -- keys that a reader expects early; the others follow by the alphabet
for rank, key in ipairs {
  "event", "sequence_number", "type", "id", "object", "created", "created_at", "status", "model", "role", "index",
  "delta", "name", "content", "message", "choices", "output", "finish_reason",
} do
  FIRST[key] = rank
end

local function by_rank(a, b)
  local ra, rb = FIRST[a] or 1000, FIRST[b] or 1000
  if ra ~= rb then return ra < rb end
  return a < b
end

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape_char(c)
  return SHORT[c] or ("\\u%04x"):format(c:byte())
end

local function encode_string(s)
  return '"' .. s:gsub("[%z\1-\31\"\\]", escape_char) .. '"'
end

local function encode_number(n)
  if n ~= n or n == math.huge or n == -math.huge then error("JSON has no such number: " .. tostring(n)) end
  if n % 1 == 0 and n > -2 ^ 53 and n < 2 ^ 53 then return ("%.0f"):format(n) end
  if math.type and math.type(n) == "integer" then return ("%d"):format(n) end
  return ("%.14g"):format(n)
end

local encode

local function encode_list(t)
  local parts = {}
  for i, v in ipairs(t) do parts[i] = encode(v) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(t)
  local keys, parts = {}, {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, by_rank)
  for i, key in ipairs(keys) do parts[i] = encode_string(key) .. ":" .. encode(t[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(v)
  local kind = type(v)
  if v == M.null then return "null" end
  if kind == "string" then return encode_string(v) end
  if kind == "number" then return encode_number(v) end
  if kind == "boolean" then return tostring(v) end
  if kind ~= "table" then error("JSON has no " .. kind) end
  if M.is_array(v) or v[1] ~= nil then return encode_list(v) end
  return encode_object(v)
end

--- Encode with a fixed order of keys.  Arrays are marked tables or tables with a [1].
M.encode = encode

return M
