--- xai.await in Neovim: for vim.ui.select, for a timer's fast event, and where it blocks.

attach()
vim.ui.select = function(items, _, choose) -- luacheck: ignore 122
  vim.defer_fn(function() choose(items[2], 2) end, 10)
end
local said = {}
local function timer_of(ms, f)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    f()
  end)
end
xai.spawn(function()
  local _, index = xai.await(function(done) vim.ui.select({ "a", "b" }, {}, done) end)
  said[1] = "choice " .. index
  said[2] = xai.await(function(done) timer_of(10, function() done "fast event" end) end)
end)
vim.wait(5000, function() return said[2] end, 5)
print(said[1])
print(said[2])
print(xai.await(function(done) timer_of(10, function() done "blocked" end) end))
local kept
local task = xai.spawn(function() xai.await(function(done) kept = done end) end)
pass(10)
task:cancel()
kept "late"
pass(10)
print(task:status(), xai.active() == 0)
