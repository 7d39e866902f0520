--- xai.cqueues: ends a wait whose call another coroutine cancels.

local loop, call, events = cqueues.new(), nil, 0
loop:wrap(function()
  call = client:start("chat", question(true), options("stall-in-stream,2", {
    on_event = function() events = events + 1 end,
  }))
  local result, _, info = call:wait()
  print(result, info.kind, last_end().aborted)
end)
loop:wrap(function()
  repeat cqueues.sleep(0.01) until events == 2
  call:cancel()
end)
print(loop:loop())
