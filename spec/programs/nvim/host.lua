--- host.lua - what the programs within Neovim have on top of those of uv.

-- luacheck: globals scheduled counting_schedule OUTLINE pass embedded outcome_of

include "spec/programs/uv/host.lua"

--- Counts what waits to be run by vim.schedule: how many in all, and at most at once.
scheduled = { count = 0, waiting = 0, most = 0 }

function counting_schedule(f)
  scheduled.count, scheduled.waiting = scheduled.count + 1, scheduled.waiting + 1
  scheduled.most = math.max(scheduled.most, scheduled.waiting)
  vim.schedule(function()
    scheduled.waiting = scheduled.waiting - 1
    f()
  end)
end

--- In another Neovim: a blocking call that has no answer, and how it ended.
OUTLINE = [[
  local ok, err = pcall(client.chat, client, ..., { headers = { ["x-fault"] = "stall-before-head" } })
  outcome = { tostring(ok), err.kind, err.message }
]]

--- Let so many milliseconds pass. vim.wait alone counts whole milliseconds of
-- each round of its loop: with rounds shorter than one it never ends.
function pass(ms)
  local till = vim.loop.hrtime() + ms * 1e6
  vim.wait(60000, function() return vim.loop.hrtime() >= till end, 1)
end

--- A Neovim inside of this one, with a client of its own: its channel, and what
-- runs code there and gives what it returns.
function embedded()
  local inner = vim.fn.jobstart({ "nvim", "--embed", "--headless", "-u", "NONE", "-i", "NONE" }, { rpc = true })
  local function ask(code, ...) return vim.fn.rpcrequest(inner, "nvim_exec_lua", code, { ... }) end
  ask("package.path, package.cpath = ...", package.path, package.cpath)
  ask "require('xai.uv').attach() client = require('xai').new { max_retries = 0 }"
  return inner, ask
end

--- What the embedded one has left in its `outcome`, when there is something.
function outcome_of(ask)
  local outcome
  vim.wait(5000, function()
    outcome = ask "return outcome or false"
    return outcome
  end, 20)
  return outcome
end
