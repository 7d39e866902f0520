--- client:wait within a loop of cqueues: two coroutines at once.

local loop = cqueues.new()
for _ = 1, 2 do
  loop:wrap(function()
    local body = question()
    body.deferred = true
    local answer, _, info = client:wait("get_deferred", assert(client:chat(body)).request_id, { every = 0.01 })
    print(answer.choices[1].message.content, info.asked)
  end)
end
print(loop:loop())
