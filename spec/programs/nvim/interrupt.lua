--- Neovim: <C-c> ends a blocking call, and the server sees it, also where the loop never rests ("busy").

local beside = ... == "busy" and "busy = vim.loop.new_idle() busy:start(function() end)" or ""

attach()
local inner, ask = embedded()
ask(beside)
vim.fn.rpcnotify(inner, "nvim_exec_lua", OUTLINE, { question() })
local seen = false
repeat
  for _, request in ipairs(client:request { path = "/_/requests" }) do
    if request.method == "POST" and request.open and not request.path:find "/_/" then seen = true end
  end
until seen
vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
print(unpack(outcome_of(ask)))
print(xai.run(function() return ended(1) end))
print(ask "return client:get_model('grok-3').id")
vim.fn.jobstop(inner)
