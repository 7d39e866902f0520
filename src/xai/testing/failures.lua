--- failures.lua - the failures of a scripted client, one for each kind.

local core = require "xai.core"
local xai = require "xai"

local failures = {}

-- What the service says: status, code, message.
local SAID = {
  bad_request = { 400, "invalid-argument", "The request is wrong." },
  authentication = { 401, "unauthenticated", "No credentials were supplied." },
  permission = { 403, "permission-denied", "The caller does not have permission." },
  not_found = { 404, "not-found", "It was not found." },
  unprocessable = { 422, "unprocessable", "The request has a field of the wrong type." },
  too_large = { 413, "too-large", "The request body is too large." },
  rate_limit = { 429, "resource-exhausted", "Too many requests." },
  quota = { 429, "insufficient_quota", "You have no credits left." },
  server = { 503, "unavailable", "The model is at capacity; retry later." },
  api = { 200, "failed", "It went wrong." },
  redirect = { 308, "moved", "It has moved." },
}

-- What goes wrong on the way, or here: phase, message.
local ON_THE_WAY = {
  connection = { "connect", "the connection failed" },
  timeout = { "wait", "timeout passed" },
  tls = { "tls", "the certificate cannot be trusted" },
  protocol = { "wait", "the answer is no HTTP" },
  decode = { nil, "the answer is not JSON" },
  truncated = { "body", "the answer ended too early" },
  limit = { nil, "the answer exceeds max_body" },
  pending = { nil, "pending" },
  cancelled = { nil, "cancelled" },
  closed = { nil, "the client is closed" },
  memory = { nil, "not enough memory" },
}

--- Does a failure of that kind come without an answer of the service?
function failures.is_on_the_way(kind)
  return ON_THE_WAY[kind] ~= nil
end

local function check_kind(kind)
  if SAID[kind] or ON_THE_WAY[kind] then return end
  local known = {}
  for name in pairs(SAID) do known[name] = true end
  for name in pairs(ON_THE_WAY) do known[name] = true end
  local meant = core.nearest(kind, known)
  error({ wrong = ("unknown kind '%s'%s"):format(kind, meant and (" (did you mean '%s'?)"):format(meant) or "") }, 0)
end

--- Make what a tape gives, `answer`, end with a failure.
function failures.on_the_way(failure, answer, phase)
  local row = ON_THE_WAY[failure.kind]
  answer.kind, answer.why = failure.kind, failure.message or row[2]
  answer.phase = failure.phase or phase or row[1]
  return answer
end

--- The body of an error answer.
local function body_of(failure, row)
  local code, message = failure.code or row[2], failure.message or row[3]
  if failure.type or failure.param then
    return { error = { message = message, code = code, type = failure.type, param = failure.param } }
  end
  return { code = code, error = message }
end

--- The event by which a stream reports a failure.
function failures.event(failure)
  check_kind(failure.kind)
  return "event: error\ndata: " .. xai.encode(body_of(failure, SAID[failure.kind])) .. "\n\n"
end

local function said(failure, request)
  local row, headers = SAID[failure.kind], { { "Content-Type", "application/json" } }
  for name, value in pairs(failure.headers or {}) do headers[#headers + 1] = { name, value } end
  if failure.retry_after then headers[#headers + 1] = { "Retry-After", failure.retry_after } end
  if failure.kind == "redirect" then headers[#headers + 1] = { "Location", "https://example.com/" } end
  local body = xai.encode(body_of(failure, row))
  local head_of = require("xai.testing.answers").head_of
  return { head = head_of(failure.status or row[1], headers, request.id, #body), body = body }
end

--- What a tape gives for a failure.
function failures.answer(failure, request)
  check_kind(failure.kind)
  if SAID[failure.kind] then return said(failure, request) end
  return failures.on_the_way(failure, {})
end

return failures
