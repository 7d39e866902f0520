--- videos.lua - POST /v1/videos/generations, GET of where a video stands, and of the clips it made.
--
-- A video takes as many polls as a deferred result: the first says nothing, the others tell
-- the progress.  A prompt with "[fail]" in it fails in the end, one with "[withhold]" is
-- held back by moderation, one with "[expire]" expires.

local errors = require("xai.testing.standin.errors")
local json = require("xai.testing.standin.json")

local M = {}

local given = json.given

local TICKS_PER_CENT = 100000000

-- A video file begins so: the box that tells its type, and an empty one for the data.
local CLIP = "\0\0\0\24ftypisom\0\0\2\0isommp42" .. "\0\0\0\8mdat"

local function video_of(request)
  return { asked = 0, prompt = given(request.json.prompt) or "", body = request.json, model = request.model }
end

function M.create(service, request)
  local id = service:new_id()
  service.videos[id] = video_of(request)
  return errors.json(200, { request_id = id })
end

local function stored_file(service, options)
  return {
    file_id = "file_" .. service:new_id(), filename = options.filename,
    expires_at = given(options.expires_after) and service:now() + options.expires_after or nil,
  }
end

--- The address of a clip that is kept here.
local function keep(service, id)
  service.clips[id .. ".mp4"] = CLIP
  return service.url .. "/clips/" .. id .. ".mp4"
end

local function clip(service, id, video)
  local body = video.body
  local one = { duration = given(body.duration) or 8, respect_moderation = true }
  if video.prompt:find("[withhold]", 1, true) then
    one.url, one.respect_moderation = "", false
  elseif not given(body.output) then
    one.url = keep(service, id)
  end
  local options = given(body.storage_options)
  if options then one.file_output = stored_file(service, options) end
  return one
end

local function over(service, id, video)
  if video.prompt:find("[fail]", 1, true) then
    return { status = "failed", error = { code = "internal_error", message = "Rendering stopped half way." } }
  end
  if video.prompt:find("[expire]", 1, true) then return { status = "expired" } end
  local one = clip(service, id, video)
  return {
    status = "done", video = one, model = video.model.id, progress = 100,
    usage = { cost_in_usd_ticks = video.model.price * one.duration * TICKS_PER_CENT },
  }
end

--- What becomes of a request that is a part of a batch.
function M.make(service, request)
  return over(service, service:new_id(), video_of(request))
end

--- 202 for the first polls, of which the first is empty, then what became of it.
function M.get(service, request)
  local id, polls = request.id, service.options.polls
  local video = service.videos[id]
  if not id:find("^%x+%-%x+%-%x+%-%x+%-%x+$") then return errors.argument("The request id is malformed.") end
  if not video then return errors.coded(404, "not-found", "No video request has this id.") end
  if video.asked >= polls then return errors.json(200, over(service, id, video)) end
  video.asked = video.asked + 1
  if video.asked == 1 then return errors.empty(202) end
  return errors.json(202, { status = "pending", progress = math.floor(100 * (video.asked - 1) / polls) })
end

--- GET /clips/{name}: needs no key, as the real addresses need none.
function M.clip(service, request)
  local bytes = service.clips[request.id]
  if not bytes then return errors.unknown_route() end
  return { status = 200, headers = { { "Content-Type", "video/mp4" } }, body = bytes }
end

return M
