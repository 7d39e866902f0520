--- The example plugin: tells in one line that no answer can be shown, and leaves no buffer.

local inner, ask, told, mode = screen()
ask [=[
  vim.cmd "nnoremap <F5> <Cmd>Grok hi<CR>"
  vim.cmd [==[inoremap <expr> <F6> luaeval('vim.cmd("Grok hi")')]==]
  function answers()
    vim.cmd "messages clear"
    return #vim.tbl_filter(function(at) return vim.bo[at].filetype == "markdown" end, vim.api.nvim_list_bufs())
  end
]=]
local function has_told(keys, number)
  vim.fn.rpcrequest(inner, "nvim_input", keys)
  print(told("Grok: no answer can be shown here: E" .. number), mode(), ask "return answers()")
end
has_told("q:<F5>", "11") -- the command-line window
has_told(":q<CR>i<F6><Esc>", "") -- text is locked
ask "vim.cmd 'set winminwidth=12' for _ = 1, 9 do pcall(vim.cmd, 'vsplit') end"
has_told("<F5>", "36") -- no room
vim.fn.jobstop(inner)
