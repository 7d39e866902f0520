-- Run it: make run EXAMPLE=tasks
--
-- Several questions at once.  In a task a call looks as ever, and while it
-- waits the other tasks go on.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY

local function ask(question)
  local answer = assert(client:chat {
    model = "grok-4.5",
    messages = { { role = "user", content = question } },
  })
  return answer.choices[1].message.content
end

xai.run(function()
  local clock = xai.spawn(function()
    local ticks = 0
    while true do
      ticks = ticks + 1
      xai.sleep(0.01) -- only this task sleeps
    end
  end)

  -- The same for each of a list, at most two at a time; the answers in order.
  local sums = xai.map({ "What is 6 * 7?", "What is 8 + 9?", "What is 3 * 3?" }, ask, 2)
  print(table.concat(sums, "\n"))

  -- All of them; should one fail, the others are cancelled.
  local both = xai.all {
    function() return ask "What is the capital of Iceland?" end,
    function() return ask "Is 221 a prime?" end,
  }
  print(both[1])
  print(both[2])

  -- The first that answers; the other is cancelled.
  print(xai.race {
    function() return ask "What is Lua?" end,
    function()
      xai.sleep(60)
      return "no answer within a minute"
    end,
  })

  clock:cancel()
end)
