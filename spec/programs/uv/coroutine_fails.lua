--- xai.uv under luv: leaves no stream open where a coroutine fails.

attach()
collectgarbage "stop"
local failed = false
xai.on_error = function(_, traceback) failed = traceback:find "enough\nstack traceback:" ~= nil end
coroutine.wrap(function()
  for _ in assert(client:chat(question(true), options "endless,3")) do error "enough" end -- luacheck: ignore 512
end)()
coroutine.wrap(function()
  local how = ended(1)
  print(failed, how)
end)()
uv.run()
