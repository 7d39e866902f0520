-- Run it: make run EXAMPLE=conversation_by_hand
--
-- What client:conversation does in conversation.lua, by hand: a list of messages, which
-- grows only by turns that ended well.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local history = { { role = "system", content = "Answer in one line." } }

local function ask(text)
  local messages = {}
  for i, message in ipairs(history) do messages[i] = message end
  messages[#messages + 1] = { role = "user", content = text }
  local answer, problem = client:chat { model = "grok-4.5", messages = messages }
  if not answer then return nil, problem end -- the history is what it was
  for _, item in ipairs(xai.as_input(answer)) do messages[#messages + 1] = item end
  history = messages
  return xai.text(answer)
end

print(assert(ask "My name is Ada."))
print(assert(ask "What is my name?"))
print(("(%d messages)"):format(#history))
