--- Regular expressions that Lua's own patterns can tell.
--
-- JSON schemas have the expressions of ECMAScript.  Those without look-around,
-- references and repeated groups become a list of Lua patterns, one for each way
-- through their alternatives: "^(a|b)\\d{1,2}$" becomes four.  Nothing is said
-- of the others, and of a text that would take too long.

local byte, find, gsub, lower_of = string.byte, string.find, string.gsub, string.lower
local match, rep, sub = string.match, string.rep, string.sub
local concat = table.concat
local ipairs, tonumber = ipairs, tonumber

local MOST_WAYS = 100
local MOST_REPEATS = 256
local LONGEST = 2000 -- bytes of a Lua pattern
local MOST_LOOPS = 20
local MOST_STEPS = 4e6 -- of one match, at worst
local ALL_STEPS = 1e9 -- of all of a check

-- What an escape stands for inside a class of Lua.
local CLASSES = { d = "0-9", w = "A-Za-z0-9_", s = " \t\n\r\f\v" }
local CONTROLS = { n = "\n", r = "\r", t = "\t", f = "\f", v = "\v" }

local function quote(c) return (gsub(c, "%W", "%%%0")) end

--- The items of a class, from behind its `[` or `[^`; and what is behind its `]`.
local function read_class(text, at)
  local items = {}
  while true do
    local c = sub(text, at, at)
    if c == "]" then return #items > 0 and concat(items) or nil, at + 1 end
    local range = match(text, "^%w%-%w", at)
    if range then
      items[#items + 1], at = range, at + 3
    elseif c == "\\" then
      local letter = sub(text, at + 1, at + 1)
      local plain = CLASSES[letter] or CONTROLS[letter] or find(letter, "^[%p ]") and quote(letter)
      if not plain then return nil end
      items[#items + 1], at = plain, at + 2
    elseif find(c, "^[\1-\127]") and (sub(text, at + 1, at + 1) ~= "-" or sub(text, at + 2, at + 2) == "]") then
      items[#items + 1], at = quote(c), at + 1
    else
      return nil
    end
  end
end

--- One character's pattern at `at`: { text, any }, and what is behind it.  `any`: it
-- may stand for a character of several bytes.
local function read_single(text, at)
  local c = sub(text, at, at)
  if c == "." then return { "[^\n\r]", any = true }, at + 1 end
  if c == "[" then
    local negated = sub(text, at + 1, at + 1) == "^"
    local items, behind = read_class(text, at + (negated and 2 or 1))
    return items and { "[" .. (negated and "^" or "") .. items .. "]", any = negated }, behind
  end
  if c ~= "\\" then
    if find(c, "^[%c*+?{}%[%]()|]") then return nil end
    return { quote(c), wide = byte(c) > 127 }, at + 1
  end
  local letter = sub(text, at + 1, at + 1)
  local lower = lower_of(letter)
  if CLASSES[lower] then
    return { "[" .. (letter ~= lower and "^" or "") .. CLASSES[lower] .. "]",
      any = letter ~= lower, spaces = lower == "s" }, at + 2
  end
  if CONTROLS[letter] then return { CONTROLS[letter] }, at + 2 end
  if find(letter, "^%p") then return { quote(letter) }, at + 2 end
end

--- The quantifier at `at`: least, most (nil without a limit), what is behind; or nil where it cannot be told.
local function read_quantifier(text, at)
  local c, least, most, behind = sub(text, at, at), 1, 1, at
  if c == "*" then least, most, behind = 0, nil, at + 1 end
  if c == "+" then least, most, behind = 1, nil, at + 1 end
  if c == "?" then least, most, behind = 0, 1, at + 1 end
  if c == "{" then
    local from, comma, to, stop = match(text, "^{(%d+)(,?)(%d*)}()", at)
    if not from then return nil end
    least, behind = tonumber(from), stop
    most = tonumber(comma == "" and from or to)
    if least > MOST_REPEATS or (most or 0) > MOST_REPEATS or most and most < least then return nil end
  end
  if behind > at and find(text, "^[*+?{]", behind) then return nil end -- lazy ones and worse
  return least, most, behind
end

-- A way is { text, loops, any }: a Lua pattern, its unlimited repeats, and whether
-- it counts characters.  `join` gives each way of `a` followed by each of `b`.
local function join(a, b)
  local ways = {}
  if #a * #b > MOST_WAYS then return nil end
  for _, x in ipairs(a) do
    for _, y in ipairs(b) do
      local text = x[1] .. y[1]
      if #text > LONGEST then return nil end
      ways[#ways + 1] = { text, loops = x.loops + y.loops, ascii = x.ascii or y.ascii }
    end
  end
  return ways
end

--- The ways of a character with its quantifier.
local function repeated(single, least, most)
  local ways = {}
  if single.wide and not (least == 1 and most == 1) then return nil end
  local counts = single.any and (most ~= nil or least > 1) or single.spaces
  if not most then
    return { { rep(single[1], least) .. single[1] .. "*", loops = 1, ascii = counts } }
  end
  if most - least >= MOST_WAYS then return nil end
  for n = most, least, -1 do
    ways[#ways + 1] = { rep(single[1], n), loops = 0, ascii = counts }
  end
  return ways
end

local read_ways

--- The ways of what is at `at`, a group or a character, with its quantifier.
local function read_item(text, at, depth)
  if sub(text, at, at) ~= "(" then
    local single, behind = read_single(text, at)
    if not single then return nil end
    local least, most, stop = read_quantifier(text, behind)
    return least and repeated(single, least, most), stop
  end
  at = match(text, "^%(%?:()", at) or at + 1
  if sub(text, at, at) == "?" then return nil end
  local ways, behind = read_ways(text, at, depth + 1)
  if not ways or sub(text, behind, behind) ~= ")" then return nil end
  local least, most, stop = read_quantifier(text, behind + 1)
  if most ~= 1 then return nil end
  if least == 0 then ways[#ways + 1] = { "", loops = 0 } end
  return ways, stop
end

--- The ways of alternatives up to the end or a `)`, and where that is.
function read_ways(text, at, depth)
  local all, ways = {}, { { "", loops = 0 } }
  if depth > 20 then return nil end
  while true do
    local c = sub(text, at, at)
    if c == "" or c == ")" or c == "|" then
      for _, way in ipairs(ways) do all[#all + 1] = way end
      if c ~= "|" then return all, at end
      ways, at = { { "", loops = 0 } }, at + 1
    elseif depth == 0 and c == "^" and #ways == 1 and ways[1][1] == "" then
      ways, at = { { "^", loops = 0 } }, at + 1
    elseif depth == 0 and c == "$" and (at == #text or sub(text, at + 1, at + 1) == "|") then
      ways, at = join(ways, { { "$", loops = 0 } }), at + 1
    elseif c == "^" or c == "$" then
      return nil
    else
      local more
      more, at = read_item(text, at, depth)
      ways = more and join(ways, more)
    end
    if not ways or #all > MOST_WAYS then return nil end
  end
end

--- The ways of an expression, or nil where Lua's patterns cannot tell.
local function ways_of(text)
  local ways, stop = read_ways(text, 1, 0)
  return ways and stop > #text and ways or nil
end

local pattern = {}

--- What `matches` keeps in one check.
function pattern.new_known() return { ways = {}, steps = 0 } end

--- Does the expression match somewhere in `text`?  nil where that is not told.
-- `known` has what one check has read of expressions, and the work that it did at worst.
function pattern.matches(expression, text, known)
  local ways = known.ways[expression]
  if ways == nil then
    ways = ways_of(expression) or false
    known.ways[expression] = ways
  end
  if not ways then return nil end
  local is_ascii = not find(text, "[\128-\255]")
  for _, way in ipairs(ways) do
    local loops = way.loops + (find(way[1], "^%^") and 0 or 1)
    local steps = (#text + 1) ^ loops
    if way.ascii and not is_ascii or loops > MOST_LOOPS or loops > 1 and steps > MOST_STEPS then return nil end
    known.steps = known.steps + steps
    if known.steps > ALL_STEPS then return nil end
    if find(text, way[1]) then return true end
  end
  return false
end

return pattern
