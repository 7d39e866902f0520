--- Halves of surrogate pairs in the texts of a result: gateways cut between
-- them, and the pieces were put together only now.

local function join(high1, high2, low1, low2)
  local high = (high1:byte() - 0xA0) * 64 + high2:byte() - 0x80
  local low = (low1:byte() - 0xB0) * 64 + low2:byte() - 0x80
  local code = 0x10000 + high * 1024 + low
  local function bits(shift) return math.floor(code / 2 ^ shift) % 64 end
  return string.char(0xF0 + math.floor(code / 2 ^ 18), 0x80 + bits(12), 0x80 + bits(6), 0x80 + bits(0))
end

--- High half and low half become their character; one alone becomes U+FFFD.
local function mend_text(text)
  text = text:gsub("\237([\160-\175])([\128-\191])\237([\176-\191])([\128-\191])", join)
  return (text:gsub("\237[\160-\191][\128-\191]", "\239\191\189"))
end

--- The value with all texts in it mended; tables are changed in place.
local function mend(value)
  if type(value) == "string" then return mend_text(value) end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = mend(item) end
  return value
end

return mend
