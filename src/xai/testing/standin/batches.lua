--- batches.lua - the batches: requests that are answered later, at half the price.
--
-- A batch moves on with each GET of it: after as many as --polls says, all that was added is
-- done.  POST /_/batches decides otherwise, see M.control.

local errors = require("xai.testing.standin.errors")
local http = require("xai.testing.standin.http")
local json = require("xai.testing.standin.json")
local shape = require("xai.testing.standin.shape")
local work = require("xai.testing.standin.batch_work")

local M = {}

local given, null = json.given, json.null

local MAX_ADD = 25 * 1024 * 1024
local MAX_PAGE, USUAL_PAGE = 1000, 100
local LIFE = 30 * 86400
local KEY_ID = "4c3b2a19-0807-4605-9403-020100ffeedd"

M.create_body = shape.fields({ name = shape.string, input_file_id = shape.string }, "name")
M.add_body = shape.fields({
  batch_requests = shape.list(shape.fields({ batch_request_id = shape.string, batch_request = shape.object },
    "batch_request"), 1),
}, "batch_requests")

local function state_of(service)
  service.batches = service.batches or { list = {}, by_id = {}, plan = {}, created = {}, added = {}, files = {} }
  return service.batches
end

--- A time as RFC 3339 writes it.
local function stamp(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds) end

-- Rates --------------------------------------------------------------------------------------

--- Is this one more than `most` within `seconds`?  Notes it where it is not.
local function is_too_fast(service, times, most, seconds)
  if service.options.rates == 0 then return false end
  local now = os.time()
  while times[1] and times[1] <= now - seconds do table.remove(times, 1) end
  if #times >= most then return true end
  times[#times + 1] = now
  return false
end

-- Objects ------------------------------------------------------------------------------------

local function unknown() return errors.coded(404, "not-found", "No batch has this id.") end

local function counts(batch)
  local state = { num_requests = #batch.entries, num_pending = 0, num_success = 0, num_error = 0, num_cancelled = 0 }
  local names = { pending = "num_pending", succeeded = "num_success", failed = "num_error",
    cancelled = "num_cancelled" }
  for _, entry in ipairs(batch.entries) do
    local name = names[entry.state]
    state[name] = state[name] + 1
  end
  return state
end

local function cost_of(batch)
  local total, by_endpoint, costs = 0, {}, json.array()
  for _, entry in ipairs(batch.done) do
    if entry.ticks then
      local cost = by_endpoint[entry.kind.endpoint]
      if not cost then
        cost = { endpoint = entry.kind.endpoint, cost_usd_ticks = 0, request_count = 0 }
        by_endpoint[entry.kind.endpoint], costs[#costs + 1] = cost, cost
      end
      cost.cost_usd_ticks, cost.request_count = cost.cost_usd_ticks + entry.ticks, cost.request_count + 1
      total = total + entry.ticks
    end
  end
  if #costs == 0 then return nil end
  return { total_cost_usd_ticks = total, endpoint_costs = costs, calculation_time = stamp(os.time()) }
end

--- A batch as the service shows it.  One that was refused shows no count and no error.
local function object_of(batch)
  return {
    batch_id = batch.id, name = batch.name, create_time = stamp(batch.created), expire_time = stamp(batch.expires),
    create_api_key_id = KEY_ID, cancel_time = batch.cancelled and stamp(batch.cancelled) or null,
    cancel_by_xai_message = batch.refusal or null, input_file_id = batch.file, state = counts(batch),
    cost_breakdown = cost_of(batch),
  }
end

local function is_expired(batch) return os.time() >= batch.expires end

-- Work ---------------------------------------------------------------------------------------

local FORMS = { -- the three ways in which the service tells why a request failed
  object = function(code, message) return { batch_result = { error = { code = code, message = message } } } end,
  text = function(_, message) return { batch_result = { error = message } } end,
  message = function(_, message) return { batch_result = { response = "unknown" }, error_message = message } end,
}

local function fail(batch, entry, state, code, message)
  local result = (FORMS[batch.plan.form] or FORMS.object)(code, message)
  result.batch_request_id = entry.id
  entry.state, entry.result = state, result
end

local function is_to_fail(batch, entry)
  for _, id in ipairs(batch.plan.fail or {}) do
    if id == entry.id then return true end
  end
  return false
end

--- Do the work of one request.
local function complete(service, batch, entry)
  if is_to_fail(batch, entry) then
    fail(batch, entry, "failed", 13, "This request was told to fail.")
  else
    local result, more = work.run(service, entry)
    if result then
      entry.state, entry.ticks = "succeeded", more
      entry.result = { batch_request_id = entry.id, batch_result = { response = { [entry.kind.key] = result } } }
    else
      fail(batch, entry, "failed", 3, more)
    end
  end
  entry.finished = os.time()
  batch.done[#batch.done + 1] = entry
end

--- Take one of those that wait, in an order that is not theirs.
local function take_pending(batch)
  local pending = batch.pending
  local place = (#batch.done * 7 + 3) % #pending + 1
  pending[place], pending[#pending] = pending[#pending], pending[place]
  return table.remove(pending)
end

local function work_on(service, batch, n)
  if batch.cancelled or is_expired(batch) then return end
  for _ = 1, math.min(n, #batch.pending) do complete(service, batch, take_pending(batch)) end
end

--- A look at a batch moves it on: a part of what is pending, and in the end all.
local function look(service, batch)
  if batch.plan.hold then return end
  local left = service.options.polls - batch.looks
  batch.looks = batch.looks + 1
  work_on(service, batch, left <= 1 and #batch.pending or math.ceil(#batch.pending / left))
end

local function cancel(batch, refusal)
  if batch.cancelled then return end
  batch.cancelled, batch.refusal = os.time(), refusal
  if refusal then
    batch.entries, batch.pending, batch.done, batch.by_id = {}, {}, {}, {}
    return
  end
  for _, entry in ipairs(batch.pending) do
    fail(batch, entry, "cancelled", 1, "Cancelled.")
    entry.finished = os.time()
    batch.done[#batch.done + 1] = entry
  end
  batch.pending = {}
end

--- Add requests; one whose id is there already is left out: it runs once.
local function add(service, batch, list)
  for _, one in ipairs(list) do
    one.id = one.id or service:new_id()
    if not batch.by_id[one.id] then
      one.state, one.created = "pending", os.time()
      batch.by_id[one.id] = one
      batch.entries[#batch.entries + 1], batch.pending[#batch.pending + 1] = one, one
    end
  end
  batch.looks = 0
  if service.options.polls == 0 then look(service, batch) end
end

-- Batches from a file ------------------------------------------------------------------------

local KIND_OF_URL = {
  ["/v1/chat/completions"] = "chat_get_completion", ["/v1/responses"] = "responses",
  ["/v1/images/generations"] = "image_generation", ["/v1/images/edits"] = "image_edit",
  ["/v1/videos/generations"] = "video_generation", ["/v1/videos"] = "video_generation",
  ["/v1/videos/edits"] = "video_generation", ["/v1/videos/extensions"] = "video_extension",
}

--- The request in a line of a file; or nil and what is wrong.
local function read_line(line)
  local value, broken = json.decode(line)
  if broken or not json.is_object(value) then return nil, "it is not a JSON object" end
  for _, field in ipairs { "custom_id", "method", "url", "body" } do
    if given(value[field]) == nil then return nil, field .. " is missing" end
  end
  local kind = KIND_OF_URL[value.url]
  if not kind then return nil, "its url is unknown" end
  local list, refused = work.read {
    batch_requests = { { batch_request_id = value.custom_id, batch_request = { [kind] = value.body } } },
  }
  if not list then return nil, json.decode(refused.body).error end
  return list[1]
end

--- Read the file of a batch: one bad line refuses all of it.
local function read_file(service, batch, text)
  local list, n = {}, 0
  for line in text:gmatch("[^\r\n]+") do
    n = n + 1
    local one, problem = read_line(line)
    if not one then
      return cancel(batch, ("Line %d of the input file could not be used: %s."):format(n, problem))
    end
    list[n] = one
  end
  add(service, batch, list)
end

-- Pages --------------------------------------------------------------------------------------

local function parameters_of(request)
  local parameters = {}
  for name, value in (request.query or ""):gmatch("([^&=]+)=([^&]*)") do
    parameters[http.percent_decode(name)] = http.percent_decode(value)
  end
  return parameters
end

--- The page of a list that a request asks for, under `field`; or the answer that refuses it.
local function page(request, list, field, as_entry)
  local parameters = parameters_of(request)
  local limit, from = tonumber(parameters.limit or USUAL_PAGE), 0
  if not limit or limit < 1 or limit > MAX_PAGE or limit % 1 ~= 0 then
    return errors.argument(("limit lies outside 1 to %d."):format(MAX_PAGE))
  end
  if parameters.pagination_token then
    from = tonumber(parameters.pagination_token:match("^cGFnZQ%+(%d+)=$"))
    if not from then return errors.argument("pagination_token is not one of this list.") end
  end
  local entries = json.array()
  for i = from + 1, math.min(from + limit, #list) do entries[#entries + 1] = as_entry(list[i]) end
  local next_from = from + limit
  return errors.json(200, {
    [field] = entries, pagination_token = next_from < #list and ("cGFnZQ+%d="):format(next_from) or null,
  })
end

local function metadata_of(entry)
  return {
    batch_request_id = entry.id, endpoint = entry.kind.endpoint, model = entry.model.id, state = entry.state,
    create_time = stamp(entry.created), finish_time = entry.finished and stamp(entry.finished) or nil,
  }
end

-- Endpoints ----------------------------------------------------------------------------------

function M.create(service, request)
  local state, file = state_of(service), given(request.json.input_file_id)
  if request.json.name == "" then return errors.argument("name is empty.") end
  if file and not state.files[file] then return errors.argument("input_file_id names no file of this team.") end
  if is_too_fast(service, state.created, service.options.rates, 1) then return errors.rate_limit() end
  local batch = {
    id = "batch_" .. service:new_id(), name = request.json.name, file = file, created = os.time(),
    expires = os.time() + LIFE, entries = {}, pending = {}, done = {}, by_id = {}, looks = 0, plan = {},
  }
  for name, value in pairs(state.plan) do batch.plan[name] = value end
  table.insert(state.list, 1, batch)
  state.by_id[batch.id] = batch
  return errors.json(200, object_of(batch))
end

function M.list(service, request)
  return page(request, state_of(service).list, "batches", object_of)
end

--- What was asked of a batch before: its file is read, its plan done.
local function settle(service, batch)
  if batch.plan.refuse then cancel(batch, batch.plan.refuse) end
  if batch.file and not batch.has_read and not batch.cancelled then
    batch.has_read = true
    read_file(service, batch, state_of(service).files[batch.file])
  end
end

function M.get(service, request)
  local batch = state_of(service).by_id[request.id]
  if not batch then return unknown() end
  if batch.looks > 0 or not batch.file then settle(service, batch) end -- a file takes a while
  look(service, batch)
  return errors.json(200, object_of(batch))
end

function M.add(service, request)
  local state = state_of(service)
  local batch = state.by_id[request.id]
  if not batch then return unknown() end
  if #request.body > MAX_ADD then return errors.too_large() end
  if batch.file then return errors.argument("This batch came from a file and takes no more requests.") end
  if batch.cancelled then return errors.argument("This batch is cancelled and takes no more requests.") end
  if is_expired(batch) then return errors.argument("This batch has expired and takes no more requests.") end
  if is_too_fast(service, state.added, 1000, 30) then return errors.rate_limit() end
  local list, refused = work.read(request.json)
  if not list then return refused end
  add(service, batch, list)
  if batch.plan.silent then return errors.empty(200) end
  return errors.json(200, {})
end

function M.list_requests(service, request)
  local batch = state_of(service).by_id[request.id]
  if not batch then return unknown() end
  return page(request, batch.entries, "batch_request_metadata", metadata_of)
end

function M.list_results(service, request)
  local batch = state_of(service).by_id[request.id]
  if not batch then return unknown() end
  return page(request, is_expired(batch) and {} or batch.done, "results", function(entry) return entry.result end)
end

function M.cancel(service, request)
  local batch = state_of(service).by_id[request.id]
  if not batch then return unknown() end
  settle(service, batch)
  cancel(batch)
  return errors.json(200, object_of(batch))
end

-- Control ------------------------------------------------------------------------------------

M.control_body = shape.fields {
  id = shape.string, done = shape.integer, hold = shape.boolean, refuse = shape.string, expire = shape.boolean,
  fail = shape.list(shape.string), form = shape.enum("object", "text", "message"), silent = shape.boolean,
  lines = shape.string,
}

local PLAN = { "hold", "refuse", "fail", "form", "silent" }

local function direct(service, batch, body)
  for _, name in ipairs(PLAN) do
    if given(body[name]) ~= nil then batch.plan[name] = body[name] end
  end
  settle(service, batch)
  if given(body.done) then work_on(service, batch, body.done) end
  if given(body.expire) then batch.expires = os.time() - 1 end
end

--- POST /_/batches: `id`, a batch, or without it all that are there and all that come; `done`, so many
-- requests more are worked on; `hold`, looks do not move it on; `refuse`, its message; `expire`; `fail`,
-- ids of requests; `form` of the failures' results: "object", "text", "message"; `silent`, adding is
-- answered with nothing.  Or `lines`, the text of a file of requests, answered with its id.
function M.control(service, request)
  local body, state = request.json, state_of(service)
  if given(body.lines) then
    local id = "file_" .. service:new_id()
    state.files[id] = body.lines
    return errors.json(200, { id = id })
  end
  if given(body.id) then
    local batch = state.by_id[body.id]
    if not batch then return unknown() end
    direct(service, batch, body)
    return errors.json(200, object_of(batch))
  end
  for _, name in ipairs(PLAN) do
    if given(body[name]) ~= nil then state.plan[name] = body[name] end
  end
  for _, batch in ipairs(state.list) do direct(service, batch, body) end
  return errors.json(200, { ok = true })
end

return M
