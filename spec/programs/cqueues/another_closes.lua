--- xai.cqueues: ends a wait whose client another coroutine closes.

local loop = cqueues.new()
loop:wrap(function()
  local _, message, info = read "stall-in-stream,2"
  print(message and nil, info.kind)
end)
loop:wrap(function()
  cqueues.sleep(0.05)
  client:close()
end)
print(loop:loop())
