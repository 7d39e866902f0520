--- gzip.lua - gzip in plain Lua: texts in stored blocks, and runs of one byte that hardly cost any.

local checksum = require("xai.testing.standin.checksum")

local M = {}

M.HEADER = "\31\139\8\0\0\0\0\0\0\3"

local function little_endian(n, size)
  local out = {}
  for i = 1, size do out[i], n = string.char(n % 256), math.floor(n / 256) end
  return table.concat(out)
end

--- A stored block of at most 65535 bytes.
local function stored(bytes, last)
  return string.char(last and 1 or 0) .. little_endian(#bytes, 2) .. little_endian(65535 - #bytes, 2) .. bytes
end

--- Text that may be followed by more.
function M.begin(text)
  local parts = { M.HEADER }
  for i = 1, #text, 65535 do parts[#parts + 1] = stored(text:sub(i, i + 65534)) end
  return table.concat(parts)
end

--- A whole file.
function M.whole(text)
  return M.begin(text) .. stored("", true) .. little_endian(checksum.crc32(text), 4) .. little_endian(#text, 4)
end

-- A block in the fixed code of deflate, bits from the low end of each byte: its head (not the last,
-- type 01), the byte itself, and from then on "258 bytes as the one before": 11000101 00000.
local AGAIN = "1100010100000"

local function pack(bits)
  local out = {}
  for i = 1, #bits, 8 do out[#out + 1] = string.char(tonumber(bits:sub(i, i + 7):reverse(), 2)) end
  return table.concat(out)
end

--- The begin of an endless run of spaces, and 1664 bytes that stand for 264192 more of them as
-- often as they are repeated.
function M.endless_spaces()
  local first = "010" .. "01010000" -- a space is 0x30 + 0x20
  while #first % 8 ~= 0 do first = first .. AGAIN end
  return pack(first), pack(AGAIN:rep(1024))
end

return M
