--- The batches of a bulk job at the service, and the calls about them.
--
-- A batch is { name, id (nil until it is known), is_new (nobody can have made it before),
-- records (id of a request -> record), count (of the requests that were sent), read (results
-- so far), looks (since it is over), portion (entries that wait to be added), bytes (of
-- those), is_closed (takes no more) }.  A record is { key, batch (name), request (id), is_old
-- (it is in the file), is_sent, is_taken (its item came by), item }.
--
-- Functions whose call has failed for good stop the job.

local core = require "xai.core"
local tasks = require "xai.runtime.task"

local math_min = math.min

local service = {}

local TRIES = 8 -- of a call that fails, before the job stops
local LONGEST = 60 -- seconds between two tries
local PAGE, PAGE_OF_BATCHES = 1000, 100
local MAX_REQUESTS = 50000 -- of a batch; the service takes a million

-- Calls -------------------------------------------------------------------------------

--- Stop the job by the failure of a call.
function service.give_up(work, message, info)
  work.tools.stop(work.job, message, info)
  return nil
end

--- Call `f` until it gives something other than nil, as long as trying again may help.
function service.persist(work, f)
  local pause = math_min(1, work.every)
  for try = 1, TRIES do
    local value, message, info = f()
    if value ~= nil then return value, nil, info end
    if try == TRIES or info.retryable == false or work.job.stopped then return nil, message, info end
    tasks.sleep(pause)
    pause = math_min(2 * pause, LONGEST)
  end
end

--- Call take(entry) for each entry of a list until it returns true.  Returns whether it
-- has; or nil, message, info.
function service.read_pages(work, name, argument, take)
  return service.persist(work, function()
    local pages
    if name == "list_batches" then
      pages = work.client:each(name, { limit = PAGE_OF_BATCHES })
    else
      pages = work.client:each(name, argument, { limit = PAGE })
    end
    local entry, message, info = pages:next()
    while entry ~= nil do
      if take(entry) then return true end
      entry, message, info = pages:next()
    end
    if message then return nil, message, info end
    return false
  end)
end

-- Batches -----------------------------------------------------------------------------

function service.new_batch(work, name, id)
  local batch = {
    name = name, id = id, records = {}, count = 0, read = 0, looks = 0, portion = {}, bytes = 0, is_closed = false,
  }
  work.by_name[name] = batch
  return batch
end

--- Append to the file.  Returns whether that went well.
function service.note(work, records)
  local ok, problem = work.file:add_records(records)
  if not ok then work.tools.note_unwritten(work.job, problem) end
  return ok
end

--- Look for the batch by its name.  Returns whether it is there; nil where that cannot be
-- found out.
function service.find(work, batch)
  local found, message, info = service.read_pages(work, "list_batches", nil, function(entry)
    if entry.name ~= batch.name then return false end
    batch.id = entry.batch_id
    return true
  end)
  if found == nil then return service.give_up(work, message, info) end
  if found and not service.note(work, { { batch = batch.name, id = batch.id } }) then return nil end
  return found
end

--- Make the batch.  One whose answer did not come may be there all the same.
function service.make(work, batch)
  local made, message, info = service.persist(work, function()
    local object, words, facts = work.client:create_batch { name = batch.name }
    if object then
      batch.id = object.batch_id
      return service.note(work, { { batch = batch.name, id = batch.id } }) or false
    end
    if facts.retryable == false and facts.billed == "no" then return nil, words, facts end
    local found = service.find(work, batch)
    if found == nil then return false end
    return found or nil, words, facts
  end)
  if made == nil then return service.give_up(work, message, info) end
  return made
end

--- See to it that the batch is there.  Returns whether it is.
function service.ensure_made(work, batch)
  if batch.id then return true end
  if not batch.is_new and service.find(work, batch) == nil then return false end
  return batch.id ~= nil or service.make(work, batch)
end

--- The batch for a new request.
function service.current_batch(work)
  local batch = work.current
  if batch and not batch.is_closed and batch.count + #batch.portion < MAX_REQUESTS then return batch end
  batch = service.new_batch(work, "bulk-" .. core.uuid())
  batch.is_new = true
  if not service.note(work, { { batch = batch.name } }) then return nil end
  work.current = batch
  return batch
end

-- Records -----------------------------------------------------------------------------

function service.forget(work, batch, record)
  batch.records[record.request], work.file.open[record.key] = nil, nil
end

function service.fail(work, batch, record, message, info)
  service.forget(work, batch, record)
  work.tools.settle(work.job, record.key, nil, message, info)
end

return service
