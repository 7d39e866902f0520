--- Neovim: notices <C-c> while a callback reads a stream whose events are here, and goes on.

attach()
local inner, ask = embedded()
ask("stream = assert(client:chat(..., { headers = { ['x-fault'] = 'endless,1' } }))", question(true))
pass(500)
vim.fn.rpcnotify(inner, "nvim_exec_lua", [=[
  client:start("get_model", "grok-3", { on_done = function()
    local _, err = pcall(function()
      for _ in stream do
        local over = vim.loop.hrtime() + 2e7
        repeat until vim.loop.hrtime() > over
      end
    end)
    outcome = { err.kind, err.message }
  end })
]=], {})
pass(200)
vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
local outcome
local killer = uv.new_timer() -- it would not answer for as long as there are events
killer:start(15000, 0, function() uv.kill(vim.fn.jobpid(inner), 9) end)
vim.wait(20000, function()
  outcome = ask "return outcome or false"
  return outcome
end, 20)
killer:close()
print(unpack(outcome))
print(ask "return client:get_model('grok-3').id")
vim.fn.jobstop(inner)
