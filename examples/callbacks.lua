-- Run it: make run EXAMPLE=callbacks
--
-- Three answers at once.  `start` returns without waiting; what arrives is
-- handed out by `xai.step`, which a program calls whenever it likes.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local function ask(number, question)
  client:start("chat", {
    model = "grok-4.5",
    messages = { { role = "user", content = question } },
    stream = true,
  }, {
    on_event = function()
      io.write(number, " ") -- a few words of this answer came
      io.flush()
    end,
    on_done = function(answer, message)
      print("\n" .. question)
      print("  " .. (answer and answer.choices[1].message.content or message))
    end,
  })
end

ask(1, "Tell me a joke.")
ask(2, "Name a prime between 20 and 30.")
ask(3, "What is the capital of Iceland?")

while xai.active() > 0 do
  xai.step(1) -- seconds to wait at most
end
