--- The example plugin: Grok works with tools, and the user is asked before each change and command.

local asked = {}
local function choose(answer)
  vim.ui.select = function(items, opts, done) -- luacheck: ignore 122
    asked[#asked + 1] = opts.prompt
    if answer then vim.defer_fn(function() done(items[answer], answer) end, 20) end
  end
end

local source = vim.api.nvim_get_current_buf()
edit()
local function work(task)
  vim.api.nvim_set_current_buf(source)
  vim.cmd("GrokDo " .. task)
  local in_time = vim.wait(5000, idle)
  local said = text():gsub("\n", " "):match "Here is what I found. (.*)"
  print(in_time, #asked, said)
end

choose(1)
work "replace lines 2 to 3"
print((text(source):gsub("\n", " ")))
print(asked[1])
work "echo $((1 + 2)) run command"
work "read the buffer"
choose(2)
work "replace lines 1 to 5"
print((text(source):gsub("\n", " ")))

-- Stopped while the user is asked, and while a command runs.
choose(nil)
vim.cmd "GrokDo echo run command"
vim.wait(5000, function() return #asked == 4 end)
vim.cmd "GrokStop"
print(vim.wait(5000, idle) and xai.active(), (text():match "%[.*%]"))
choose(1)
local job
local jobstart = vim.fn.jobstart
vim.fn.jobstart = function(...) -- luacheck: ignore 122
  job = jobstart(...)
  return job
end
vim.cmd "GrokDo exec sleep 600 # run command"
vim.wait(5000, function() return job end)
local pid = vim.fn.jobpid(job)
vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes("<C-c>", true, false, true), "mx", false)
print(vim.wait(5000, idle) and xai.active(), (text():match "%[.*%]"))
print((vim.wait(5000, function() return vim.loop.kill(pid, 0) ~= 0 end)))
