--- words.lua - a text in pieces, and the names in it.

local M = {}

local LONGEST_PIECE = 16

--- Cut a long word after at most LONGEST_PIECE bytes, never inside a character.
local function add_word(pieces, word)
  while #word > LONGEST_PIECE do
    local stop = LONGEST_PIECE
    while stop > 1 and word:byte(stop + 1) >= 0x80 and word:byte(stop + 1) < 0xC0 do stop = stop - 1 end
    pieces[#pieces + 1] = word:sub(1, stop)
    word = word:sub(stop + 1)
  end
  pieces[#pieces + 1] = word
end

--- The text in the pieces that a stream sends: words with the space before them.
function M.pieces(text)
  local pieces, stop = {}, 1
  for word, after in text:gmatch("(%s*%S+)()") do
    add_word(pieces, word)
    stop = after
  end
  if stop <= #text then pieces[#pieces + 1] = text:sub(stop) end
  return pieces
end

--- Make-believe tokens: as many as pieces.
function M.count(text)
  return #M.pieces(text or "")
end

--- Names in a prompt: runs of capitalised words, without a lone first word of a sentence.
function M.names(text)
  local found = {}
  local run, first = {}, false
  local function close()
    if #run > 1 or (#run == 1 and not first) then found[#found + 1] = table.concat(run, " ") end
    run = {}
  end
  local starts = true
  for word, mark in (text or ""):gmatch("([%w\128-\255'-]+)([^%w\128-\255'%s-]*)") do
    if word:find("^%u") and word ~= "I" then
      if #run == 0 then first = starts end
      run[#run + 1] = word
      if mark ~= "" then close() end
    else
      close()
    end
    starts = mark:find("[.!?:]") ~= nil
  end
  close()
  return found
end

return M
