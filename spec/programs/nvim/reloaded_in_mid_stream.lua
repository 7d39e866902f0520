--- Neovim: a reload of these modules in mid-stream loses nothing, and attaches again.

include "spec/programs/reload/drop.lua"

local handle = attach()
local words, over = {}, false
client:start("chat", question(true), options("slow-words,20", {
  on_event = function(event) words[#words + 1] = event.choices[1].delta.content end,
  on_done = function(result) over = result ~= nil end,
}))
local read_by
coroutine.wrap(function() read_by = read_stream(assert(client:chat(question(true), options "slow-words,20"))) end)()
vim.wait(5000, function() return #words > 3 end, 5)
drop(...)
local again = attach()
attach()
vim.wait(5000, function() return over and read_by end, 5)
print(over, read_by == TEXT, table.concat(words) == TEXT and "whole")
again:detach()
handle:detach()
local fresh, id = require("xai").new { max_retries = 0 }, nil
coroutine.wrap(function() id = fresh:get_model("grok-3").id end)()
print(vim.wait(5000, function() return id end, 5), id)
client:start("chat", question(), options("stall-before-head", {
  on_done = function(_, _, info) print(info.kind) end,
}))
