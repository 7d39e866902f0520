--- Parts of JSON text that may be cut: escapes, characters, numbers.

local json = require "xai.client.json"

local byte, char, find, match, sub = string.byte, string.char, string.find, string.match, string.sub
local tonumber = tonumber

local token = {}

--- The bytes of a character.
local function utf8_of(code)
  if code < 0x80 then return char(code) end
  local last = char(0x80 + code % 0x40)
  code = (code - code % 0x40) / 0x40
  if code < 0x20 then return char(0xC0 + code) .. last end
  last = char(0x80 + code % 0x40) .. last
  code = (code - code % 0x40) / 0x40
  if code < 0x10 then return char(0xE0 + code) .. last end
  return char(0xF0 + (code - code % 0x40) / 0x40, 0x80 + code % 0x40) .. last
end

--- What a backslash and a letter stand for.
token.ESCAPES = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}
local REPLACEMENT = "\239\191\189" -- U+FFFD, for half of a surrogate pair

--- Four digits of hexadecimal from `at` on: the number; "cut"; or nil.
local function hex4(text, at)
  local digits = match(sub(text, at, at + 3), "^%x*")
  if #digits == 4 then return tonumber(digits, 16) end
  return at + #digits > #text and "cut" or nil
end

--- Read the escape \uXXXX at `at`, with that of the other half of a surrogate pair.
-- @return its text and the position behind it; "cut" where more is to come; or nil
function token.read_unicode(text, at)
  local high = hex4(text, at + 2)
  if high == "cut" or not high then return high end
  if high < 0xD800 or high > 0xDFFF then return utf8_of(high), at + 6 end
  if high > 0xDBFF then return REPLACEMENT, at + 6 end
  if at + 6 > #text or at + 7 > #text and byte(text, at + 6) == 92 then return "cut" end
  if sub(text, at + 6, at + 7) ~= "\\u" then return REPLACEMENT, at + 6 end
  local low = hex4(text, at + 8)
  if low == "cut" then return "cut" end
  if not low or low < 0xDC00 or low > 0xDFFF then return REPLACEMENT, at + 6 end
  return utf8_of(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00), at + 12
end

--- Where the last whole character at the end of `text` ends, looking no further back than `from`.
function token.whole_end(text, from)
  local last = #text
  for back = 0, 3 do
    local c = last - back >= from and byte(text, last - back)
    if not c then return last end
    if c < 0x80 or c >= 0xC0 then
      local need = c >= 0xF0 and 3 or c >= 0xE0 and 2 or c >= 0xC0 and 1 or 0
      return back < need and last - back - 1 or last
    end
  end
  return last
end

--- The number that a text is, as xai.decode has it; nil where JSON has no such number.
function token.number(text)
  if #text < 16 and find(text, "^[1-9]%d*$") or text == "0" then return tonumber(text) end
  local whole, fraction, exponent = match(text, "^%-?(%d+)(%.?%d*)([eE]?[+-]?%d*)$")
  if not whole or #whole > 1 and sub(whole, 1, 1) == "0" or fraction == "." then return nil end
  if exponent ~= "" and not find(exponent, "^[eE][+-]?%d+$") then return nil end
  return (json.decode(text))
end

return token
