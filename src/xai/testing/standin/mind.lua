--- mind.lua - the make-believe model: from a conversation to what it says.
-- No thinking happens here, but the same conversation always gets the same words,
-- and the words have to do with the prompt.
--
-- What is said, a turn: { text, thinking, calls = {{ name, arguments }...},
-- finish = "stop" | "length" | "tool_calls" | "sequence", stopped_by = stop string,
-- refusal = the words of one }

local json = require("xai.testing.standin.json")
local schema = require("xai.testing.standin.schema")
local structured = require("xai.testing.standin.structured")
local words = require("xai.testing.standin.words")

local M = {}

-- Text -------------------------------------------------------------------------------

local KNOWN = {
  { "capital of iceland", "The capital of Iceland is Reykjavik." },
  { "221 a prime", "No. 221 = 13 × 17." },
  { "prime between 20 and 30", "23 is one; 29 is the other." },
  { "basalt", "Basalt is the most common rock of the ocean floor." },
  { "rules of go", "Go is played on a 19 by 19 grid. Players place stones in turn and surround territory." },
  { "sky blue", "Air scatters short waves of light more than long ones, so blue reaches your eyes from everywhere." },
  { "haiku", "Cold light on the wire —\none word, then another word.\nThe loop never blocks." },
  { "joke", "Why did the coroutine stay calm? It knew somebody would resume it." },
  { "once upon", "Once upon a time there was a small server that answered every call and understood none of them." },
  { "what is lua", "Lua is a small, quick language that lives happily inside other programs." },
  { "who are you", "I am the stand-in server: the shape of Grok, without the thoughts." },
}

local function asked_sum(text)
  local a, op, b = text:match("(%d+)%s*([+*])%s*(%d+)")
  if not a then return nil end
  local result = op == "+" and a + b or a * b
  return ("%s %s %s = %.10g"):format(a, op, b, result)
end

--- "My name is Ada", said earlier, answers "what is my name?".
local function remembered(said)
  if not said[#said]:lower():find("my name", 1, true) then return nil end
  for i = #said, 1, -1 do
    local name = said[i]:match("[Mm]y name is (%u[%w\128-\255-]*)")
    if name then return (i == #said and "Nice to meet you, %s." or "Your name is %s."):format(name) end
  end
end

local function known(text)
  local low = text:lower()
  for _, row in ipairs(KNOWN) do
    if low:find(row[1], 1, true) then return row[2] end
  end
  if low:find("^%s*hi%f[%W]") or low:find("hello", 1, true) then return "Hello! Nice to meet you." end
end

local function about_pictures(pictures)
  local parts = {}
  for i, bytes in ipairs(pictures) do
    parts[i] = bytes and ("picture %d is %d bytes long"):format(i, bytes)
      or ("picture %d is at an address that I do not follow"):format(i)
  end
  return "I see " .. #pictures .. (#pictures == 1 and " picture: " or " pictures: ") .. table.concat(parts, "; ") .. "."
end

--- The schema for "some JSON object".
M.ANY_OBJECT = { type = "object", properties = { answer = { type = "string" } }, required = json.array { "answer" } }

local ECHOES = {
  "You asked: “%s” — this is the stand-in server, so nobody thought about it, but every word came over the wire "
    .. "the way Grok sends it.",
  "“%s” is a good question. A real model would answer it here; the stand-in server only shows how the words arrive.",
  "Let me put it differently: “%s”, said by a server that has never read a book.",
}

local function short(text)
  text = text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  if #text <= 120 then return text end
  return (text:sub(1, 120):gsub("[\128-\255]*$", "")) .. "…"
end

--- What the model says when nothing but text is wanted; `nth` of several choices.
local function prose(conversation, nth)
  if #conversation.results > 0 then
    return "Here is what I found. " .. table.concat(conversation.results, "; ") .. "."
  end
  if #conversation.pictures > 0 then return about_pictures(conversation.pictures) end
  local said = conversation.said
  local last = said[#said] or ""
  local answer = nth == 1 and (remembered(said) or known(last) or asked_sum(last))
  return answer or (ECHOES[(nth - 1) % #ECHOES + 1]:gsub("%%s", function() return short(last) end))
end

-- Tools ------------------------------------------------------------------------------

--- The tool whose name has most words in common with the prompt; the first of equals.
-- The second result: how many words those are.
local function pick_tool(tools, prompt)
  local best, best_score = tools[1], 0
  for _, tool in ipairs(tools) do
    local score = 0
    for word in tool.name:lower():gmatch("%a+") do
      if prompt:find(word, 1, true) then score = score + 1 end
    end
    if score > best_score then best, best_score = tool, score end
  end
  return best, best_score
end

local function named_tool(tools, name)
  for _, tool in ipairs(tools) do
    if tool.name == name then return tool end
  end
  return tools[1]
end

--- The prompt without the user's own name, all of it where nothing else is said; and whether that is so.
local function subject(conversation)
  local prompt = conversation.said[#conversation.said] or ""
  local rest, told = prompt:gsub("[Mm]y name is %u[%w\128-\255-]*[.!]?", "")
  local is_name = told > 0 and not rest:find "[%w\128-\255]"
  return is_name and prompt or rest, is_name
end

--- One call, or one for each name in the prompt when the tool takes one required argument.
local function tool_calls(conversation)
  local prompt = subject(conversation)
  local tool = conversation.choice and named_tool(conversation.tools, conversation.choice)
    or (pick_tool(conversation.tools, prompt:lower()))
  local names = words.names(prompt)
  local required = json.given(tool.parameters.required) or {}
  local several = conversation.parallel and #required == 1 and #names > 1
  local calls = {}
  for i = 1, several and math.min(#names, 4) or 1 do
    local given = several and { names[i] } or names
    calls[i] = { name = tool.name, arguments = json.encode(schema.instance(tool.parameters, prompt, given)) }
  end
  return calls
end

-- Turns ------------------------------------------------------------------------------

local function cut_at_stop(turn, stops)
  for _, stop in ipairs(stops) do
    local at = stop ~= "" and turn.text:find(stop, 1, true)
    if at then
      turn.text, turn.finish, turn.stopped_by = turn.text:sub(1, at - 1), "sequence", stop
    end
  end
end

local function cut_at_limit(turn, limit)
  local pieces = words.pieces(turn.text)
  if #pieces <= limit then return end
  turn.text, turn.finish = table.concat(pieces, "", 1, limit), "length"
end

local function thinking_about(conversation)
  if conversation.tools then return "The user wants live data, so a tool is needed.\n" end
  local names = words.names(conversation.said[#conversation.said])
  return ("A short answer about %s is wanted.\n"):format(names[1] or "this")
end

--- What the answer is to be about: not what was said of an answer that did not fit its schema.
local function asked_for(said)
  local n = #said
  while n > 1 and said[n]:find("^Your answer ") do n = n - 1 end
  return said[n] or ""
end

--- Does the prompt only tell a name, or ask for it?
local function is_about_names(conversation)
  local prompt, is_name = subject(conversation)
  return is_name or prompt:lower():find("what is my name", 1, true) ~= nil
end

--- Is the answer known, and none of several tools about the question?
local function knows_better(conversation)
  local prompt = subject(conversation)
  if #conversation.tools < 2 or not known(prompt) then return false end
  local _, score = pick_tool(conversation.tools, prompt:lower())
  return score == 0
end

local function needs_no_tool(conversation)
  return not conversation.forced and (is_about_names(conversation) or knows_better(conversation))
end

local function spoil(conversation, turn)
  if conversation.spoiled and (conversation.schema or conversation.choice) then
    structured.spoil(turn, conversation.spoiled)
  end
end

--- One turn of the model.  `limit` caps the pieces of text, `stops` are stop strings.
function M.turn(conversation, nth, limit, stops)
  local turn = { text = "", finish = "stop" }
  if conversation.tools and needs_no_tool(conversation) then conversation.tools = nil end
  if conversation.thinks then turn.thinking = thinking_about(conversation) end
  if conversation.tools then
    turn.calls, turn.finish = tool_calls(conversation), "tool_calls"
    spoil(conversation, turn)
    return turn
  end
  if conversation.schema then
    local prompt = asked_for(conversation.said)
    turn.text = json.encode(schema.instance(conversation.schema, prompt, words.names(prompt)))
  else
    turn.text = prose(conversation, nth)
  end
  spoil(conversation, turn)
  cut_at_stop(turn, stops or {})
  if limit then cut_at_limit(turn, limit) end
  return turn
end

return M
