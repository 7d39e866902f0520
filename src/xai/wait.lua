--- client:wait(name, id[, opts]): ask again and again until something is ready.

local core = require "xai.core"
local jobs = require "xai.wait.jobs"
local json = require "xai.client.json"
local lazy_require = require("xai.runtime.environment").lazy_require

local error, getmetatable, next, pairs, pcall, rawget, setmetatable, tostring, type =
  error, getmetatable, next, pairs, pcall, rawget, setmetatable, tostring, type
local math_max, math_min = math.max, math.min
local string_find, string_format, string_sub = string.find, string.format, string.sub

local WHAT = "client:wait"

-- Arguments -------------------------------------------------------------------------

local OWN = { every = true, on_wait = true } -- the options beside those of calls

local function wrong_name(name)
  if type(name) ~= "string" then
    local hint = type(name) == "table" and " (call it with a colon)" or ""
    return "the name of a function must come first, got " .. type(name) .. hint
  end
  local meant = core.nearest(name, jobs)
  return "'" .. name .. "' has nothing to wait for; "
    .. (meant and "did you mean '" .. meant .. "'?" or "use get_deferred, get_video or get_batch")
end

local function is_callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and rawget(meta, "__call") ~= nil
end

local function wrong_options(opts)
  if type(opts) ~= "table" then return "options must be a table, got " .. type(opts) end
  local every = opts.every
  if every ~= nil and not (type(every) == "number" and every > 0 and every <= 1e9) then
    return "option 'every' must be a number of seconds above 0, got "
      .. (type(every) == "number" and tostring(every) or type(every))
  end
  if opts.on_wait ~= nil and not is_callable(opts.on_wait) then
    return "option 'on_wait' must be a function, got " .. type(opts.on_wait)
  end
  if opts.on_done ~= nil then return "option 'on_done' is one of client:start" end
end

--- The options of the calls.
local function options_of_calls(opts)
  local rest = {}
  for name, value in pairs(opts or {}) do
    if not OWN[name] then rest[name] = value end
  end
  return rest
end

-- A wait --------------------------------------------------------------------------------

-- name, id, job; `options` of its calls; `every`, `on_wait` of the user; `limit` the seconds
-- that it may take, or nil; when it `began`; how many times it has `asked`; the `pause` after
-- the next question; the last `progress` that was told, or nil.
local Wait = {}
Wait.__index = Wait

local FIRST, LONGEST, GROWTH = 0.25, 10, 1.5 -- seconds between questions
local JITTER = 0.25 -- the largest part by which a pause is shortened
local LEAST_LIMIT = 0.001 -- 0 would mean none

local function left(wait)
  return wait.limit and wait.limit - (core.now() - wait.began) or nil
end

--- Add to the facts about a call those about the wait.
function Wait:tell(info)
  info.id, info.asked, info.progress = self.id, self.asked, self.progress
  info.elapsed = core.now() - self.began
  return info
end

--- The same for a failure.  `resumable`: the same wait may go on later.
function Wait:fail(message, info, resumable)
  self:tell(info).resumable = resumable
  return nil, message, info
end

--- A failure of the wait itself, with the facts about the last call.
function Wait:failure(facts, kind, message, fields)
  local info = core.failure(kind, message)
  for key, value in next, facts do info[key] = value end
  info.request_id, info.kind, info.message = facts.request_id, kind, message
  info.code, info.phase, info.retryable = fields.code, fields.phase, false
  info.result, info.billed = fields.result, fields.billed or facts.billed or "maybe"
  return self:fail(tostring(info), info, fields.resumable or false)
end

function Wait:timeout(facts)
  local progress = self.progress and string_format(" (%g %%)", self.progress) or ""
  local message = string_format("deadline of %s s passed; %s is not ready%s", json.encode(self.limit),
    self.job.noun, progress)
  return self:failure(facts, "timeout", message, { phase = "deadline", resumable = true })
end

-- Answers -------------------------------------------------------------------------------

--- Was the only answer lost on its way?
local function is_lost(job, info)
  return job.is_once and info.status == 200
end

--- May the next question have an answer, after this one has failed?
local function goes_on(job, info)
  local kind = info.kind
  if kind == "pending" or kind == "rate_limit" then return true end
  if kind == "truncated" then return not is_lost(job, info) end
  if kind == "timeout" then return info.phase ~= "deadline" and not is_lost(job, info) end
  if kind == "server" then return info.status == nil or info.status >= 500 or info.retryable end
  return info.retryable
end

--- The table in the body of an answer that is no result; nil where there is none.
local function body_of(info)
  if type(info.body) ~= "string" then return nil end
  local ok, body = pcall(json.decode, info.body)
  return ok and type(body) == "table" and body or nil
end

--- Take a failed call.  Returns whether to ask again; or false and what client:wait returns.
function Wait:take_failure(message, info)
  local body = (info.kind == "pending" or info.status == 200) and body_of(info)
  if body then
    local state, progress = self.job.read(body)
    if state == "pending" then
      self.progress = progress or self.progress
    elseif state == "failed" and info.kind ~= "pending" then -- the words are in `info` already
      info.result = body
      return false, self:fail(message, info, false)
    end
  end
  if goes_on(self.job, info) then return true end
  if info.phase == "deadline" then return false, self:timeout(self.facts or info) end
  local resumable = info.kind ~= "not_found" and not is_lost(self.job, info)
  return false, self:fail(message, info, resumable)
end

--- The facts about an answer that says that it is not ready yet.
local function pending_facts(info)
  local facts = core.failure("pending", "not ready yet")
  for key, value in next, info do facts[key] = value end
  facts.request_id, facts.retryable, facts.billed = info.request_id, false, "no"
  return facts
end

--- Take the outcome of a call.  Returns the facts about it where it is asked again; or false
-- and what client:wait returns.
function Wait:take(result, message, info)
  self.asked = self.asked + 1
  if result == nil then
    local again, value, words, facts = self:take_failure(message, info)
    if not again then return false, value, words, facts end
    return info
  end
  local state, second, code, words = self.job.read(result)
  if state == "failed" then
    return false, self:failure(info, second, words, { code = code, result = result })
  end
  if state == "done" then return false, result, nil, self:tell(info) end
  self.progress = second or self.progress
  info = pending_facts(info)
  info.result = result
  return info
end

-- Pauses --------------------------------------------------------------------------------

--- The seconds until the next question; nil where no time is left for one.  What is left of
-- the deadline is used for a last question, unless the server has asked to wait longer.
function Wait:next_pause(info)
  local pause = self.every
  if not pause then
    pause = self.pause * (1 - JITTER * core.random())
    self.pause = math_min(self.pause * GROWTH, LONGEST)
  end
  local hint = info.retry_after
  if hint and hint > 0 then pause = self.every and math_max(hint, pause) or hint end
  local seconds = left(self)
  if not seconds or pause < seconds then return pause end
  if self.is_last or hint and hint >= seconds or seconds <= 0 then return nil end
  self.is_last = true
  return math_max(seconds / 2, seconds - 1)
end

--- Tell the user of the pause.
function Wait:report(info, pause)
  self.facts = self:tell(info)
  info.wait = pause
  if self.on_wait then self.on_wait(info) end
end

-- Questions -----------------------------------------------------------------------------

--- What the core has raised in a later question: the client was closed meanwhile, or misuse.
function Wait:refused(err)
  local at = type(err) == "string" and string_find(err, WHAT .. ":", 1, true)
  if not at then error(err, 0) end
  local words = string_sub(err, at + #WHAT + 2)
  if words ~= "the client is closed" then error(WHAT .. ": " .. words, 3) end
  return self:failure(self.facts, "closed", words, { resumable = true })
end

function Wait:set_deadline()
  local seconds = left(self)
  if seconds then self.options.deadline = math_max(seconds, LEAST_LIMIT) end
end

--- Start the next question after a pause.  Returns as core.start, or nil and the error.
local function start(wait, client, pause)
  wait:set_deadline()
  local ok, request, streamed = pcall(core.start, client, wait.name, wait.id, wait.options, "wait", nil, pause)
  if not ok then return nil, request end
  return request, streamed
end

local function new(client, name, id, opts, seconds)
  local limit = opts and opts.deadline or seconds
  return setmetatable({
    client = client, name = name, id = id, job = jobs[name], options = options_of_calls(opts),
    every = opts and opts.every, on_wait = opts and opts.on_wait,
    limit = limit ~= 0 and limit or nil, began = core.now(), asked = 0, pause = FIRST,
  }, Wait)
end

--- Make the method of `complete`, see client.lua.
return function(complete)
  --- See types.lua.
  -- @param name "get_deferred", "get_video" or "get_batch"
  -- @param id what that function takes
  -- @param opts options of calls; every, on_wait
  -- @return what that function returns once it is ready, nil, info; or nil, message, info
  return function(self, name, id, opts)
    local problem = (type(name) ~= "string" or not rawget(jobs, name)) and wrong_name(name)
      or opts ~= nil and wrong_options(opts)
    if problem then error(WHAT .. ": " .. problem, 2) end
    if opts then core.check_options(WHAT, opts, OWN) end
    local wait = new(self, name, id, opts, core.deadline(self))
    local request, streamed = core.start(self, name, id, wait.options, "wait")
    local function tell_cancelled(err) wait:tell(err).resumable = true end
    while true do
      lazy_require "xai.runtime.wait".on_abandon(request, tell_cancelled)
      local facts, value, message, info = wait:take(complete(self, request, name, streamed, wait.options))
      if not facts then return value, message, info end
      local pause = wait:next_pause(facts)
      if not pause then return wait:timeout(facts) end
      wait:report(facts, pause)
      request, streamed = start(wait, self, pause)
      if not request then return wait:refused(streamed) end
    end
  end
end
