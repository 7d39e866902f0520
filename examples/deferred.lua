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

local pause = 0.25
local answer, message, info = client:get_deferred(ticket.request_id)
while not answer and info.kind == "pending" do
  print("not ready")
  xai.step(pause) -- wait
  pause = math.min(pause * 2, 10)
  answer, message, info = client:get_deferred(ticket.request_id)
end

assert(answer, message)
print(answer.choices[1].message.content)
