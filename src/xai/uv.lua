--- libuv: within the loop of luv or of Neovim, calls wait without stopping it.
--
-- One handle watches the engine's one descriptor while something is under
-- way; with nothing under way nothing wakes the loop, and it may end.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.uv"] then return kept["xai.uv"] end

local core = require "xai.core"
local parking = require "xai.runtime.parking"
local pump = require "xai.runtime.loop"
local environment = require "xai.runtime.environment"
local wait = require "xai.runtime.wait"

local assert, error, pairs, pcall, rawget, require, select, tostring, type, xpcall =
  assert, error, pairs, pcall, rawget, require, select, tostring, type, xpcall
local math_max, math_min = math.max, math.min
local string_find, string_format, string_gmatch, string_gsub, string_match, string_sub =
  string.find, string.format, string.gmatch, string.gsub, string.match, string.sub

local unpack = environment.unpack
local vim = rawget(environment.globals, "vim")

-- What is handed out in one turn of the loop ends after so many seconds; the
-- rest has its turn after the loop's other work.
local BUDGET = 0.002

-- How many sockets one turn serves; the descriptor goes on telling of the others.
local PORTION = 16

-- And what is handed out when Neovim ends.
local GOODBYE = 0.25

-- Where there is no descriptor to watch, a timer looks so often (ms).
local PERIOD_MS = 10

-- A wait that blocks ends now and then by itself, so that the hook of an
-- interpreter's Ctrl-C can run.
local SLICE = 0.5

-- How long who reads what is here already does so at a stretch, in Neovim.
local BREATH = 0.05

-- vim.wait goes on in slices, too (ms): Neovim 0.7 notices a Ctrl-C only
-- at the end of a wait for a condition.
local VIM_SLICE_MS = 100

-- The loop that we are attached to, or nil: uv, schedule, its handles watcher
-- (of the descriptor, or a timer) and turn, and how things are: watching, soon
-- (a turn is asked for), scheduled (a drain will come), draining, until when
-- (our frame_end), blocked (waits that run the loop), breath (when the editor
-- last had its turn).
local loop

local attached = 0 -- handles that users hold

-- Set when Neovim ends: until this moment (of core.now) things are handed out.
local last_moment

-- uv module -> its loop: handles stay, as luv must not end with one closing.
local loops = {}

local on_event, on_turn

local function make_handles(new)
  local fd = core.fd()
  new.has_fd, new.watching, new.soon = fd ~= nil, false, false
  new.watcher = assert(fd and new.uv.new_poll(fd) or not fd and new.uv.new_timer())
  new.turn = assert(new.uv.new_idle())
end

--- Did somebody close all handles of the loop, as one does at its end?
local function are_closed()
  return loop.watcher:is_closing() or loop.turn:is_closing()
end

local function is_busy()
  return core.active() > 0 or core.timeout() ~= nil or pump.has_ready()
end

local function rest()
  local closed = are_closed()
  if loop.watching and not closed then loop.watcher:stop() end
  if loop.soon and not closed then loop.turn:stop() end
  loop.watching, loop.soon = false, false
end

local function watch()
  if loop.watching then return end
  loop.watching = true
  if loop.has_fd then return loop.watcher:start("r", on_event) end
  loop.watcher:start(PERIOD_MS, PERIOD_MS, on_event)
end

--- A turn without waiting for the descriptor, once the loop has been around.
local function ask_for_turn()
  if loop.soon then return end
  loop.soon = true
  loop.turn:start(on_turn)
end

--- Watch if there is something to watch for; else let the loop rest.
local function settle()
  if not loop or loop.draining or loop.scheduled then return end
  if not is_busy() then return rest() end
  if are_closed() then make_handles(loop) end
  watch()
  if pump.has_ready() or core.has_ready() then return ask_for_turn() end
  if loop.soon then loop.turn:stop() end
  loop.soon = false
end

local function traceback(err)
  return { err = err, text = environment.traceback(pump.describe(err), 2) }
end

--- Hand out what is here, but not for long.
local function drain()
  if not loop then return end
  local own, before, draining, frame_end = loop, pump.deadline, loop.draining, loop.frame_end
  -- In Neovim a callback may run the editor's loop, by a prompt or vim.wait:
  -- there the next drain comes meanwhile.
  loop.scheduled, loop.draining = false, not loop.schedule
  settle()
  if pump.begin_frame then pump.begin_frame() end
  own.breath = core.now()
  own.frame_end = own.breath + BUDGET
  pump.deadline = own.frame_end
  local ok, problem = xpcall(pump.hand_out, traceback)
  pump.deadline, own.frame_end = before, frame_end
  if not ok and own.blocked > 0 and pump.is_interrupt(problem.err) then
    own.interrupt = problem -- whoever waits raises it
  elseif not ok then
    pump.report(problem.err, problem.text)
  end
  if not loop then return end -- detached by a callback
  loop.draining = draining
  settle()
end

--- The descriptor, or the timer, has told of something.  In Neovim no user's
-- code may run here: it does in one scheduled drain, and we rest until then.
function on_event()
  if not loop then return end
  core.step(0, PORTION)
  if not loop.schedule then return drain() end
  local due = core.timeout() == 0 or pump.has_ready() or loop.blocked > 0
  if not due then return settle() end
  rest()
  if loop.scheduled then return end
  loop.scheduled = true
  loop.schedule(drain)
end

function on_turn()
  if not loop then return end
  loop.soon = false
  loop.turn:stop()
  on_event()
end

-- ---- Waits that block -------------------------------------------------------

local function is_fast()
  return vim ~= nil and vim.in_fast_event ~= nil and vim.in_fast_event()
end

--- Raise what the function for interrupts has raised in the loop.
local function raise_interrupt(own)
  local problem = own and own.interrupt
  if not problem then return end
  own.interrupt = nil
  error(problem.err, 0)
end

--- Neovim: it serves everything of its own in the meantime, also Ctrl-C. (Its
-- wait counts whole milliseconds of each turn of the loop, so turns that are
-- shorter would go on for ever: a slice ends by our clock.)
local function wait_in_vim(ready, ...)
  local n, args = select("#", ...), { ... }
  local is_done, slice_end
  local function is_over()
    if not loop then pump.step(0) end -- detached by a callback
    is_done = ready(unpack(args, 1, n))
    return is_done or core.now() >= slice_end
  end
  repeat
    slice_end = core.now() + VIM_SLICE_MS / 1000
    local over, why = vim.wait(VIM_SLICE_MS, is_over, VIM_SLICE_MS)
    if over then why = select(2, vim.wait(0)) end -- was there a Ctrl-C?
    if why == -2 then error(core.failure("cancelled", "interrupted"), 0) end
    raise_interrupt(loop)
  until is_done
end

local function is_running()
  return loop.draining or loop.uv.loop_mode and loop.uv.loop_mode() ~= nil
end

--- How long the loop may wait now, in seconds.
local function time_left(uv)
  uv.update_time()
  local ms = uv.backend_timeout()
  return ms < 0 and SLICE or math_min(ms / 1000, SLICE)
end

--- One turn of the loop; after a calm one, which ran nobody's code, wait for
-- it.  We do that: libuv itself goes on waiting when a signal has come, whose
-- handler in the interpreter then has to wait, too.  (What code in a turn
-- starts to watch, the loop watches from the next turn on, so that one is not
-- waited for.)  Has the loop something to do, and was the turn calm?
local function go_round(uv, after_calm)
  if not loop.has_fd then return uv.run("once"), false end
  local came = core.await(uv.backend_fd(), after_calm and time_left(uv) or 0)
  local calm = not came and time_left(uv) > 0
  return uv.run("nowait"), calm
end

--- luv: the loop runs in the meantime, unless it is the loop that called us.
local function wait_in_luv(ready, ...)
  local nested, stuck, calm = is_running(), false, false
  while not ready(...) do
    if stuck then error("xai: this wait cannot end: nothing is under way and the loop has nothing to do", 0) end
    if nested or not loop then
      stuck = wait.is_idle ~= nil and wait.is_idle() -- the loop runs nobody's code meanwhile
      if not stuck then pump.step(SLICE) end
    else
      local alive
      local own = loop
      alive, calm = go_round(own.uv, calm)
      raise_interrupt(own)
      stuck = not alive and not is_busy()
    end
  end
end

local function refuse()
  if is_fast() then
    error("xai: a call cannot wait in a fast event; make it in a coroutine, in vim.schedule or with client:start", 0)
  end
end

local function block(ready, ...)
  refuse()
  local own, deadline, draining = loop, pump.deadline, loop.draining
  local waits = loop.in_vim and wait_in_vim or wait_in_luv
  pump.deadline, own.blocked = nil, own.blocked + 1
  if waits == wait_in_vim then own.draining = false end
  settle()
  local ok, err = pcall(waits, ready, ...)
  pump.deadline, own.blocked, own.draining = deadline, own.blocked - 1, draining
  own.breath = core.now()
  settle()
  if not ok then error(err, 0) end
end

--- What is here already is taken without a wait; so that whoever reads it does
-- not keep the editor from its work, it has a turn now and then: also beside a
-- callback, but not within somebody's frame (xai.update).
local function needs_turn()
  if core.now() < loop.breath + BREATH then return false end
  return (not pump.deadline or pump.deadline == loop.frame_end) and not is_fast()
end

--- Its turn. (Its wait runs what is scheduled, or else looks what has come,
-- which schedules more: so it takes two.)
local function breathe()
  local why = select(2, vim.wait(0))
  if why ~= -2 then why = select(2, vim.wait(0)) end
  if loop then loop.breath = core.now() end
  if why == -2 then error(core.failure("cancelled", "interrupted"), 0) end
end

-- ---- Attaching --------------------------------------------------------------

local function default_uv()
  return vim and (vim.uv or vim.loop) or require "luv"
end

local function new_loop(uv)
  local new = { uv = uv, blocked = 0, breath = 0 }
  make_handles(new)
  loops[uv] = new
  return new
end

--- As much of the text as so many columns have room for, if it can be up to a
-- blank; and the rest.
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

--- Put a text among the messages that has no room in the last line of the
-- screen: as one message it would have the editor wait for Enter.  What is
-- shown then is its beginning.
local function tell_in_pieces(text, group)
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

--- Words about an error in a callback, or of `debug`; on stderr they would
-- spoil the screen.
local function tell_in_vim(text, is_note)
  text = string_gsub(text, "\t", "  ")
  local group = is_note and "None" or "ErrorMsg"
  vim.schedule(function()
    local has_room = not string_find(text, "\n", 1, true) and vim.api.nvim_strwidth(text) <= vim.v.echospace
    local has_screen = vim.api.nvim_list_uis()[1] ~= nil
    if has_screen and not has_room then return tell_in_pieces(text, group) end
    vim.api.nvim_echo({ { text, group } }, true, {})
  end)
end

local function begin(uv, schedule)
  loop = loops[uv] or new_loop(uv)
  loop.schedule, loop.scheduled, loop.draining = schedule, false, false
  loop.in_vim = schedule ~= nil and vim ~= nil and vim.wait ~= nil
  wait.host = { parker = parking.parker, block = block, is_fast = is_fast, refuse = refuse }
  if loop.in_vim then
    wait.host.needs_turn, wait.host.breathe, pump.tell = needs_turn, breathe, tell_in_vim
  end
  pump.on_active, pump.handed_out = settle, settle
  settle()
end

local function finish()
  rest()
  loop, wait.host, pump.on_active, pump.handed_out, pump.tell = nil, nil, nil, nil, nil
end

--- Hand out what is ready and what comes of it, but not for long.
local function hand_out_last()
  local before = pump.deadline
  pump.deadline = last_moment
  repeat pump.hand_out() until not (pump.has_ready() or core.has_ready()) or pump.is_late()
  pump.deadline = before
end

local handing_out = false

--- While Neovim ends nobody blocks: what is ready can still be had.
local function wait_no_more(ready, ...)
  if not handing_out then
    handing_out = true
    local ok, err = pcall(hand_out_last)
    handing_out = false
    if not ok then error(err, 0) end -- there was no memory
  end
  if not ready(...) then error("xai: this wait cannot end, Neovim is leaving", 0) end
end

--- Neovim is about to end: so do all calls, and their callbacks hear of it.
-- These may run the editor's loop, which must not watch a descriptor that is
-- closed, and perhaps somebody else's by then: so the handles go first.
local function leave()
  if not loop then return end
  local watcher, turn = loop.watcher, loop.turn
  attached = 0
  loops[loop.uv] = nil
  finish()
  if not watcher:is_closing() then watcher:close() end
  if not turn:is_closing() then turn:close() end
  last_moment = core.now() + GOODBYE
  wait.host = {
    parker = parking.parker, block = wait_no_more, is_fast = is_fast, refuse = refuse, is_leaving = true,
  }
  core.close()
  pump.leave()
  hand_out_last()
end

local leaves = false

local leave_with_vim

function leave_with_vim()
  if leaves or not (vim and vim.api and vim.api.nvim_create_autocmd) then return end
  if is_fast() then return vim.schedule(leave_with_vim) end
  leaves = true
  vim.api.nvim_create_autocmd("VimLeavePre", { callback = leave })
end

local TYPES = { uv = "table", schedule = "function" }

local function check(opts)
  if type(opts) ~= "table" then error("xai.uv.attach: expected a table of options, got " .. type(opts), 3) end
  for name, value in pairs(opts) do
    if not TYPES[name] then error("xai.uv.attach: unknown option '" .. tostring(name) .. "' (uv, schedule)", 3) end
    if type(value) ~= TYPES[name] then
      error(string_format("xai.uv.attach: %s must be a %s, got %s", name, TYPES[name], type(value)), 3)
    end
  end
end

local M = {}

--- Let the running libuv loop move everything.  `opts.uv` is the loop's module
-- (Neovim's, else luv), `opts.schedule` what brings a function to where user's
-- code may run (Neovim: vim.schedule).  Attached twice, it takes two detaches.
function M.attach(opts)
  opts = opts or {}
  check(opts)
  local uv = opts.uv or loop and loop.uv or default_uv()
  if loop and loop.uv ~= uv then error("xai.uv.attach: another loop is attached", 2) end
  if not loop and not last_moment then
    begin(uv, opts.schedule or vim and uv == (vim.uv or vim.loop) and vim.schedule or nil)
    leave_with_vim()
  end
  attached = attached + 1
  local handle = {}
  function handle:detach()
    if self.gone then return end
    self.gone = true
    attached = attached - 1
    if attached == 0 and loop then finish() end
  end
  return handle
end

kept["xai.uv"] = M
return M
