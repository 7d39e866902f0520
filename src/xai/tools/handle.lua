--- What client:run_tools returns with `stream = true` in the body: the parts of all rounds.

local lazy_require = require("xai.runtime.environment").lazy_require

local loop = require "xai.runtime.loop"

local error, setmetatable, type = error, setmetatable, type
local string_format = string.format

local Handle = {}
Handle.__index = Handle

setmetatable(Handle, {
  __index = function(_, name) lazy_require "xai.runtime.unknown_name"("run", name, Handle) end,
})

-- The queue of a handle: kinds by number, values, mores.

local function add(handle, kind, value, more)
  local last = handle.last + 1
  handle.kinds[last], handle.values[last], handle.mores[last] = kind, value, more
  handle.last = last
  handle.run.waiters:wake()
end

local function take(handle)
  local first = handle.first
  if first > handle.last then return nil end
  local kind, value, more = handle.kinds[first], handle.values[first], handle.mores[first]
  handle.kinds[first], handle.values[first], handle.mores[first] = nil, nil, nil
  handle.first = first + 1
  return kind, value, more
end

--- Raise where the caller is part of the run, which would wait for ever.
local function check_caller(run, what)
  local task, turn = loop.current(), run.turn
  if run.over or not task or not (task == run.driver or turn and turn:has(task)) then return end
  error("run:" .. what .. ": a tool or a callback cannot wait for its own run", 0)
end

--- The next part: kind, value, more.  nil at the end; nil, message, info where the run has
-- failed.  Raises what a tool or a callback has raised.
function Handle:next_part()
  local run = self.run
  if self.first > self.last then check_caller(run, "next_part") end
  run:wait_until(function() return run.over or self.first <= self.last end)
  if self.first <= self.last then return take(self) end
  if run.raised then error(run.raised[1], 0) end
  if run.message then return nil, run.message, run.info end
end

local function next_part(handle)
  local kind, value, more = handle:next_part()
  if kind == nil and value then error(more, 0) end
  return kind, value, more
end

--- Iterate over the parts: kind, value, more.  Raises the error object when the run fails.
-- Lua 5.4 closes the run when the loop is left.
function Handle:parts()
  local function iterator()
    local kind, value, more = next_part(self) -- Lua 5.1 forgets who makes a tail call
    return kind, value, more
  end
  return iterator, nil, nil, self
end

--- Iterate over the visible text of all rounds.
function Handle:text()
  return function()
    local kind, value, more
    repeat
      kind, value, more = next_part(self)
    until kind == nil or kind == "text" and not (type(more) == "table" and more.choice)
    return value
  end, nil, nil, self
end

--- Wait for the end: what client:run_tools returns without `stream`.
function Handle:result()
  check_caller(self.run, "result")
  local value, message, info = self.run:wait()
  self.first, self.last, self.kinds, self.values, self.mores = 1, 0, {}, {}, {}
  return value, message, info
end

--- The facts so far: { run = ... }, after the end with those of the last answer or failure.
function Handle:info()
  return self.run.info or { run = self.run.facts }
end

--- End it now: the request and all tools end.  Does nothing after the end.
function Handle:close()
  self.run:stop("cancelled", nil, "the run was closed")
end

Handle.__close = Handle.close

function Handle:__tostring()
  return string_format("xai.run (%s%s)", self.run.name, self.run.over and ", over" or "")
end

--- A handle of a run that has not begun.  A run whose handle was collected ends with its
-- next part, as nobody is left who could read it.
return function(run)
  local handle = setmetatable({ run = run, first = 1, last = 0, kinds = {}, values = {}, mores = {} }, Handle)
  local held = setmetatable({ handle }, { __mode = "v" })
  run.listen = function(kind, value, more)
    if not held[1] then return run:stop("cancelled", nil, "nobody reads the run") end
    add(held[1], kind, value, more)
  end
  return handle
end
