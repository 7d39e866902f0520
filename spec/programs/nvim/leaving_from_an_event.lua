--- Neovim: a call from whose event it leaves hears of that: with this fault, after so many milliseconds.

local fault, ms = ...
local count = 0

attach()
client:start("chat", question(true), options(fault, {
  on_event = function()
    count = count + 1
    pass(tonumber(ms))
    vim.cmd "qall!"
  end,
  on_done = function(result, _, info) print(count, result ~= nil or info.kind == "closed") end,
}))
vim.wait(5000, function() return false end)
