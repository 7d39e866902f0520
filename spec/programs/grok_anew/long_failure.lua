--- The example plugin: does not have Neovim wait for Enter to tell of a long failure.

local inner, ask, told, mode = screen()
ask "require('grok').setup { model = 'grok-nonesuch-of-a-long-name-that-has-no-room-on-a-screen' }"
ask "vim.cmd 'Grok What is Lua?'"
print(told "grok-nonesuch-of-a-long-name-that-has-no-room-on-a-screen", mode())
ask "vim.cmd 'enew' vim.fn.setline(1, { 1, 2, 3 }) vim.cmd '2GrokEdit What is Lua?'"
print(told "Grok: HTTP 400 bad_request", mode())
vim.fn.jobstop(inner)
