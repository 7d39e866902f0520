--- checksum.lua - the CRC of PNG and gzip, in plain Lua for every Lua.

local M = {}

local floor = math.floor

-- Arithmetic on 32 bits without bit operators ----------------------------------------------------

local XOR = {}  -- XOR[a * 16 + b] of two nibbles
for a = 0, 15 do
  for b = 0, 15 do
    local result, bit, x, y = 0, 1, a, b
    for _ = 1, 4 do
      if x % 2 ~= y % 2 then result = result + bit end
      x, y, bit = floor(x / 2), floor(y / 2), bit * 2
    end
    XOR[a * 16 + b] = result
  end
end

local function xor(a, b)
  local result, place = 0, 1
  while a > 0 or b > 0 do
    result = result + XOR[a % 16 * 16 + b % 16] * place
    a, b, place = floor(a / 16), floor(b / 16), place * 16
  end
  return result
end

local CRC = {}
for n = 0, 255 do
  local c = n
  for _ = 1, 8 do c = c % 2 == 1 and xor(0xEDB88320, floor(c / 2)) or floor(c / 2) end
  CRC[n] = c
end

function M.crc32(bytes)
  local crc = 0xFFFFFFFF
  for i = 1, #bytes do crc = xor(CRC[xor(crc % 256, bytes:byte(i))], floor(crc / 256)) end
  return xor(crc, 0xFFFFFFFF)
end

return M
