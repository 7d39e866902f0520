--- limits.lua - how many requests and tokens a model may have in a minute.
--
-- The service looks at the last 60 seconds.  Without the options requests_per_minute and
-- tokens_per_minute there is no limit, and the headers name those of a small team.

local errors = require("xai.testing.standin.errors")

local M = {}

local MINUTE = 60
local SMALL_TEAM = { requests = 150, tokens = 50000000 }

--- The window of a model: a list of { at, tokens } and their sum.
local function window_of(service, model, now)
  local window = service.windows[model] or { first = 1, last = 0, requests = 0, tokens = 0 }
  service.windows[model] = window
  while window.first <= window.last and window[window.first].at <= now - MINUTE do
    local entry = window[window.first]
    window[window.first] = nil
    window.first, window.requests = window.first + 1, window.requests - 1
    window.tokens = window.tokens - entry.tokens
  end
  return window
end

local function text_of(request, what, count, limit)
  local text = "Too many %s for team %s and model %s (%s per minute %d/%d)."
  return text:format(what, errors.TEAM, request.model.id, what, count, limit)
end

--- The answer to a request that comes too early; nil where it may be served, and then it counts.
function M.refusal(service, request)
  local options = service.options
  if not (options.requests_per_minute or options.tokens_per_minute) then return nil end
  local now = service:clock()
  local window = window_of(service, request.model.id, now)
  local text
  if options.requests_per_minute and window.requests >= options.requests_per_minute then
    text = text_of(request, "requests", window.requests + 1, options.requests_per_minute)
  elseif options.tokens_per_minute and window.tokens >= options.tokens_per_minute then
    text = text_of(request, "tokens", window.tokens, options.tokens_per_minute)
  end
  if text then
    service.limited = service.limited + 1
    local answer = errors.coded(429, "resource-exhausted", text)
    if options.hint then answer.headers[#answer.headers + 1] = { "Retry-After", tostring(options.hint) } end
    return answer
  end
  request.entry = { at = now, tokens = 0 }
  window.last, window.requests = window.last + 1, window.requests + 1
  window[window.last] = request.entry
end

--- The tokens of a request that is served.
function M.count(service, request)
  local entry, charged = request.entry, request.charged
  if not entry or not charged then return end
  request.entry = nil
  local window = window_of(service, request.model.id, service:clock())
  entry.tokens = charged.tokens
  window.tokens = window.tokens + entry.tokens
end

local function at_least_0(n) return n > 0 and n or 0 end

--- What the headers of a served request say, by the ends of their names.
function M.figures(service, request)
  local options = service.options
  local requests = options.requests_per_minute or SMALL_TEAM.requests
  local tokens = options.tokens_per_minute or SMALL_TEAM.tokens
  local window = service.windows[request.model.id] or { requests = 1, tokens = 1000 }
  return {
    ["limit-requests"] = requests, ["remaining-requests"] = at_least_0(requests - window.requests),
    ["limit-tokens"] = tokens, ["remaining-tokens"] = at_least_0(tokens - window.tokens),
  }
end

return M
