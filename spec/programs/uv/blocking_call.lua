--- xai.uv under luv: keeps the loop going while a call blocks the main program.

attach()
local ticks, timer = 0, uv.new_timer()
timer:start(0, 1, function() ticks = ticks + 1 end)
local answer = client:chat(question(), options "late-head,100")
timer:close()
uv.run()
print(answer.choices[1].message.content == TEXT, ticks > 10)
