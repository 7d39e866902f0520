--- Neovim: ends calls in flight when Neovim leaves, and their callbacks hear of it.

attach()
client:start("chat", question(), options("stall-before-head", {
  on_done = function(_, _, info)
    print(info.kind)
    print(select(3, client:chat(question())).kind)
  end,
}))
for _ = 1, 20 do client:start("chat", question(true), options "endless,3") end
pass(50)
vim.api.nvim_create_autocmd("VimLeave", { callback = function() print(core.active() == 0 and "none") end })
