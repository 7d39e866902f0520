--- json_lines.lua - JSON objects of one line each, whose members are taken as they are written.

local xai = require "xai"

local json_lines = {}

--- JSON text of a string.
function json_lines.text(s)
  s = s:gsub('[%z\1-\31"\\\127]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    if c == "\n" then return "\\n" end
    if c == "\r" then return "\\r" end
    if c == "\t" then return "\\t" end
    return ("\\u%04x"):format(c:byte())
  end)
  return '"' .. s .. '"'
end

--- A text without a character at its end that is not whole.
function json_lines.whole_characters(s)
  local from = #s
  while from > #s - 3 and from > 0 and s:byte(from) >= 0x80 and s:byte(from) < 0xC0 do from = from - 1 end
  local first = s:byte(from)
  if not first or first < 0xC0 then return s end
  local length = first < 0xE0 and 2 or first < 0xF0 and 3 or 4
  if #s - from + 1 < length then return s:sub(1, from - 1) end
  return s
end

--- The position behind the string that begins at `at`; nil where it does not end.
local function end_of_string(text, at)
  at = at + 1
  while true do
    local stop = text:find('["\\]', at)
    if not stop then return nil end
    if text:sub(stop, stop) == '"' then return stop + 1 end
    at = stop + 2
  end
end

--- The position behind the value that begins at `at`; nil where it does not end.
local function end_of_value(text, at)
  local first, depth = text:sub(at, at), 0
  if first == '"' then return end_of_string(text, at) end
  if first ~= "{" and first ~= "[" then
    local stop = text:match("^[%w.+-]+()", at)
    return stop
  end
  while true do
    local stop = text:find('[%[%]{}"]', at)
    if not stop then return nil end
    local c = text:sub(stop, stop)
    if c == '"' then
      at = end_of_string(text, stop)
      if not at then return nil end
    else
      depth = depth + ((c == "{" or c == "[") and 1 or -1)
      at = stop + 1
      if depth == 0 then return at end
    end
  end
end

--- Is a text one JSON object or list, on one line, that can stand in such a line?
function json_lines.is_value(text)
  if not text:find "^[%[{]" or text:find "[\r\n]" or xai.utf8(text) ~= text then return false end
  return xai.decode(text) ~= nil and end_of_value(text, 1) == #text + 1
end

--- The members of an object: name -> the text of its value. nil and what is wrong, where it is none.
function json_lines.members(line)
  local members = {}
  local at = line:match "^%s*{%s*()"
  if not at then return nil, "it is no JSON object" end
  if line:find("^}%s*$", at) then return members end
  while true do
    local name, from = line:match('^"([%w_]+)"%s*:%s*()', at)
    local stop = name and end_of_value(line, from)
    if not stop then return nil, ("it is no JSON object (at byte %d)"):format(at) end
    members[name] = line:sub(from, stop - 1)
    local sign, behind = line:match("^%s*([,}])%s*()", stop)
    if sign == "}" and behind > #line then return members end
    if sign ~= "," then return nil, ("it is no JSON object (at byte %d)"):format(stop) end
    at = behind
  end
end

return json_lines
