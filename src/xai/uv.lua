--- libuv: within the loop of luv or of Neovim, calls wait without stopping it.
--
-- One handle watches the library's one descriptor while a call is in flight or a
-- coroutine is ready.  Otherwise nothing wakes the libuv loop, and it may end.
-- runtime/neovim.lua has what is special in Neovim.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.uv"] then return kept["xai.uv"] end

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"

local assert, error, pairs, pcall, rawget, require, tostring, type =
  assert, error, pairs, pcall, rawget, require, tostring, type
local math_min, string_format = math.min, string.format

local vim = rawget(environment.globals, "vim")
local neovim = vim and environment.lazy_require "xai.runtime.neovim"

-- A turn of the libuv loop runs callbacks for so many seconds.  The rest has its turn
-- after the loop's other work.
local BUDGET = 0.002

-- A turn serves so many sockets; the descriptor stays readable for the others.
local PORTION = 16

-- Without a descriptor to watch a timer drives the loop so often (ms).
local PERIOD_MS = 10

-- A blocking wait ends now and then by itself, see loop.lua.
local SLICE = 0.5

-- What belongs to the attached libuv loop, or nil: uv, schedule, its handles watcher
-- (of the descriptor, or a timer) and turn, and flags: watching, soon (a turn is asked
-- for), scheduled (a drain will come), draining.
local state

local attached = 0 -- handles that users hold

-- uv module -> its state.  Handles stay open, as luv must not end with one closing.
local states = {}

local on_event, on_turn

local function make_handles(new)
  local fd = core.fd()
  new.has_fd, new.watching, new.soon = fd ~= nil, false, false
  new.watcher = assert(fd and new.uv.new_poll(fd) or not fd and new.uv.new_timer())
  new.turn = assert(new.uv.new_idle())
end

--- Did somebody close all handles of the libuv loop, as one does at its end?
local function are_closed()
  return state.watcher:is_closing() or state.turn:is_closing()
end

local function rest()
  local closed = are_closed()
  if state.watching and not closed then state.watcher:stop() end
  if state.soon and not closed then state.turn:stop() end
  state.watching, state.soon = false, false
end

local function watch()
  if state.watching then return end
  state.watching = true
  if state.has_fd then return state.watcher:start("r", on_event) end
  state.watcher:start(PERIOD_MS, PERIOD_MS, on_event)
end

--- Ask for a turn without an event on the descriptor, after one round of the loop.
local function ask_for_turn()
  if state.soon then return end
  state.soon = true
  state.turn:start(on_turn)
end

--- Watch if there is something to watch for; otherwise let the libuv loop rest.
local function settle()
  if not state or state.draining or state.scheduled then return end
  if not loop.is_busy() then return rest() end
  if are_closed() then make_handles(state) end
  watch()
  if loop.has_ready() or core.has_ready() then return ask_for_turn() end
  if state.soon then state.turn:stop() end
  state.soon = false
end

--- Run what is ready, but not for long.  In Neovim a callback may run the editor's
-- loop, by a prompt or vim.wait, so the next drain may come within this one.
local function drain()
  if not state then return end
  local own, draining = state, state.draining
  own.scheduled, own.draining = false, not own.schedule
  settle()
  local ok, err = pcall(loop.run, BUDGET)
  own.draining = draining
  if not ok then loop.report(err, loop.describe(err)) end -- nobody waits who could raise it
  settle()
end

--- The descriptor is readable, or the timer has fired.  With a `schedule` no code of
-- the user may run here: it runs in one scheduled drain, and we rest until then.
function on_event()
  if not state then return end
  loop.collect(PORTION)
  if not state.schedule then return drain() end
  local is_due = core.timeout() == 0 or loop.has_ready() or loop.waits_blocked > 0
  if not is_due then return settle() end
  rest()
  if state.scheduled then return end
  state.scheduled = true
  state.schedule(drain)
end

function on_turn()
  if not state then return end
  state.soon = false
  state.turn:stop()
  on_event()
end

-- Waits that block ------------------------------------------------------------------

local function is_running()
  return state.draining or state.uv.loop_mode and state.uv.loop_mode() ~= nil
end

--- How long the libuv loop may wait now, in seconds.
local function time_left(uv)
  uv.update_time()
  local ms = uv.backend_timeout()
  return ms < 0 and SLICE or math_min(ms / 1000, SLICE)
end

--- Run one iteration of the libuv loop.  If the last one ran no callbacks, poll before
-- this one.  libuv itself would go on polling after a signal, so that the interpreter's
-- hook for Ctrl-C would have to wait.  (What callbacks start is watched from the next
-- iteration on, so it is not polled for.)  Returns whether the loop has something to
-- do, and whether this iteration ran no callbacks.
local function iterate(uv, was_calm)
  if not state.has_fd then return uv.run("once"), false end
  local came = core.await(uv.backend_fd(), was_calm and time_left(uv) or 0)
  local is_calm = not came and time_left(uv) > 0
  return uv.run("nowait"), is_calm
end

--- Run the libuv loop meanwhile, unless that loop has called us.
local function wait_blocking(is_ready, ...)
  local nested, stuck, calm = is_running(), false, false
  while not is_ready(...) do
    if stuck then error("xai: this wait cannot end: nothing is under way and the loop has nothing to do", 0) end
    if nested or not state then
      stuck = loop.is_idle() -- the libuv loop runs nobody's code meanwhile
      if not stuck then loop.step(SLICE) end
    else
      local alive
      alive, calm = iterate(state.uv, calm)
      stuck = not alive and not loop.is_busy()
    end
  end
end

local function block(is_ready, ...)
  settle()
  local ok, err = pcall(wait_blocking, is_ready, ...)
  settle()
  if not ok then error(err, 0) end
end

-- Attaching -------------------------------------------------------------------------

local adapter = { arm = settle, after_run = settle, block = block }

if neovim then
  adapter.check_wait, adapter.is_restricted = neovim.check_wait, neovim.is_restricted
end

local function default_uv()
  return vim and (vim.uv or vim.loop) or require "luv"
end

local function default_schedule(uv)
  return vim and uv == (vim.uv or vim.loop) and vim.schedule or nil
end

local function new_state(uv)
  local new = { uv = uv }
  make_handles(new)
  states[uv] = new
  return new
end

local function begin(uv, schedule)
  state = states[uv] or new_state(uv)
  state.schedule, state.scheduled, state.draining = schedule, false, false
  if neovim and schedule then state.schedule = neovim.extend(adapter, schedule) end
  loop.attach(adapter)
end

local function finish()
  rest()
  state = nil
  loop.detach(adapter)
end

--- Neovim is about to end.  Its last callbacks may run the editor's loop, which must
-- not watch a descriptor that is closed, and perhaps somebody else's by then.
local function close()
  if not state then return false end
  local watcher, turn = state.watcher, state.turn
  attached = 0
  states[state.uv] = nil
  finish()
  if not watcher:is_closing() then watcher:close() end
  if not turn:is_closing() then turn:close() end
  return true
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

--- Let the running libuv loop drive everything.  `opts.uv` is the loop's module (by
-- default Neovim's, or luv), `opts.schedule` a function that calls its argument later,
-- where code of the user may run (in Neovim: vim.schedule).  Returns a handle whose
-- method `detach` ends that; attached twice, it takes two detaches.
function M.attach(opts)
  opts = opts or {}
  check(opts)
  local uv = opts.uv or state and state.uv or default_uv()
  if state and state.uv ~= uv then error("xai.uv.attach: another loop is attached", 2) end
  if not state and not (neovim and neovim.has_left) then
    begin(uv, opts.schedule or default_schedule(uv))
    if neovim then neovim.call_on_leave(close) end
  end
  attached = attached + 1
  local handle = {}
  function handle:detach()
    if self.gone then return end
    self.gone = true
    attached = attached - 1
    if attached == 0 and state then finish() end
  end
  return handle
end

kept["xai.uv"] = M
return M
