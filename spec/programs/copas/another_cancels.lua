--- xai.copas: ends a wait whose call another thread cancels.

local call, over
copas.addthread(function()
  call = client:start("chat", question(true), options "stall-in-stream,2")
  local result, _, info = call:wait()
  print(result, info.kind, last_end().aborted)
  over = true
end)
copas.addthread(function()
  xai.sleep(0.05)
  call:cancel()
end)
run(function() return over end)
