--- Neovim: wakes nobody with nothing in flight.

attach { uv = counting_uv, schedule = vim.schedule }
client:chat(question())
local worked = counted.calls > 0
vim.wait(50)
counted.calls = 0
vim.wait(300)
print(worked, counted.calls)
