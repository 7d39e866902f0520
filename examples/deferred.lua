-- Run it: make run EXAMPLE=deferred
--
-- Ask now, fetch the answer later: for long work, or for another program to
-- fetch.  The answer waits 24 hours and can be fetched once.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local ticket = assert(client:chat {
  model = "grok-4.5",
  messages = { { role = "user", content = "Is 221 a prime number?" } },
  deferred = true,
})
print("ticket " .. ticket.request_id)

local answer, message, info = client:wait("get_deferred", ticket.request_id, {
  deadline = 600,
  on_wait = function() print("not ready") end,
})

if not answer then
  print(message)
  print(info.resumable and "ask for it later" or "it is lost")
  return
end
print(answer.choices[1].message.content)
