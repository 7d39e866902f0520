--- xai.cqueues: hands out the events of calls that nobody waits for, then lets the loop end.

local loop, events, done = cqueues.new(), 0, nil
loop:wrap(function()
  client:start("chat", question(true), options("slow-words,1", {
    on_event = function() events = events + 1 end,
    on_done = function() done = "done" end,
  }))
end)
local ok = loop:loop()
print(ok and events > 10, done)
