--- Tools for Grok: it reads a buffer, and asks before it changes lines or runs a command.

local xai = require "xai"
local api, s = vim.api, xai.schema

--- The tools for a buffer, and a function that ends the command that runs.
local function tools_of(buffer)
  local job
  local function read_buffer() return table.concat(api.nvim_buf_get_lines(buffer, 0, -1, false), "\n") end
  local function replace_lines(args)
    api.nvim_buf_set_lines(buffer, args.first - 1, args.last, true, vim.split(args.text, "\n"))
    return "done"
  end
  local function run_command(args)
    local output
    local code = xai.await(function(done)
      job = vim.fn.jobstart({ "sh", "-c", "exec 2>&1\n" .. args.command }, {
        stdin = "null", stdout_buffered = true,
        on_stdout = function(_, lines) output = table.concat(lines, "\n") end,
        on_exit = function(_, status) done(status) end,
      })
    end)
    return { exit_code = code, output = (output or ""):sub(-10000) }
  end
  return {
    { name = "read_buffer", description = "The text in the editor", run = read_buffer },
    { name = "replace_lines", description = "Replace lines of the text, counted from 1", run = replace_lines,
      parameters = s.object(s.integer("first", { minimum = 1 }), s.integer "last", s.string "text") },
    { name = "run_command", description = "Run a shell command", run = run_command,
      parameters = s.object(s.string "command") },
  }, function() return job and vim.fn.jobstop(job) end
end

--- Ask the user.  The task of the call waits; the editor goes on.
local function approve(call)
  if call.name == "read_buffer" then return true end
  local prompt = ("Grok: %s %s"):format(call.name, call.arguments)
  local choice = xai.await(function(done) vim.ui.select({ "Yes", "No" }, { prompt = prompt }, done) end)
  return choice == "Yes", "the user said no"
end

return function(task, buffer, shown)
  return function(client, model, on_done)
    local tools, stop_command = tools_of(buffer)
    vim.keymap.set("n", "<C-c>", "<Cmd>GrokStop<CR>", { buffer = shown.buffer })
    local run = client:run_tools("respond", { model = model, input = task, tools = tools, stream = true },
      { approve = approve, parallel = 1 }) -- one question at a time
    xai.spawn(function()
      local kind, value, more = run:next_part()
      while kind do
        if kind == "call" then shown:add(nil, ("`%s %s`\n\n"):format(value.name, value.arguments)) end
        shown:add(kind == "reasoning" and value or nil, kind == "text" and value or nil)
        kind, value, more = run:next_part()
      end
      stop_command()
      on_done(nil, value, more or run:info())
    end)
    return { cancel = function() run:close() end }
  end
end
