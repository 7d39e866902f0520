--- json_decode.lua - what json_decode_fuzz.c asks of each text: lua-cjson and our codec over it agree.
--
-- Documented differences are undone first: integers are integers here, null is absent from
-- objects, an empty array knows that it is one, half a surrogate pair is U+FFFD.

local bridge = ...
local plain = require("cjson").new()
plain.decode_invalid_numbers(false)
local codec = bridge.codec(require "cjson")
local NULL = bridge.null
local mark = bridge.mark(codec)

local function fail(what, text)
  error(("%s: %q"):format(what, text), 0)
end

--- Is `ours` what is to be made of `theirs`?
local function matches(theirs, ours)
  if type(theirs) ~= "table" then
    return theirs == ours or type(theirs) == "number" and type(ours) == "number" and theirs == ours + 0.0
  end
  if type(ours) ~= "table" then return false end
  local is_array = #theirs > 0
  for key, value in pairs(theirs) do
    if value == NULL and not is_array then
      if ours[key] ~= nil then return false end
    elseif not matches(value, ours[key]) then
      return false
    end
  end
  for key in pairs(ours) do
    if theirs[key] == nil then return false end
  end
  return true
end

--- The same value, with the same kind of empty table.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  if getmetatable(a) ~= getmetatable(b) and next(a) == nil then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Numbers that JSON has no text for: what was too large is infinite.
local function has_infinite(value)
  if type(value) == "number" then return value - value ~= 0 end
  if type(value) ~= "table" then return false end
  for _, member in pairs(value) do
    if has_infinite(member) then return true end
  end
  return false
end

local function has_half(text)
  return text:find "\\u[dD]" ~= nil
end

--- May text that was decoded be no UTF-8?
local function may_be_broken(text)
  return has_half(text) or text:find "[\128-\255]" ~= nil
end

local function check_round(value, text)
  local ok, again = pcall(bridge.encode, codec, value)
  if not ok then
    if has_infinite(value) or tostring(again):find "deep" or tostring(again):find "nest" then return end
    if tostring(again):find("is not UTF-8", 1, true) and may_be_broken(text) then return end
    fail("cannot be encoded again, " .. tostring(again), text)
  end
  local result, why = bridge.decode(codec, again)
  if why then fail("cannot be decoded again, " .. tostring(why), again) end
  if not same(value, result) then fail("is another value after a round as " .. again, text) end
end

return function(text)
  if text:find(mark, 1, true) then return end
  local ok, theirs = pcall(plain.decode, (text:gsub("^\239\187\191", ""))) -- we skip a byte order mark
  local ours, why = bridge.decode(codec, text)
  if why then
    if text:find("%z") and not bridge.check(text) then return end -- lua-cjson takes it for the text's end
    if ok then fail("refused: " .. tostring(why), text) end
    if bridge.check(text) then fail("taken for JSON where it is not decoded: " .. tostring(why), text) end
    return
  end
  if not ok then
    if not has_half(text) then fail("accepted, but not by lua-cjson: " .. tostring(theirs), text) end
  elseif not has_half(text) and not matches(theirs, ours) then
    fail("read in another way", text)
  end
  check_round(ours, text)
end
