--- png.lua - a small colour gradient as a PNG file, in plain Lua for every Lua.
-- Nothing is compressed: the pixels stand in stored blocks of deflate.

local checksum = require("xai.testing.standin.checksum")

local M = {}

local char, floor = string.char, math.floor

local function adler32(bytes)
  local a, b = 1, 0
  for i = 1, #bytes do
    a = (a + bytes:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return b * 65536 + a
end

local function big_endian(n)
  return char(floor(n / 16777216) % 256, floor(n / 65536) % 256, floor(n / 256) % 256, n % 256)
end

-- The file ---------------------------------------------------------------------------------------

local function chunk(kind, data)
  return big_endian(#data) .. kind .. data .. big_endian(checksum.crc32(kind .. data))
end

local MOST_IN_BLOCK = 65535

local function stored_block(data, final)
  local size = #data
  local low, high = size % 256, floor(size / 256)
  return char(final and 1 or 0, low, high, 255 - low, 255 - high) .. data
end

local function zlib(data)
  local blocks = { "\120\001" }
  for start = 1, #data, MOST_IN_BLOCK do
    local final = start + MOST_IN_BLOCK > #data
    blocks[#blocks + 1] = stored_block(data:sub(start, start + MOST_IN_BLOCK - 1), final)
  end
  return table.concat(blocks) .. big_endian(adler32(data))
end

--- Rows of RGB from one corner's colour to the other's, each row behind its filter byte 0.
local function rows(width, height, from, to)
  local lines = {}
  for y = 0, height - 1 do
    local line = { "\0" }
    for x = 0, width - 1 do
      local t = (x / width + y / height) / 2
      line[x + 2] = char(floor(from[1] + (to[1] - from[1]) * t), floor(from[2] + (to[2] - from[2]) * t),
        floor(from[3] + (to[3] - from[3]) * t))
    end
    lines[y + 1] = table.concat(line)
  end
  return table.concat(lines)
end

--- A picture of `width` x `height` pixels; `from` and `to` are { red, green, blue }, 0..255.
function M.gradient(width, height, from, to)
  local header = big_endian(width) .. big_endian(height) .. "\8\2\0\0\0"  -- 8 bits of RGB
  return "\137PNG\r\n\26\n" .. chunk("IHDR", header) .. chunk("IDAT", zlib(rows(width, height, from, to)))
    .. chunk("IEND", "")
end

return M
