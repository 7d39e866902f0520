--- Neovim: tells of calls that end while a callback reads slowly what is here already.

attach()
local count, ended
local stream = assert(client:chat(question(true)))
pass(50)
client:start("get_model", "grok-3", { on_done = function()
  client:start("get_model", "grok-3", { on_done = function() ended = true end })
  local events, early = 0, nil
  for _ in stream do
    events, early = events + 1, early or ended
    local over = core.now() + 0.03
    repeat until core.now() > over
  end
  count = { events, early or false }
end })
vim.wait(5000, function() return count end, 5)
print(unpack(count))
