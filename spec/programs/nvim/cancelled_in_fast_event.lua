--- Neovim: tells of a call's end in the main loop, where a fast event cancels it.

attach()
local fast, told
local call = client:start("chat", question(), options("stall-before-head", {
  on_done = function(_, _, info) fast, told = vim.in_fast_event(), info.kind end,
}))
local at_once
after(30, function()
  call:cancel()
  at_once = told ~= nil
end)
vim.wait(3000, function() return told end, 10)
print(at_once, fast, told)
