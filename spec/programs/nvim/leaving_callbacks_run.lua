--- Neovim: callbacks may run the editor's loop, or other programs, when it leaves.

local what = ...

attach()
client:start("chat", question(), { on_done = function(_, _, info)
  print(info.kind)
  if what == "the editor's loop" then vim.wait(50) end
  if what == "other programs" then
    for _ = 1, 5 do assert(vim.fn.system "echo hi" == "hi\n") end
  end
  print "went on"
end })
vim.cmd "qall!"
