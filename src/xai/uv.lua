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
local vim_uv = vim and (vim.uv or vim.loop)
local neovim = vim and environment.lazy_require "xai.runtime.neovim"

local BUDGET = 0.002 -- seconds of callbacks in a turn; the rest comes after the libuv loop's other work
local PORTION = 16 -- sockets that a turn serves; the descriptor stays readable for the others
local PERIOD_MS = 10 -- without a descriptor to watch a timer drives the loop so often
local SLICE = 0.5 -- seconds after which a blocking wait ends by itself, see loop.lua

-- What belongs to the attached libuv loop, or nil: uv, schedule, its handles watcher
-- (of the descriptor, or a timer) and turn, and flags: watching, soon (a turn is asked
-- for), scheduled (a drain will come), draining.
local state

local attached = 0 -- handles that users hold
local states = {} -- uv module -> its state; handles stay open, as luv must not end with one closing
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

local function set_watching(on)
  if state.watching == on then return end
  state.watching = on
  if not on then return state.watcher:stop() end
  if state.has_fd then return state.watcher:start("r", on_event) end
  state.watcher:start(PERIOD_MS, PERIOD_MS, on_event)
end

--- Ask for a turn without an event on the descriptor, after one round of the loop.
local function set_soon(on)
  if state.soon == on then return end
  state.soon = on
  if on then state.turn:start(on_turn) else state.turn:stop() end
end

local function rest()
  if are_closed() then state.watching, state.soon = false, false end
  set_watching(false)
  set_soon(false)
end

--- Watch if there is something to watch for; otherwise let the libuv loop rest.
local function settle()
  if not state or state.draining or state.scheduled then return end
  if not loop.is_busy() then return rest() end
  if are_closed() then make_handles(state) end
  set_watching(true)
  set_soon(loop.has_ready() or core.has_ready())
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
  if core.timeout() ~= 0 and not loop.has_ready() and loop.waits_blocked == 0 then return settle() end
  rest()
  if state.scheduled then return end
  state.scheduled = true
  state.schedule(drain)
end

function on_turn()
  if not state then return end
  set_soon(false)
  on_event()
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
  local is_running = state.draining or state.uv.loop_mode and state.uv.loop_mode() ~= nil
  local is_alive, is_calm = true, false
  while not is_ready(...) do
    if is_running or not state then return loop.block(is_ready, ...) end
    if not is_alive and not loop.is_busy() then
      error("xai: this wait cannot end: nothing is under way and the loop has nothing to do", 0)
    end
    is_alive, is_calm = iterate(state.uv, is_calm)
  end
end

local function block(is_ready, ...)
  settle()
  local ok, err = pcall(wait_blocking, is_ready, ...)
  settle()
  if not ok then error(err, 0) end
end

local adapter = {
  arm = settle, after_run = settle, block = block,
  check_wait = neovim and neovim.check_wait, is_restricted = neovim and neovim.is_restricted,
}

local function begin(uv, schedule)
  local new = states[uv] or { uv = uv }
  if not states[uv] then make_handles(new) end
  states[uv], state = new, new
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
  local own = state
  if not own then return false end
  attached, states[own.uv] = 0, nil
  finish()
  if not own.watcher:is_closing() then own.watcher:close() end
  if not own.turn:is_closing() then own.turn:close() end
  return true
end

local TYPES = { uv = "table", schedule = "function" }

local function check(opts)
  local function refuse(...) error("xai.uv.attach: " .. string_format(...), 4) end
  if type(opts) ~= "table" then refuse("expected a table of options, got %s", type(opts)) end
  for name, value in pairs(opts) do
    if not TYPES[name] then refuse("unknown option '%s' (uv, schedule)", tostring(name)) end
    if type(value) ~= TYPES[name] then refuse("%s must be a %s, got %s", name, TYPES[name], type(value)) end
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
  local uv = opts.uv or state and state.uv or vim_uv or require "luv"
  if state and state.uv ~= uv then error("xai.uv.attach: another loop is attached", 2) end
  if not state and not (neovim and neovim.has_left) then
    begin(uv, opts.schedule or uv == vim_uv and vim.schedule or nil)
    if neovim then neovim.call_on_leave(close) end
  end
  attached = attached + 1
  local handle = {}
  function handle:detach()
    if self.dropped then return end
    self.dropped = true
    attached = attached - 1
    if attached == 0 and state then finish() end
  end
  return handle
end

kept["xai.uv"] = M
return M
