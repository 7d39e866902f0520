--- Neovim: reads 50 streams in coroutines that edit buffers, each complete.

attach()
local whole, ended_well = 0, 0
for _ = 1, 50 do
  coroutine.wrap(function()
    local text = {}
    for event in assert(client:chat(question(true), options "split,40")) do
      vim.api.nvim_buf_set_lines(0, -1, -1, false, { "event" })
      text[#text + 1] = event.choices[1].delta.content or ""
    end
    ended_well = ended_well + 1
    if table.concat(text) == TEXT then whole = whole + 1 end
  end)()
end
print(vim.wait(10000, function() return ended_well == 50 end), ended_well, whole, vim.api.nvim_buf_line_count(0))
