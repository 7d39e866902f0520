--- client:wait in copas: two threads at once.

for _ = 1, 2 do
  copas.addthread(function()
    local body = question()
    body.deferred = true
    local answer, _, info = client:wait("get_deferred", assert(client:chat(body)).request_id, { every = 0.01 })
    print(answer.choices[1].message.content, info.asked)
  end)
end
run()
print(xai.active())
