--- structured.lua - answers that should follow a schema and do not: what the fault `structured` asks for.

local json = require("xai.testing.standin.json")

local M = {}

M.REFUSAL = "I cannot help with that."

--- The same value with its first member of another type.
local function misfit(text)
  local value = json.decode(text)
  if not json.is_object(value) or next(value) == nil then return '"misfit"' end
  local first
  for key in pairs(value) do
    if not first or key < first then first = key end
  end
  value[first] = type(value[first]) == "string" and 5 or "misfit"
  return json.encode(value)
end

-- What becomes of the text, or of a call's arguments.
local TEXTS = {
  misfit = misfit,
  broken = function(text) return text:sub(1, -2) end,
  cut = function(text) return text:sub(1, math.ceil(#text / 2)) end,
  prose = function(text) return "Here you are: " .. text end,
}

--- Change a turn of the model: "misfit" (JSON that does not fit the schema), "broken" (its end is
-- missing), "prose" (words before it), "cut" (at the limit of tokens), "refusal".
function M.spoil(turn, how)
  if how == "refusal" then
    turn.text, turn.calls, turn.refusal, turn.finish = "", nil, M.REFUSAL, "stop"
    return
  end
  if how == "cut" then turn.finish = "length" end
  if not turn.calls then
    turn.text = TEXTS[how](turn.text)
    return
  end
  for _, call in ipairs(turn.calls) do call.arguments = TEXTS[how](call.arguments) end
end

return M
