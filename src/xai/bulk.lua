--- xai.bulk(items, f, opts): a function for each of many items, some at once, with a file
-- from which the job goes on.

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local gate = require "xai.client.gate"
local items = require "xai.bulk.items"
local loop = require "xai.runtime.loop"
local new_budget = require "xai.budget"
local problem_of_options = require "xai.bulk.options"
local tasks = require "xai.runtime.task"
local wait = require "xai.runtime.wait"

local error, next, pairs, pcall, rawget, tostring, type = error, next, pairs, pcall, rawget, tostring, type
local string_format = string.format

local lazy_require = environment.lazy_require

local WHAT = "xai.bulk"

-- A job has the checked options as fields, and
--   f
--   next_item, total, release   see items.of
--   report          what users get
--   file            see record_file, or nil
--   line            see progress, or nil
--   counter         a budget without limits, of all calls of the job
--   scope           of all its calls, see gate
--   workers         task -> { key (of the item that f has), is_in_f }
--   count           of the workers
--   stopped         nothing new begins
--   failure         { code, message }, where it stopped by itself; or { message, info } of the
--                   call that stopped it
--   work            what a worker does
--   batch_spent     { usd, tokens } of what batches have answered
--   raised          { what is to be raised in the end }
--   abandoned       its wait was cancelled
--   over, closed, waiters

-- Stopping --------------------------------------------------------------------------

--- Begin nothing new.  What is under way goes on to its end.
local function stop(job, code, message)
  job.stopped = true
  if code and not job.failure then job.failure = { code = code, message = message } end
end

local function cancel_workers(job)
  local running = loop.current()
  for worker in pairs(job.workers) do
    if worker ~= running then pcall(worker.cancel, worker) end
  end
end

--- Bring the sums of the report up to date.
local function count_calls(job)
  local spent = job.counter.spent
  job.report.usd, job.report.tokens = spent.usd + job.batch_spent.usd, spent.tokens + job.batch_spent.tokens
end

local function show(job)
  if not job.line or job.abandoned then return end
  if job.line:is_due() then
    count_calls(job)
    job.line:show(job.report)
  end
end

--- Release what the job holds.  A second call does nothing.
local function close(job)
  if job.closed then return end
  job.closed = true
  if job.file then job.file:close() end
  if job.line then job.line:remove() end
  count_calls(job)
  gate.close_scope()
end

--- Nobody waits for the job any more: end all of it.
local function abandon(job, err)
  job.stopped, job.abandoned = true, true
  if type(err) == "table" and rawget(err, "report") == nil then err.report = job.report end
  cancel_workers(job)
  close(job)
end

-- Items -----------------------------------------------------------------------------

local function default_key(item, index)
  local kind = type(item)
  if kind == "string" or kind == "number" and item == item then return item end
  return index
end

local function key_of(job, item, index)
  local key = (job.key or default_key)(item, index)
  local kind = type(key)
  if kind == "string" or kind == "number" and key - key == 0 then return key end -- no NaN or infinity
  error(string_format("%s: key must give a string or a number, got %s for item %d", WHAT,
    kind == "number" and tostring(key) or kind, index), 0)
end

--- The next item that is not done, with its index and key; nil where there is none.
local function take(job)
  while not job.stopped do
    local item, index = job.next_item()
    if item == nil or job.stopped then return nil end
    local key = key_of(job, item, index)
    if job.stopped then return nil end
    if not job.file then return item, index, key end
    if not job.file:has(key) then
      job.file:claim(key)
      return item, index, key
    end
    job.report.skipped = job.report.skipped + 1
    show(job)
  end
end

-- Ends of items -----------------------------------------------------------------------

--- The file did not take a line.
local function note_unwritten(job, problem)
  stop(job, "file", string_format("cannot write to '%s': %s", job.path, problem))
end

--- Write how an item has ended.  Returns whether that may be told; then also the message
-- of a value that could not be written.
local function write(job, key, value, message)
  if not job.file then return true end
  if not message then
    local ok, problem, is_value = job.file:add_value(key, value)
    if ok then return true end
    if not is_value then return note_unwritten(job, problem) end
    message = problem
  end
  local ok, problem = job.file:add_error(key, message)
  if ok then return true, message end
  return note_unwritten(job, problem)
end

local function is_budget(info)
  return type(info) == "table" and rawget(info, "kind") == "limit" and rawget(info, "code") == "budget"
end

local function count_failure(job, message)
  local report = job.report
  report.failed = report.failed + 1
  if job.stop_after and report.failed >= job.stop_after then
    stop(job, "stop_after", string_format("%d item%s failed, the last: %s", report.failed,
      report.failed == 1 and "" or "s", message))
  end
end

--- The message of a failure of kind limit without its kind, which the job's own message has.
local function reason_of(message, info)
  return message == tostring(info) and rawget(info, "message") or message
end

--- Tell how an item has ended.  What on_done prints begins a line of its own.
local function tell(job, key, value, message, info)
  local was_shown = job.line and job.line:remove()
  job.on_done(key, value, message, info)
  if not was_shown or job.abandoned then return end
  count_calls(job)
  job.line:show(job.report)
end

--- An item has ended: write it, count it, tell of it.
local function settle(job, key, value, message, info)
  if job.abandoned then return end
  if value == nil and is_budget(info) then
    if job.file then job.file:release(key) end
    return stop(job, "budget", reason_of(message, info))
  end
  local is_told, problem = write(job, key, value, message)
  if not is_told then return end
  if problem then value, message, info = nil, problem, message and info or nil end
  if message then count_failure(job, message) else job.report.done = job.report.done + 1 end
  if job.on_done then tell(job, key, value, message, info) end
  show(job)
end

--- What f gave.  Nothing is a failure: f may have forgotten to tell of one.
local function settle_results(job, key, value, message, info)
  if value ~= nil then return settle(job, key, value) end
  settle(job, key, nil, message == nil and "the function gave no value" or loop.describe(message), info)
end

--- What f raised.  An error object is its own info.
local function settle_error(job, key, err)
  settle(job, key, nil, loop.describe(err), type(err) == "table" and err or nil)
end

-- Workers -----------------------------------------------------------------------------

local add_worker

--- Take items until there are none.  A worker that has one brings the next worker.
local function work(job, slot, failed)
  if failed then settle_error(job, failed.key, failed.err) end
  local brings = not failed
  while not job.stopped do
    local item, index, key = take(job)
    if item == nil then return end
    if brings and job.count < job.at_once then add_worker(job) end
    brings = false
    slot.key, slot.is_in_f = key, true
    local value, message, info = job.f(item, index)
    slot.is_in_f = false
    settle_results(job, key, value, message, info)
  end
end

--- See what has become of a worker whose task failed.
local function judge(job, slot, worker)
  local err = rawget(worker, "err")
  if loop.is_interrupt(err) then
    job.raised, job.stopped, job.abandoned = { loop.interruption(err) }, true, true
    cancel_workers(job)
  elseif slot.is_in_f then
    add_worker(job, { key = slot.key, err = err })
  else -- of an iterator, key or on_done
    job.raised, job.stopped = job.raised or { err }, true
  end
  if not slot.is_in_f and job.release then job.release() end
end

local NO_MEMORY = { "not enough memory" }

local function note_end(job, slot, worker)
  job.workers[worker] = nil
  job.count = job.count - 1
  if not worker.ok and not job.abandoned and not pcall(judge, job, slot, worker) then
    job.raised, job.stopped = job.raised or NO_MEMORY, true
  end
  if job.count > 0 then return end
  job.over = true
  job.waiters:wake()
  loop.adapter.arm()
end

local function watch(job, slot, worker)
  worker.scope = job.scope
  job.workers[worker] = slot
  tasks.on_end(worker, function(ended) note_end(job, slot, ended) end)
end

function add_worker(job, failed)
  local slot = { key = nil, is_in_f = false }
  local worker = tasks.spawn(job.work, job, slot, failed)
  local ok, problem = pcall(watch, job, slot, worker)
  if not ok then -- nobody would hear of its end
    job.stopped, job.workers[worker] = true, nil
    pcall(worker.cancel, worker)
    error(problem, 0)
  end
  job.count = job.count + 1
end

local source = {
  add = function(job, waiter) return job.waiters:add(waiter) end,
  remove = function(job, ticket) job.waiters:remove(ticket) end,
  abandon = abandon,
}

local function is_over(job) return job.over end

--- What xai.bulk returns of a job that is over.
local function outcome(job)
  local report, failure = job.report, job.failure
  if job.raised then
    local err = job.raised[1]
    if loop.is_interrupt(err) and type(err) == "table" then err.report = report end
    error(err, 0)
  end
  if not failure then return report, nil, { report = report, elapsed = core.now() - job.began } end
  if failure.info then
    failure.info.report = report
    return nil, failure.message, failure.info
  end
  local info = core.failure("limit", failure.message)
  info.code, info.report, info.retryable, info.elapsed = failure.code, report, false, core.now() - job.began
  return nil, tostring(info), info
end

local function run(job)
  local ok, problem = pcall(add_worker, job)
  if not ok then
    close(job)
    error(problem, 0)
  end
  wait.until_ready(source, job, is_over, job)
  close(job)
  return outcome(job)
end

-- Batches -----------------------------------------------------------------------------

--- What the work of batches uses of this file.
local tools = {
  key_of = key_of, settle = settle, show = show, note_unwritten = note_unwritten,
  --- Stop by the failure of a call.
  stop = function(job, message, info)
    job.stopped = true
    job.failure = job.failure or { message = message, info = info }
  end,
}

local function work_by_batches(job)
  return lazy_require "xai.bulk.batch_work"(job, tools)
end

-- Beginning -----------------------------------------------------------------------------

--- The file of a job, or nil and what is wrong with it.
local function open_file(opts)
  local file, problem = lazy_require "xai.bulk.record_file".open(opts.file)
  if not file or opts.batch or next(file.open) == nil then return file, problem end
  file:close()
  return nil, "batches of the service have requests of it; go on with batch = true"
end

local function new_job(source_of_items, f, opts)
  local next_item, total, release = items.of(source_of_items)
  if not next_item then return nil, total end
  local job = {
    f = f, next_item = next_item, total = opts.total or total, release = release,
    at_once = opts.at_once or 16, stop_after = opts.stop_after, path = opts.file, key = opts.key,
    on_done = opts.on_done, report = { done = 0, failed = 0, skipped = 0, usd = 0, tokens = 0 },
    work = opts.batch and work_by_batches or work, read = opts.read, client = opts.client, every = opts.every,
    batch_spent = { usd = 0, tokens = 0 }, workers = {}, count = 0, waiters = loop.new_waiters(), over = false,
    began = core.now(),
  }
  if opts.file then
    local problem
    job.file, problem = open_file(opts)
    if not job.file then return nil, string_format("file '%s': %s", opts.file, problem) end
  end
  job.counter = new_budget()
  job.scope = gate.open_scope({ job.counter, opts.budget }, opts.limiter)
  if opts.progress then job.line = lazy_require "xai.bulk.progress".new(job.total) end
  return job
end

--- See types.lua.
-- @param list a list, or an iterator, which is not called after its end
-- @param f `f(item, index)` gives a value, or nil, message, info.  An error that it raises
--   is a failure of that item
-- @param opts see types.lua
-- @return report; or nil, message, info where the job stopped before its end
return function(list, f, opts)
  if not items.is_callable(f) then error(WHAT .. ": expected a function, got " .. type(f), 2) end
  opts = opts == nil and {} or opts
  local problem = problem_of_options(opts)
  if problem then error(WHAT .. ": " .. problem, 2) end
  local job
  job, problem = new_job(list, f, opts)
  if not job then error(WHAT .. ": " .. problem, 2) end
  local report, message, info = run(job)
  return report, message, info
end
