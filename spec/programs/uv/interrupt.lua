--- xai.uv under luv: Ctrl-C ends a call that blocks the main program.

local silent = options "stall-before-head"
local ways = {
  ["a call"] = function() client:chat(question(), silent) end,
  ["a started call"] = function() client:start("chat", question(), silent):wait() end,
  ["a run of tasks"] = function() xai.run(function() client:chat(question(), silent) end) end,
}

attach()
local kill = ("(sleep 0.2; kill -INT %d) &"):format(uv.os_getpid())
after(50, function() os.execute(kill) end) -- the program waits again when the signal comes
local ok, err = pcall(ways[...])
print(ok, err.kind, err.message)
print(client:get_model("grok-3").id)
