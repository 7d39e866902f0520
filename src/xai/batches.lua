--- Batches: is one over, and how; and what came of one of its requests.

local core = require "xai.core"

local error, ipairs, next, tonumber, tostring, type = error, ipairs, next, tonumber, tostring, type
local os_time = os.time
local string_match = string.match

local batches = {}

-- Times ------------------------------------------------------------------------------

local DAY = 86400

--- Days from 1970-01-01 to a date of the Gregorian calendar.
local function days_of(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leaps = (year - year % 4) / 4 - (year - year % 100) / 100 + (year - year % 400) / 400
  local before = (153 * (month - 3) + 2) / 5
  return 365 * year + leaps + before - before % 1 + day - 1 - 719468
end

--- Seconds that the end of a time is ahead of UTC: "Z", "+02:00"; nil for anything else.
local function offset_of(text)
  if text == "Z" or text == "z" then return 0 end
  local sign, hours, minutes = string_match(text, "^([+-])(%d%d):?(%d%d)$")
  if not sign then return nil end
  return (sign == "-" and -1 or 1) * (hours * 3600 + minutes * 60)
end

--- Unix seconds of a time as RFC 3339 writes it; of a bare date those of its end.  nil for
-- anything else.
local function seconds_of(text)
  if type(text) ~= "string" then return nil end
  local year, month, day, rest = string_match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  if not year then return nil end
  local days = days_of(tonumber(year), tonumber(month), tonumber(day))
  if rest == "" then return (days + 1) * DAY end
  local hour, minute, second, zone = string_match(rest, "^[Tt ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  local offset = hour and offset_of(zone)
  return offset and days * DAY + hour * 3600 + minute * 60 + second - offset
end

-- Where a batch stands ---------------------------------------------------------------

--- A text that is there; nil for an empty one and for the nulls of JSON libraries.
local function words(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function table_of(value) return type(value) == "table" and value or {} end

local function check(what, value)
  if type(value) ~= "table" then error(what .. ": expected a table, got " .. type(value), 3) end
end

--- Where a batch stands.  It has no field for that: "over" is told by its counts, by two
-- fields about cancelling, or by the time.
-- @param batch what get_batch and the others return
-- @param now Unix seconds; default: this machine's clock
-- @return "running"; "done", when nothing is pending, though requests may have failed;
--   "cancelled", after which what was done has results; "refused", with the service's words;
--   or "expired", when its results are gone.  A batch that has no requests (yet) is running.
function batches.batch_status(batch, now)
  check("xai.batch_status", batch)
  local refusal = words(batch.cancel_by_xai_message)
  if refusal then return "refused", refusal end
  if words(batch.cancel_time) then return "cancelled" end
  local state = table_of(batch.state)
  local total, pending = tonumber(state.num_requests), tonumber(state.num_pending)
  if total and total > 0 and (pending or 0) == 0 then return "done" end
  local ends = seconds_of(batch.expire_time)
  return ends and (now or os_time()) >= ends and "expired" or "running"
end

-- What came of a request -------------------------------------------------------------

-- Kinds of the numbers of gRPC's statuses, in which batches tell why a request failed.
local KINDS = {
  [1] = "cancelled", [3] = "bad_request", [4] = "timeout", [5] = "not_found", [6] = "bad_request",
  [7] = "permission", [8] = "rate_limit", [9] = "bad_request", [10] = "server", [11] = "bad_request",
  [13] = "server", [14] = "server", [15] = "server", [16] = "authentication",
}

-- The same by name, as jobs tell it.
local NAMED = {
  cancelled = 1, invalid_argument = 3, deadline_exceeded = 4, not_found = 5, already_exists = 6,
  permission_denied = 7, resource_exhausted = 8, failed_precondition = 9, aborted = 10, out_of_range = 11,
  internal_error = 13, internal = 13, service_unavailable = 14, unavailable = 14, data_loss = 15,
  unauthenticated = 16,
}

--- Code and message of an error: a text, or a table; nil where there is none.
local function read_error(err)
  if words(err) then return nil, err end
  if type(err) ~= "table" then return nil end
  local code, message = err.code, words(err.message) or words(err.error)
  if type(code) ~= "number" and not words(code) then code = nil end
  if tonumber(code) == 0 and not message then return nil end -- 0 is success
  if code == nil and not message then return nil end
  return code, message or "failed with code " .. tostring(code)
end

local function failed(code, message)
  local number = tonumber(code) or NAMED[code]
  local info = core.failure(KINDS[number] or "api", message)
  if code ~= nil then info.code = code end
  return nil, tostring(info), info
end

local KEYS = { "chat_get_completion", "image_generation", "video_generation" }

local function is_filled(value) return type(value) == "table" and next(value) ~= nil end

--- The answer in a response, which is under the key of its kind.
local function answer_in(response)
  if type(response) ~= "table" then return nil end
  for _, key in ipairs(KEYS) do
    if is_filled(response[key]) then return response[key] end
  end
  for _, value in next, response do
    if is_filled(value) then return value end
  end
end

--- What came of a request of a batch, from an entry of list_batch_results.
-- @param entry { batch_request_id, batch_result, error_message }
-- @return the answer: a chat completion (also of `responses`), the result of
--   generate_image, or a video; or nil, message, info, where info has kind, message and,
--   where the service tells one, code
function batches.batch_result(entry)
  check("xai.batch_result", entry)
  local outcome = table_of(entry.batch_result)
  local code, message = read_error(outcome.error)
  if not message then message = words(entry.error_message) end
  if message then return failed(code, message) end
  local answer = answer_in(outcome.response)
  if not answer then return failed(nil, "the batch has no response to this request") end
  if answer.status == "failed" or answer.choices == nil and answer.data == nil and answer.video == nil then
    code, message = read_error(answer.error)
    if message then return failed(code or words(answer.code), message) end
    if answer.status == "failed" then return failed(nil, "the request failed") end
  end
  return answer, nil, entry
end

return batches
