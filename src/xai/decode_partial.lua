--- xai.decode_partial(text): the value of the beginning of a JSON text.

local json = require "xai.client.json"
local json_reader = require "xai.results.json_reader"

local error, find, type = error, string.find, type

--- The value as far as it has come: strings are cut where the text is; numbers and
-- names are there when they are whole.
-- @return the value; nil without a second result where no value has begun
-- @return the reason where no JSON begins like this
return function(text)
  if type(text) ~= "string" then error("xai.decode_partial: the text must be a string, got " .. type(text), 2) end
  if find(text, "[%]}]%s*$") and not find(text, "%z") then -- it may be whole: then it is decoded in C
    local value = json.decode(text)
    if value ~= nil then return value end
  end
  local reader = json_reader.new()
  local ok, problem = reader:feed(text)
  if not ok then return nil, problem end
  return (reader:value(true))
end
