--- Neovim: raises where a call would block a fast event, and not in its coroutines.

attach()
local tried, id
after(1, function()
  tried = { pcall(client.get_model, client, "grok-3") }
  coroutine.wrap(function()
    id = client:get_model("grok-3").id
    print(id, vim.in_fast_event())
  end)()
end)
vim.wait(100, function() return tried end)
print(tried[1], tried[2]:find "fast event" ~= nil)
vim.wait(5000, function() return id end)
