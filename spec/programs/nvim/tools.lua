--- client:run_tools in Neovim: an approval that waits for the user, and a run that is stopped.

attach()
vim.ui.select = function(items, opts, choose) -- luacheck: ignore 122
  vim.defer_fn(function() choose(opts.prompt:find "Oslo" and items[1] or items[2]) end, 5)
end
local function approve(call)
  local choice = xai.await(function(done)
    vim.ui.select({ "Run it", "No" }, { prompt = call.name .. " " .. call.arguments }, done)
  end)
  return choice == "Run it", "the user said no"
end
local function sunny(args) return args.city .. " is sunny" end
local answer
xai.spawn(function() answer = xai.text((run_weather(sunny, { approve = approve }))) end)
vim.wait(5000, function() return answer end, 5)
print(answer)
print(xai.text((run_weather(sunny))))
local task = xai.spawn(run_weather, function() return xai.await(function() end) end)
pass(150)
task:cancel()
local _, err = pcall(task.wait, task)
print(err.kind, #err.run.calls, xai.active())
