--- Neovim: lets a call block the main program while the editor goes on.

attach()
local ticks, timer = 0, uv.new_timer()
timer:start(0, 1, vim.schedule_wrap(function()
  ticks = ticks + 1
  vim.api.nvim_buf_set_lines(0, 0, 1, false, { tostring(ticks) })
end))
local answer = client:chat(question(), options "late-head,200")
timer:close()
print(answer.choices[1].message.content == TEXT, ticks > 10)
