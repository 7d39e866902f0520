-- Run it: make run EXAMPLE=poll
--
-- A loop of your own needs three functions: `xai.fd` is one descriptor to
-- watch for reading, `xai.timeout` says how long at most, and `xai.step(0)`
-- hands out what has come.  Here the loop is poll(2), from luaposix.  What
-- waits is a task: it goes on when the loop comes by.

local xai = require "xai"

local has_poll, poll = pcall(require, "posix.poll")
local client = xai.new() -- the key is in XAI_API_KEY

--- Sleep until the descriptor is readable, or the seconds (nil: any number) are over.
local function sleep(fd, seconds)
  local ms = seconds and math.ceil(seconds * 1000) or -1
  poll.rpoll(fd, ms)
end

local left = 0

--- Ask now, and fetch the answer when the service has it.
local function ask(question)
  left = left + 1
  xai.spawn(function()
    local ticket = assert(client:chat {
      model = "grok-4.5",
      messages = { { role = "user", content = question } },
      deferred = true,
    })
    local answer, message = client:wait("get_deferred", ticket.request_id)
    print(answer and answer.choices[1].message.content or message)
    left = left - 1
  end)
end

ask "Tell me a joke."
ask "What is the capital of Iceland?"

while left > 0 do
  local fd = has_poll and xai.fd()
  if fd then
    sleep(fd, xai.timeout())
    xai.step(0)
  else
    xai.step(1) -- without poll, or off Linux: let it wait by itself
  end
end
