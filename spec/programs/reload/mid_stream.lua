--- A coroutine of this loop that reloads in the middle of a stream goes on with it, and waits for nothing else.

local loop = LOOPS[...]()
local text, others, first, over = nil, 0, nil, 0

loop.again()
loop.start(function()
  local stream = assert(client:chat(question(true), options "slow-words,20"))
  local words = { stream:next().choices[1].delta.content }
  drop "^xai"
  loop.again()
  for _ = 1, 100 do
    local event = stream:next()
    if not event then break end
    words[#words + 1] = event.choices[1] and event.choices[1].delta.content
  end
  text, over = table.concat(words), over + 1
end)
loop.start(function()
  local one = new_client()
  for _ = 1, 5 do
    if one:get_model "grok-3" then others = others + 1 end
  end
  first, over = text, over + 1
end)
loop.wait(function() return over == 2 end)
print(text == TEXT, others == 5, first == nil)
