--- xai.uv under luv: cancels, and the server sees it.

attach()
local call
call = client:start("chat", question(true), options("endless,3", {
  on_event = function() call:cancel() end,
  on_done = function(_, _, info) print(info.kind) end,
}))
coroutine.wrap(function()
  call:wait()
  print(ended(1))
end)()
uv.run()
