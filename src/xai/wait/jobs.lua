--- What client:wait can wait for: how each function tells that something is not ready, is
-- ready, or has failed.
--
-- The rows of `jobs`, by the name of the function:
--   noun     what is waited for, in messages
--   is_once  the service gives the answer only once
--   read(result)  reads an answer.  Returns "pending" and the progress, from 0 to 100, where
--                 it is known; "done"; or "failed", kind, code and message

local lazy_require = require("xai.runtime.environment").lazy_require

local type = type
local math_floor = math.floor
local string_format = string.format

local jobs = {}

local function words(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function number(value)
  return type(value) == "number" and value or nil
end

-- Deferred completions ------------------------------------------------------------------

jobs.get_deferred = {
  noun = "the answer", is_once = true,
  read = function() return "done" end,
}

-- Videos --------------------------------------------------------------------------------

local ENDS = {
  failed = function(result)
    local err = type(result.error) == "table" and result.error or {}
    return "failed", "api", words(err.code), words(err.message) or words(result.error) or "the video has failed"
  end,
  expired = function()
    return "failed", "not_found", "expired", "the video has expired"
  end,
}

--- Unknown words mean that it is not ready, unless there is a video.
local function read_video(result)
  if ENDS[result.status] then return ENDS[result.status](result) end
  local video = type(result.video) == "table" and result.video or nil
  if video and video.respect_moderation == false then
    return "failed", "permission", "moderation", "moderation has withheld the video"
  end
  if result.status == "done" or video and words(video.url) then return "done" end
  return "pending", number(result.progress)
end

jobs.get_video = { noun = "the video", read = read_video }

-- Batches -------------------------------------------------------------------------------

--- How much of a batch is done, in percent; nil where nobody knows.
local function share_of(batch)
  local state = type(batch.state) == "table" and batch.state or {}
  local total, pending = number(state.num_requests), number(state.num_pending)
  if not (total and pending) or total <= 0 then return nil end
  return math_floor((total - pending) * 100 / total)
end

local function read_batch(batch)
  local status, refusal = lazy_require "xai.batches".batch_status(batch)
  if status == "running" then return "pending", share_of(batch) end
  if status == "refused" then
    return "failed", "bad_request", status, string_format("the batch was refused: %s", refusal)
  end
  if status == "expired" then return "failed", "not_found", status, "the batch has expired" end
  return "done"
end

jobs.get_batch = { noun = "the batch", read = read_batch }

return jobs
