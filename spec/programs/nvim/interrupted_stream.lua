--- Neovim: ends a loop over a stream on <C-c>, however soon each event comes.

attach()
local inner, ask = embedded()
for _, fault in ipairs { "slow-words,50", "endless,1" } do
  ask "count, outcome = 0, nil"
  vim.fn.rpcnotify(inner, "nvim_exec_lua", [=[
    local body, fault = ...
    local ok, err = pcall(function()
      for _ in assert(client:chat(body, { headers = { ["x-fault"] = fault } })) do
        count = count + 1
      end
    end)
    outcome = { ok and "read all" or "stopped", not ok and err.kind or "" }
  ]=], { question(true), fault })
  pass(300)
  vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
  local outcome
  vim.wait(5000, function()
    outcome = ask "return outcome or false"
    return outcome
  end, 20)
  print(outcome[1], outcome[2], fault == "endless,1" or ask "return count" < 13)
end
vim.fn.jobstop(inner)
