--- Neovim: calls callbacks where all of Neovim's functions may be used, by one schedule for each drain.

attach { schedule = counting_schedule }
local events, done, fast = 0, 0, 0
for _ = 1, 10 do
  client:start("chat", question(true), {
    on_event = function()
      events = events + 1
      if vim.in_fast_event() then fast = fast + 1 end
      vim.api.nvim_buf_set_lines(0, 0, 1, false, { "event" })
    end,
    on_done = function() done = done + 1 end,
  })
end
print(vim.wait(5000, function() return done == 10 end), events, fast, scheduled.most, scheduled.count < events)
