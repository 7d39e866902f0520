--- xai.copas: ends a wait whose call another thread cancels.

local call
copas.addthread(function()
  call = client:start("chat", question(true), options "stall-in-stream,2")
  local result, _, info = call:wait()
  print(result, info.kind, last_end().aborted)
end)
copas.addthread(function()
  xai.sleep(0.05)
  call:cancel()
end)
run()
