--- Halves of surrogate pairs in the texts of a result: gateways cut between
-- them, and the pieces were put together only now.

local pairs, type = pairs, type
local math_floor = math.floor
local string_byte, string_char, string_gsub = string.byte, string.char, string.gsub

local function join(high1, high2, low1, low2)
  local high = (string_byte(high1) - 0xA0) * 64 + string_byte(high2) - 0x80
  local low = (string_byte(low1) - 0xB0) * 64 + string_byte(low2) - 0x80
  local code = 0x10000 + high * 1024 + low
  local function bits(shift) return math_floor(code / 2 ^ shift) % 64 end
  return string_char(0xF0 + math_floor(code / 2 ^ 18), 0x80 + bits(12), 0x80 + bits(6), 0x80 + bits(0))
end

--- High half and low half become their character; one alone becomes U+FFFD.
local function mend_text(text)
  text = string_gsub(text, "\237([\160-\175])([\128-\191])\237([\176-\191])([\128-\191])", join)
  return (string_gsub(text, "\237[\160-\191][\128-\191]", "\239\191\189"))
end

--- The value with all texts in it mended; tables are changed in place.
local function mend(value)
  if type(value) == "string" then return mend_text(value) end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = mend(item) end
  return value
end

return mend
