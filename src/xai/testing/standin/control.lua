--- control.lua - the record of requests, for those who test a client: the routes under /_/.

local errors = require("xai.testing.standin.errors")
local faults = require("xai.testing.standin.faults")
local json = require("xai.testing.standin.json")

local M = {}

local KEPT_REQUESTS, KEPT_BODY = 200, 1024 * 1024

--- Record a request; the oldest records and the ends of big bodies are dropped.
function M.begin(service, request, at_ms)
  request.record = {
    method = request.method, path = request.path, query = request.query, headers = request.headers,
    body = request.body:sub(1, KEPT_BODY), body_bytes = #request.body, connection = request.connection,
    at_ms = at_ms, fault = request.fault or json.null, open = true, aborted = false, written = 0,
  }
  service.log[#service.log + 1] = request.record
  if #service.log > KEPT_REQUESTS then table.remove(service.log, 1) end
  service.in_progress = service.in_progress + 1
end

function M.finish(service, request, aborted)
  local record = request.record
  if not record then return end
  service.in_progress = service.in_progress - 1
  record.open, record.aborted, record.status = false, aborted == true, request.status or json.null
end

--- GET /_/requests
function M.requests(service)
  return errors.json(200, json.array(service.log))
end

--- GET /_/open: how many answers are in progress.
function M.open(service)
  return errors.json(200, { open = service.in_progress })
end

--- GET /_/faults: the names that x-fault takes.
function M.faults()
  local names = json.array()
  for name in pairs(faults.by_name) do names[#names + 1] = name end
  table.sort(names)
  return errors.json(200, names)
end

--- POST /_/reset
function M.reset(service)
  service:reset()
  return errors.json(200, { ok = true })
end

return M
