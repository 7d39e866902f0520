--- huffman.lua - the Huffman code of HTTP/2 header texts (RFC 7541, appendix B), read.
-- The code is canonical, so the lengths of its words say all: words of one length follow each
-- other in the order of their characters, and the first of them follows those that are shorter.

local M = {}

local LENGTHS = {
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
  10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
  5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22,
  22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21,
  20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
  28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27,
  28, 27, 27, 27, 27, 27, 26, 30,
}

-- WORDS[length][code] = character; the end-of-string word is none of them.
local WORDS = {}

local code = 0
for length = 1, 30 do
  WORDS[length] = {}
  for symbol, its in ipairs(LENGTHS) do
    if its == length then
      if symbol <= 256 then WORDS[length][code] = string.char(symbol - 1) end
      code = code + 1
    end
  end
  code = code * 2
end

function M.decode(bytes)
  local out, word, length = {}, 0, 0
  for i = 1, #bytes do
    local byte = bytes:byte(i)
    for bit = 7, 0, -1 do
      word, length = word * 2 + math.floor(byte / 2 ^ bit) % 2, length + 1
      local char = WORDS[length] and WORDS[length][word]
      if char then out[#out + 1], word, length = char, 0, 0 end
    end
  end
  return table.concat(out)
end

return M
