--- The results of a bulk job's batches: looks at the batches until all are over.

local core = require "xai.core"
local batches = require "xai.batches"
local loop = require "xai.runtime.loop"
local readers = require "xai.results.readers"
local service = require "xai.bulk.batch_service"
local tasks = require "xai.runtime.task"

local pairs, pcall, tonumber, type = pairs, pcall, tonumber, type
local math_min = math.min

local MAX_LOOKS = 5 -- at a batch that is over and lacks results
local LONGEST = 12 -- times `every` between two looks

local function default_read(answer)
  if answer.choices == nil then return answer end -- pictures, clips
  local text = readers.text(answer)
  if text == nil then return nil, "the answer has no text" end
  return text
end

local function add_usage(work, answer)
  local ok, usage = pcall(readers.usage, answer)
  if not ok or not usage then return end
  local spent = work.job.batch_spent
  spent.usd, spent.tokens = spent.usd + (usage.usd or 0), spent.tokens + (usage.total or 0)
end

--- Settle a request by its result.
local function take_result(work, batch, record, entry)
  local answer, message, info = batches.batch_result(entry)
  local value
  if answer then
    add_usage(work, answer)
    value, message, info = (work.job.read or default_read)(answer, record.item)
    if value == nil and message == nil then message = "read gave no value" end
    message = message and loop.describe(message)
  end
  if work.job.stopped then return end
  service.forget(work, batch, record)
  work.tools.settle(work.job, record.key, value, value == nil and message or nil, info)
end

--- A look has failed: the next one may succeed, unless it is said that none will.
local function may_go_on(work, message, info)
  if info.retryable == false then service.give_up(work, message, info) end
end

--- Read the results so far.  Returns whether that went well.
local function read_results(work, batch)
  local count = 0
  local ok, message, info = service.read_pages(work, "list_batch_results", batch.id, function(entry)
    count = count + 1
    local record = batch.records[entry.batch_request_id]
    if record and record.is_sent then take_result(work, batch, record, entry) end
    return work.job.stopped
  end)
  if ok == nil then return may_go_on(work, message, info) end
  batch.read = count
  return true
end

--- How many requests of a batch have ended.
local function ended_in(object)
  local state = type(object.state) == "table" and object.state or {}
  local function number(name) return tonumber(state[name]) or 0 end
  return number "num_success" + number "num_error" + number "num_cancelled"
end

local REASONS = {
  done = "the batch has no result of this request", cancelled = "the batch was cancelled",
  refused = "the batch was refused", expired = "the batch has expired",
}

--- Fail what a batch that is over has left open.
local function fail_rest(work, batch, reason)
  local rest = {}
  for _, record in pairs(batch.records) do rest[#rest + 1] = record end
  for i = 1, #rest do
    if work.job.stopped then return end
    if rest[i].is_sent then service.fail(work, batch, rest[i], reason, core.failure("api", reason)) end
  end
end

--- Look how far a batch is, and read what there is: each time that twice as much is done.
local function look(work, batch)
  local object, message, info = work.client:get_batch(batch.id)
  if not object and info.kind == "not_found" then return fail_rest(work, batch, "the batch is not there any more") end
  if not object then return may_go_on(work, message, info) end
  local status, words = batches.batch_status(object)
  local ended = ended_in(object)
  if status == "running" and (ended == 0 or ended < 2 * batch.read) then return end
  if status ~= "refused" and not read_results(work, batch) or status == "running" then return end
  batch.looks = batch.looks + 1
  if status == "done" and batch.looks < MAX_LOOKS then return end -- results may lag behind the counts
  fail_rest(work, batch, REASONS[status] .. (words and ": " .. words or ""))
end

--- Is a request of the batch on its way?
local function is_awaited(batch)
  for _, record in pairs(batch.records) do
    if record.is_sent then return true end
  end
  return false
end

--- Look at the batches until nothing is on its way.
return function(work)
  local pause = work.every
  while not work.job.stopped do
    local some = false
    for _, batch in pairs(work.by_name) do
      if is_awaited(batch) and not work.job.stopped then
        look(work, batch)
        some = some or is_awaited(batch)
      end
    end
    if not some or work.job.stopped then return end
    tasks.sleep(pause)
    pause = math_min(1.5 * pause, LONGEST * work.every)
  end
end
