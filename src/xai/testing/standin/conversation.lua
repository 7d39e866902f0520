--- conversation.lua - what a request says to the model, the same for all endpoints.
--
--   { said = {user texts}, pictures = {bytes of each, or false}, results = {tool results in words},
--     called = { [call id] = what the call was about },
--     tools = {{ name, parameters }...} when a call of one of them is due, choice = name of a forced one,
--     forced = whether one must be called,
--     parallel = whether several calls may be made, schema = JSON schema of the answer,
--     reasons = whether the model thinks, thinks = whether it shows it, searches = boolean,
--     spoiled = how an answer that should follow a schema does not, see structured.lua }

local json = require("xai.testing.standin.json")

local M = {}

function M.new()
  return { said = {}, pictures = {}, results = {}, called = {} }
end

--- A user's text starts a new turn: earlier pictures and tool results are history.
function M.begin_turn(conversation)
  conversation.pictures, conversation.results = {}, {}
end

--- Bytes of a picture in base64, bare or in a data: address; false for an address on the net.
function M.picture_size(url)
  local data = url:match("^data:[^,]*;base64,(.*)$") or (not url:find("^%a+:") and url)
  if not data then return false end
  local digits = data:gsub("[%s=]", "")
  return math.floor(#digits * 3 / 4)
end

local function in_words(value)
  if not json.is_object(value) then return type(value) == "string" and value or json.encode(value) end
  local keys, words = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do words[i] = key .. " " .. in_words(value[key]) end
  return table.concat(words, ", ")
end

--- An argument that names what the call was about: its first text, by the alphabet of keys.
local function subject(arguments)
  local best
  for key, value in pairs(json.is_object(arguments) and arguments or {}) do
    if type(value) == "string" and (not best or key < best) then best = key end
  end
  return best and arguments[best]
end

--- Remember that a tool was called: `arguments` as an object or as JSON.
function M.add_call(conversation, id, arguments)
  if type(arguments) == "string" then arguments = json.decode(arguments) end
  conversation.called[id] = subject(arguments)
end

--- Add what a tool gave back, in words: JSON or plain text.
function M.add_result(conversation, id, output)
  local results, about = conversation.results, id and conversation.called[id]
  local words = in_words(json.decode(output) or output)
  results[#results + 1] = about and about .. ": " .. words or words
end

return M
