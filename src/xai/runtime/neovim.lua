--- Neovim: what it needs beside the adapter for libuv.
--
-- Waits that block run the editor's loop by vim.wait.  No code of the user runs, and
-- nothing waits, in fast events.  Errors are shown as messages.  When Neovim ends, all
-- calls end, and their callbacks hear of it.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.neovim"] then return kept["xai.runtime.neovim"] end

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"

local error, pcall, rawget, select = error, pcall, rawget, select
local math_max = math.max
local string_find, string_gmatch, string_gsub, string_match, string_sub =
  string.find, string.gmatch, string.gsub, string.match, string.sub

local unpack = environment.unpack
local vim = rawget(environment.globals, "vim")

-- When Neovim ends, callbacks run for so many seconds at most.
local LAST_SECONDS = 0.25

-- Code that reads without waiting does so for so many seconds at a stretch.
local STRETCH = 0.05

-- vim.wait ends and begins again so often (ms): Neovim 0.7 notices a Ctrl-C only at
-- the end of a wait for a condition.
local SLICE_MS = 100

local neovim = {
  has_left = false, -- is Neovim about to end?
}

-- When the editor last had its turn.
local last_turn = 0

--- Is this a fast event, in which no code of the user may run?
function neovim.is_restricted()
  return vim.in_fast_event ~= nil and vim.in_fast_event()
end

--- Raise an error in fast events: nothing can wait there.
function neovim.check_wait()
  if neovim.is_restricted() then
    error("xai: a call cannot wait in a fast event; make it in a coroutine, in vim.schedule or with client:start", 0)
  end
end

local function interrupted()
  return core.failure("cancelled", "interrupted")
end

--- Wait while the editor serves everything, also Ctrl-C.  vim.wait counts whole
-- milliseconds of each turn of its loop, and would go on for ever where turns are
-- shorter, so a slice ends by our clock.
local function wait_in_vim(is_ready, ...)
  local n, args = select("#", ...), { ... }
  local is_done, slice_end
  local function is_over()
    if not loop.is_attached() then loop.step(0) end -- detached by a callback
    is_done = is_ready(unpack(args, 1, n))
    return is_done or core.now() >= slice_end
  end
  repeat
    slice_end = core.now() + SLICE_MS / 1000
    local over, why = vim.wait(SLICE_MS, is_over, SLICE_MS)
    if over then why = select(2, vim.wait(0)) end -- was there a Ctrl-C?
    if why == -2 then error(interrupted(), 0) end
  until is_done
end

local function block(is_ready, ...)
  neovim.check_wait()
  loop.adapter.arm()
  local ok, err = pcall(wait_in_vim, is_ready, ...)
  last_turn = core.now()
  loop.adapter.arm()
  if not ok then error(err, 0) end
end

--- Beside a callback code reads on without waiting, too, but not within a frame that
-- xai.update serves.
local function needs_turn()
  if core.now() < last_turn + STRETCH then return false end
  return (not loop.deadline or loop.deadline ~= loop.update_deadline) and not neovim.is_restricted()
end

--- One wait runs what is scheduled, or else polls, which schedules more.  So it takes two.
local function yield_to_host()
  local why = select(2, vim.wait(0))
  if why ~= -2 then why = select(2, vim.wait(0)) end
  last_turn = core.now()
  if why == -2 then error(interrupted(), 0) end
end

-- Messages --------------------------------------------------------------------------

--- As much of the text as fits into so many columns, if possible up to a blank; and
-- the rest.
local function cut(text, room)
  local n = room
  local piece = vim.fn.strcharpart(text, 0, n)
  while n > 1 and vim.api.nvim_strwidth(piece) > room do
    n = n - 1
    piece = vim.fn.strcharpart(text, 0, n)
  end
  if #piece < #text then piece = string_match(piece, "^(.*%S%s+)%S*$") or piece end
  return piece, string_sub(text, math_max(#piece, 1) + 1)
end

--- Add a text to the messages that does not fit into the screen's last line.  As one
-- message it would have the editor wait for Enter.  The screen shows its beginning.
local function report_in_pieces(text, group)
  local room = math_max(vim.v.echospace, 10)
  for line in string_gmatch(text, "[^\n]+") do
    local left = line -- in Lua 5.5 the variable of a loop is not to be set
    repeat
      local piece
      piece, left = cut(left, room)
      vim.cmd "redraw"
      vim.api.nvim_echo({ { piece, group } }, true, {})
    until left == ""
  end
  vim.cmd "redraw"
  vim.api.nvim_echo({ { (cut(string_match(text, "[^\n]*"), room)), group } }, false, {})
end

--- Show a text about an error or, with `is_note`, of `debug`.  On stderr it would
-- damage the screen.
local function report(text, is_note)
  text = string_gsub(text, "\t", "  ")
  local group = is_note and "None" or "ErrorMsg"
  vim.schedule(function()
    local fits = not string_find(text, "\n", 1, true) and vim.api.nvim_strwidth(text) <= vim.v.echospace
    local has_screen = vim.api.nvim_list_uis()[1] ~= nil
    if has_screen and not fits then return report_in_pieces(text, group) end
    vim.api.nvim_echo({ { text, group } }, true, {})
  end)
end

--- Give the adapter for libuv what Neovim needs.  Returns its way to schedule a function.
function neovim.extend(adapter, schedule)
  if not vim.wait then return schedule end
  adapter.block, adapter.report = block, report
  adapter.needs_turn, adapter.yield_to_host = needs_turn, yield_to_host
  return function(f)
    schedule(function()
      last_turn = core.now()
      f()
    end)
  end
end

-- The end of Neovim -------------------------------------------------------------------

local is_running_last = false

--- Run what is ready and what comes of it, but not for long.
local function run_last(last_moment)
  local deadline = loop.deadline
  loop.set_deadline(last_moment)
  repeat
    loop.run(math_max(last_moment - core.now(), 0), true)
  until not (loop.has_ready() or core.has_ready()) or core.now() >= last_moment
  loop.set_deadline(deadline)
end

--- While Neovim ends nothing blocks: what is ready can still be had.
local function refuse_to_block(last_moment)
  return function(is_ready, ...)
    if not is_running_last then
      is_running_last = true
      local ok, err = pcall(run_last, last_moment)
      is_running_last = false
      if not ok then error(err, 0) end
    end
    if not is_ready(...) then error("xai: this wait cannot end, Neovim is leaving", 0) end
  end
end

local function nothing() end

--- End all calls, and let their callbacks hear of it.
local function leave(close)
  if not close() then return end
  neovim.has_left = true
  local last_moment = core.now() + LAST_SECONDS
  loop.attach {
    arm = nothing, block = refuse_to_block(last_moment), is_leaving = true,
    check_wait = neovim.check_wait, is_restricted = neovim.is_restricted,
  }
  core.close()
  loop.leave()
  run_last(last_moment)
end

local is_listening = false

--- When Neovim ends, call `close()`, which ends what watches for the library and
-- returns whether there was something; then end all calls.
function neovim.call_on_leave(close)
  if is_listening or not (vim.api and vim.api.nvim_create_autocmd) then return end
  if neovim.is_restricted() then
    return vim.schedule(function() neovim.call_on_leave(close) end)
  end
  is_listening = true
  vim.api.nvim_create_autocmd("VimLeavePre", { callback = function() leave(close) end })
end

kept["xai.runtime.neovim"] = neovim
return neovim
