--- hpack.lua - header blocks of HTTP/2 (RFC 7541): read as clients send them, written plainly.

local huffman = require("xai.testing.standin.huffman")

local M = {}

-- The static table: name, and value where there is one.
local STATIC = {}

for row in ([[
:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|
:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|
accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|
content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|
cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|
last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|
server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate|]])
  :gmatch("%s*([^|]+)|") do
  local name, value = row:match("^(:?[^=]+)=?(.*)$")
  STATIC[#STATIC + 1] = { name, value }
end

-- 4096 bytes, the size of the table that both sides keep, hold no more entries than these.
local MOST_ENTRIES = 128

--- What has been learnt from the blocks of one connection.
function M.new()
  return { entries = {} }
end

--- A number that begins in the low `bits` of the byte at `at`; and where it ends.
local function read_number(block, at, bits)
  local most = 2 ^ bits - 1
  local n = block:byte(at) % (most + 1)
  at = at + 1
  if n < most then return n, at end
  local scale = 1
  repeat
    local byte = block:byte(at)
    n, scale, at = n + byte % 128 * scale, scale * 128, at + 1
  until byte < 128
  return n, at
end

local function read_text(block, at)
  local coded = block:byte(at) >= 128
  local size
  size, at = read_number(block, at, 7)
  local text = block:sub(at, at + size - 1)
  return coded and huffman.decode(text) or text, at + size
end

local function entry_of(table_, index)
  return STATIC[index] or table_.entries[index - #STATIC] or { "", "" }
end

--- Read a name and a value whose name may be an index of `bits`.
local function read_literal(table_, block, at, bits)
  local index, name, value
  index, at = read_number(block, at, bits)
  if index > 0 then name = entry_of(table_, index)[1] else name, at = read_text(block, at) end
  value, at = read_text(block, at)
  return { name, value }, at
end

local function learn(table_, entry)
  table.insert(table_.entries, 1, entry)
  table_.entries[MOST_ENTRIES + 1] = nil
end

--- A block as a list of { name, value }.
function M.decode(table_, block)
  local list, at = {}, 1
  while at <= #block do
    local byte, entry = block:byte(at), nil
    if byte >= 128 then
      entry, at = read_number(block, at, 7)
      entry = entry_of(table_, entry)
    elseif byte >= 64 then
      entry, at = read_literal(table_, block, at, 6)
      learn(table_, entry)
    elseif byte >= 32 then
      at = select(2, read_number(block, at, 5)) -- another size of the table: nothing to us
    else
      entry, at = read_literal(table_, block, at, 4)
    end
    list[#list + 1] = entry
  end
  return list
end

local function number(n)
  local most = 127
  if n < most then return string.char(n) end
  local out = { string.char(most) }
  n = n - most
  while n >= 128 do
    out[#out + 1], n = string.char(n % 128 + 128), math.floor(n / 128)
  end
  return table.concat(out) .. string.char(n)
end

--- One header, spelt out: no table is used, none is changed.
function M.literal(name, value)
  name = name:lower()
  return "\0" .. number(#name) .. name .. number(#value) .. value
end

return M
