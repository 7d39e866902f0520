--- Neovim: cannot be held up by an autocommand that follows, though it attaches and runs tasks.

attach()
client:start("chat", question(), options "stall-before-head")
vim.api.nvim_create_autocmd("VimLeave", { callback = function()
  require("xai.uv").attach()
  print(xai.run(function() return 1 end))
  for _, f in ipairs { function() xai.run(xai.sleep, 1000) end, function() xai.sleep(1000) end } do
    print(pcall(f))
  end
end })
pass(30)
