--- Neovim: serves a call that blocks a callback.

attach()
local finished
client:start("get_api_key", { on_done = function()
  local id = client:get_model("grok-3").id
  local _, count = read_stream(assert(client:chat(question(true))))
  print(id, count)
  finished = true
end })
vim.wait(5000, function() return finished end)
