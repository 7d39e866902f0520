--- client:conversation in luv: in a coroutine, blocking, streamed and left unread, and cancelled.

attach()
local talk = client:conversation { model = "grok-4.20-0309-non-reasoning" }
coroutine.wrap(function() print((talk:ask "My name is Ada.")) end)()
uv.run()
print((talk:ask "What is my name?"))
talk:stream "My name is Eve."
uv.run()
print((talk:ask "What is my name?"), #talk.items)
local task = xai.spawn(talk.ask, talk, "a", { headers = { ["x-fault"] = "late-head,5000" } })
after(50, function() task:cancel() end)
uv.run()
local _, err = pcall(task.wait, task)
print(err.kind, #talk.items, talk:keep(err), #talk.items)
print(xai.active(), not uv.loop_alive())
