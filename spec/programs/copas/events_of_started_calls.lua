--- xai.copas: hands out the events of calls that nobody waits for.

local events, done = 0, nil
client:start("chat", question(true), options("slow-words,1", {
  on_event = function() events = events + 1 end,
  on_done = function() done = "done" end,
}))
run()
print(events > 10, done)
