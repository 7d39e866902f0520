--- client:wait in luv: in a coroutine, started, blocking, and cancelled in its pause.

attach()
local function ticket()
  local body = question()
  body.deferred = true
  return assert(client:chat(body)).request_id
end
local quick = { every = 0.01 }
coroutine.wrap(function()
  local answer, _, info = client:wait("get_deferred", ticket(), quick)
  print(answer.choices[1].message.content, info.asked)
end)()
uv.run()
local task = xai.spawn(client.wait, client, "get_deferred", ticket(), quick)
uv.run()
print(task:wait().choices[1].message.content)
print(client:wait("get_deferred", ticket(), quick).choices[1].message.content)
local id = ticket()
task = xai.spawn(client.wait, client, "get_deferred", id, { every = 60 })
after(50, function() task:cancel() end)
uv.run()
local _, err = pcall(task.wait, task)
print(err.kind, err.id == id, err.resumable, err.asked)
print(xai.active(), not uv.loop_alive())
