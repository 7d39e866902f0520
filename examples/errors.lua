-- Run it: make run EXAMPLE=errors
--
-- What can go wrong comes back as nil, a message for people, and a table for
-- programs.  `kind` says what happened; decide by it, never by the message.

local xai = require "xai"

local function ask(client, model)
  local answer, message, info = client:chat {
    model = model,
    messages = { { role = "user", content = "Hello!" } },
  }
  if answer then return print(answer.choices[1].message.content) end
  print(message)
  print(("  kind %s, status %s, retry %s, request %s"):format(
    info.kind, info.status or "none", info.retryable and "later" or "never", info.request_id or "none"))
end

local client = xai.new() -- the key is in XAI_API_KEY
ask(client, "grok-4.5")
ask(client, "grok-nonesuch")

ask(xai.new { api_key = "xai-wrong" }, "grok-4.5")

local nobody = xai.new { base_url = "http://127.0.0.1:9", max_retries = 0 }
ask(nobody, "grok-4.5")

-- A mistake in the program is not one of them: it raises.
print(pcall(xai.new, { time_out = 10 }))
