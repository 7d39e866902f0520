--- An adapter of one's own: callbacks run within the loop; a wait outside of coroutines runs the loop.

local events = 0
client:start("chat", question(true), options("slow-words,2", {
  on_event = function() events = events + 1 end,
  on_done = function(result) print(result.choices[1].message.content == TEXT, events > 5) end,
}))
toy.run()
local before = toy.ticks
print(read "slow-words,2" == TEXT, toy.ticks > before)
client:start("list_models", { on_done = function() print(read "slow-words,2" == TEXT) end })
toy.run()
