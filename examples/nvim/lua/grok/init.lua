--- Grok in Neovim: questions, answers that stream in, and rewriting in place.
--
-- Every answer is a started call.  Its callbacks run on the main loop, so they
-- may edit buffers; nothing here waits, and any number may run at once.

local state = require "grok.state"
local view = require "grok.view"
local xai = require "xai"

local M = {}

local config = {
  model = "grok-4.5",
  client = {}, -- options of xai.new: api_key, base_url, timeout ...
}

local client

--- Change the configuration; not needed for the defaults.
function M.setup(options)
  config = vim.tbl_deep_extend("force", config, options or {})
  client = nil
end

local function get_client()
  if client then return client end
  require("xai.uv").attach()
  client = xai.new(config.client)
  return client
end

local running = state.running

local function forget(buffer, answer)
  local list = vim.tbl_filter(function(other) return other ~= answer end, running[buffer] or {})
  running[buffer] = #list > 0 and list or nil
end

local function cancel(answer)
  if answer.call then answer.call:cancel() end
end

--- A buffer that is wiped, or read anew, takes its answers with it.  The first
-- change after an answer ends the watch.
local function watch(buffer, answer)
  vim.api.nvim_buf_attach(buffer, false, {
    on_lines = function() return answer.call == nil end,
    on_detach = vim.schedule_wrap(function() cancel(answer) end),
  })
end

--- Begin an answer that fills a view.  `start(client, model, on_done)` returns what
-- `cancel` ends, and calls on_done(_, message, info) at the end.
local function begin(shown, start)
  local buffer, answer = shown.buffer, {}
  function shown.stop() cancel(answer) end
  local function on_done(_, message, info)
    forget(buffer, answer)
    answer.call = nil
    local stopped = info.kind == "cancelled" or info.kind == "closed" -- Neovim leaves
    shown:finish(stopped and "stopped" or message, not stopped)
  end
  local ok, call = pcall(function() return start(get_client(), config.model, on_done) end)
  if not ok then return shown:finish(tostring(call), true) end -- there may be no key
  answer.call = call
  running[buffer] = running[buffer] or {}
  table.insert(running[buffer], answer)
  watch(buffer, answer)
end

--- Stream the answer to `messages` into a view.
local function stream(messages, shown)
  begin(shown, function(grok, model, on_done)
    return grok:start("chat", { model = model, messages = messages, stream = true }, {
      on_event = function(event)
        local choice = event.choices and event.choices[1] or {}
        local piece = choice.delta or choice.message -- a service that ignores `stream` sends all as one
        if piece then shown:add(piece.reasoning_content, piece.content) end
      end,
      on_done = on_done,
    })
  end)
end

local function lines_of(buffer, range)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, range[1] - 1, range[2], false), "\n")
end

--- Ask; `range` is the first and last line of what goes along, or nil.
function M.ask(prompt, range)
  local source = vim.api.nvim_get_current_buf()
  local content = prompt
  if range then
    content = ("%s\n\n```%s\n%s\n```"):format(prompt, vim.bo[source].filetype, lines_of(source, range))
  end
  local shown = view.answer(prompt)
  if shown then stream({ { role = "user", content = content } }, shown) end
end

local REWRITE = "Rewrite the text as instructed. Reply with the new text alone: no remarks, no code fence."

--- Rewrite the lines from `first` to `last` in place.
function M.edit(instruction, first, last)
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.bo[buffer].modifiable then
    return view.tell "this buffer cannot be changed"
  end
  stream({
    { role = "system", content = REWRITE },
    { role = "user", content = instruction .. "\n\n" .. lines_of(buffer, { first, last }) },
  }, view.rewrite(buffer, first, last))
end

--- Let Grok do something with tools, in the current buffer and the shell.
function M.work(task)
  local source = vim.api.nvim_get_current_buf()
  local shown = view.answer(task)
  if shown then begin(shown, require "grok.work"(task, source, shown)) end
end

--- Stop the answers in the current buffer, or all of them.
function M.stop(all)
  local here = vim.api.nvim_get_current_buf()
  for _, buffer in ipairs(all and vim.tbl_keys(running) or { here }) do
    for _, answer in ipairs(running[buffer] or {}) do cancel(answer) end -- forget() makes a new list
  end
end

--- How many answers are under way, for a statusline.
function M.count()
  local count = 0
  for _, list in pairs(running) do count = count + #list end
  return count
end

return M
