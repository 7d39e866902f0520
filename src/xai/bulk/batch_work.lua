--- The work of a bulk job that goes through batches of the service.
--
-- Each step is in the job's file before it is taken, so that a job that is killed at any
-- point finds out what has become of it:
--
--   a batch that may have been made     is looked for by its name, which is random
--   a request that may have been added  is looked for in the batch's list; where it is not
--                                       there, it is added by the same id, as the service
--                                       runs an id once
--   a result that was not written       is read again

local batches = require "xai.batches"
local environment = require "xai.runtime.environment"
local json = require "xai.client.json"
local loop = require "xai.runtime.loop"
local poll = require "xai.bulk.batch_results"
local service = require "xai.bulk.batch_service"

local error, next, pairs, pcall, tostring, type = error, next, pairs, pcall, tostring, type
local string_format, string_gsub = string.format, string.gsub

local lazy_require = environment.lazy_require

-- What a request is called in a batch, by the function of a client.
local KINDS = {
  chat = "chat_get_completion", respond = "responses", generate_image = "image_generation",
  edit_image = "image_edit", generate_video = "video_generation", edit_video = "video_generation",
  extend_video = "video_extension",
}

-- The service takes 25 MB at once.
local MAX_BYTES, MAX_REQUESTS = 8e6, 500

-- A work is { job, file, client, tools (see bulk.lua), every (seconds), by_name (name ->
-- batch, see batch_service), current (the batch for new requests, or nil) }.

--- May the batch take requests?  Else the words why not.
local function refusal_of(work, batch)
  local object = work.client:get_batch(batch.id)
  if not object then return nil end
  local status, words = batches.batch_status(object)
  if status == "running" or status == "done" then return nil end
  return "the batch is " .. status .. (words and ": " .. words or "")
end

local NOT_OF_ONE = { authentication = true, permission = true, quota = true }

--- Add entries, or fail those that the service refuses, one by one: it refuses all of them
-- for one that is bad.
local function add(work, batch, entries, first, last)
  if work.job.stopped then return end
  local list = {}
  for i = first, last do list[#list + 1] = entries[i].request end
  local ok, message, info = service.persist(work, function()
    return work.client:add_to_batch(batch.id, { batch_requests = list })
  end)
  if ok ~= nil then
    for i = first, last do entries[i].record.is_sent = true end
    batch.count = batch.count + last - first + 1
    return
  end
  if info.retryable ~= false or NOT_OF_ONE[info.kind] then return service.give_up(work, message, info) end
  local refusal = refusal_of(work, batch)
  if refusal then batch.is_closed = true end
  if refusal or first == last then
    for i = first, last do service.fail(work, batch, entries[i].record, refusal or message, info) end
    return
  end
  local middle = first + (last - first - (last - first) % 2) / 2
  add(work, batch, entries, first, middle)
  add(work, batch, entries, middle + 1, last)
end

--- Add what waits for it.
local function flush(work, batch)
  local portion, lines = batch.portion, {}
  batch.portion, batch.bytes = {}, 0
  if not portion[1] or work.job.stopped or not service.ensure_made(work, batch) then return end
  for i = 1, #portion do
    local record = portion[i].record
    if not record.is_old then
      lines[#lines + 1] = { key = record.key, batch = record.batch, request = record.request }
    end
    batch.records[record.request] = record
  end
  if lines[1] and not service.note(work, lines) then return end
  add(work, batch, portion, 1, #portion)
end

--- What f gave, as the service wants it, and its size; nil and the message of a failure.
-- Raises where it is misused.
local function request_of(id, made)
  if type(made) ~= "table" or type(made[1]) ~= "string" or type(made[2]) ~= "table" then
    error("xai.bulk: with batch = true the function must give { name, body }, got "
      .. (type(made) == "table" and "another table" or "a " .. type(made)), 0)
  end
  local kind = KINDS[made[1]]
  if not kind then
    error(string_format("xai.bulk: no batch has requests of '%s'; there are chat, respond, generate_image, "
      .. "edit_image, generate_video, edit_video, extend_video", made[1]), 0)
  end
  local request = { batch_request_id = id, batch_request = { [kind] = made[2] } }
  local ok, text = pcall(json.encode, request)
  if not ok then
    return nil, "the request cannot be written: " .. string_gsub(tostring(text), "^.-xai%.encode: ", "")
  end
  return request, #text
end

--- Call f.  What it raises is a failure, but for Ctrl-C and the end of the job.
local function call(work, item, index)
  local ok, made, message, info = pcall(work.job.f, item, index)
  if ok then
    if made == nil and message == nil then message = "the function gave no value" end
    return made, message and loop.describe(message), info
  end
  if work.job.abandoned or loop.is_interrupt(made) or loop.current().stopped then error(made, 0) end
  return nil, loop.describe(made), type(made) == "table" and made or nil
end

local function enqueue(work, item, index, key, record)
  local made, message, info = call(work, item, index)
  if made == nil then return work.tools.settle(work.job, key, nil, message, info) end
  local batch = record and work.by_name[record.batch] or service.current_batch(work)
  if not batch then return end
  if not record then
    work.file.last_request = work.file.last_request + 1
    record = { key = key, batch = batch.name, request = string_format("%d", work.file.last_request) }
  end
  local request, size = request_of(record.request, made)
  if not request then return work.tools.settle(work.job, key, nil, size) end
  if work.job.read then record.item = item end
  work.file.open[key], record.is_taken = record, true
  if batch.bytes + size > MAX_BYTES then flush(work, batch) end
  batch.portion[#batch.portion + 1] = { record = record, request = request }
  batch.bytes = batch.bytes + size
  if #batch.portion >= MAX_REQUESTS then flush(work, batch) end
end

--- Take all items: those that are done are skipped, those under way noted, the others sent.
local function send_all(work)
  local job, file = work.job, work.file
  while not job.stopped do
    local item, index = job.next_item()
    if item == nil then break end
    local key = work.tools.key_of(job, item, index)
    local record = file.open[key]
    if file:has(key) or record and record.is_taken then
      job.report.skipped = job.report.skipped + 1
    elseif record and record.is_sent then
      record.is_taken = true
      if job.read then record.item = item end
    else
      file:claim(key)
      enqueue(work, item, index, key, record)
    end
    work.tools.show(job)
  end
  for _, batch in pairs(work.by_name) do flush(work, batch) end
end

-- Going on ------------------------------------------------------------------------------

--- Note which requests of a batch are there.  Returns whether that went well.
local function find_requests(work, batch)
  local seen = {}
  local found, message, info = service.read_pages(work, "list_batch_requests", batch.id, function(entry)
    local id = entry.batch_request_id
    local record = batch.records[id]
    if record then record.is_sent = true end
    if not seen[id] then batch.count = batch.count + 1 end
    seen[id] = true
  end)
  if found == nil then return service.give_up(work, message, info) end
  return true
end

--- Find out which requests of a batch of before are there.
local function recover(work, batch)
  if not batch.id and not service.find(work, batch) then return end
  local object, message, info = service.persist(work, function() return work.client:get_batch(batch.id) end)
  if not object and info.kind ~= "not_found" then return service.give_up(work, message, info) end
  local status = object and batches.batch_status(object)
  batch.is_closed = status ~= "running" and status ~= "done"
  if object and not find_requests(work, batch) then return end
  if not batch.is_closed then return end
  for _, record in pairs(batch.records) do -- they never began: they go elsewhere
    if not record.is_sent then service.forget(work, batch, record) end
  end
end

local function recover_all(work)
  local file = work.file
  for _, known in pairs(file.batches) do service.new_batch(work, known.name, known.id) end
  for _, record in pairs(file.open) do
    record.is_old = true
    work.by_name[record.batch].records[record.request] = record
  end
  local last = file.batches[#file.batches]
  for _, known in pairs(file.batches) do
    local batch = work.by_name[known.name]
    if (next(batch.records) or known == last) and not work.job.stopped then recover(work, batch) end
  end
  work.current = last and work.by_name[last.name]
end


--- Do all of the job's work, in a task of its own.
-- @param tools functions of bulk.lua: key_of, settle, show, note_unwritten, and stop
return function(job, tools)
  local work = {
    job = job, file = job.file, tools = tools, every = job.every or 5, by_name = {}, current = nil,
    client = job.client or lazy_require "xai".new(),
  }
  recover_all(work)
  send_all(work)
  poll(work)
  if not job.client then work.client:close() end
end
