--- xai.cqueues: waits by cqueues's own means while others go on.

local condition = require "cqueues.condition"
local loop, cond, ticks = cqueues.new(), condition.new(), 0
loop:wrap(function()
  xai.run(function()
    local ticker = xai.spawn(function()
      while true do
        ticks = ticks + 1
        xai.sleep(0.001)
      end
    end)
    local since, polls = cqueues.monotime(), 0
    cqueues.sleep(0.1)
    polls = polls + 1
    local slept = cqueues.monotime() - since >= 0.09
    xai.spawn(function()
      xai.sleep(0.02)
      cond:signal()
    end)
    local woken = cond:wait()
    polls = polls + 1
    local timed_out = cond:wait(0.02)
    polls = polls + 1
    print("slept", slept, "woken", woken, "timed out", timed_out, "polls " .. polls .. ", others", ticks > 5)
    ticker:cancel()
  end)
end)
print(loop:loop())
