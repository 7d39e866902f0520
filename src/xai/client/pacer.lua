--- The pace of a limiter: calls wait for their turn, first come, first served.
--
-- A call of cost n moves the moment of the next one by n sixtieths of a minute's figure, so
-- that no second has more than a sixtieth of it.  A call that costs more than that leaves
-- a debt, which those behind it wait for.  Tokens are estimated before the answer tells
-- them; what was wrong is made up for then.

local core = require "xai.core"
local timers = require "xai.runtime.timers"

local collectgarbage, pairs, setmetatable, type = collectgarbage, pairs, setmetatable, type
local math_max, math_min = math.max, math.min
local string_find, string_format = string.find, string.format
local table_remove = table.remove

local Pacer = {}
Pacer.__index = Pacer

-- What a call costs in tokens -----------------------------------------------------------

local BYTES_PER_TOKEN = 4 -- of English; of other languages about as many
local MOST_BYTES_PER_TOKEN = 6 -- no text has more: what is too large by this is too large
local PICTURE = 2000 -- as many bytes of text cost what a picture costs
local FIRST_ANSWER = 1000 -- tokens of an answer, and of the service's own prompt, until some have come
local DEEPEST = 200
local WEIGHT = 0.2 -- of the last answer in the average

local CAPS = { "max_output_tokens", "max_completion_tokens", "max_tokens", "max_tokens_to_sample" }

--- The bytes of all texts in a body; a picture counts as PICTURE.
local function size_of(value, depth)
  if type(value) == "string" then return string_find(value, "^data:") and PICTURE or #value end
  if type(value) ~= "table" or depth > DEEPEST then return 0 end
  local size = 0
  for _, item in pairs(value) do size = size + size_of(item, depth + 1) end
  return size
end

local function cap_of(body)
  if type(body) ~= "table" then return nil end
  for _, name in pairs(CAPS) do
    if type(body[name]) == "number" then return body[name] end
  end
end

--- The tokens of the answer, beside those of the prompt's text.
local function answer_tokens(pacer, body)
  if pacer.usual then return pacer.usual end
  return math_min(cap_of(body) or FIRST_ANSWER, FIRST_ANSWER)
end

-- Figures ---------------------------------------------------------------------------------

local function least(a, b)
  if not a or not b then return a or b end
  return math_min(a, b)
end

--- Calls and tokens that a second may have; nil: any number.
local function rates(pacer)
  local requests = least(pacer.requests, pacer.server_requests)
  local tokens = least(pacer.tokens, pacer.server_tokens)
  return requests and requests / 60, tokens and tokens / 60
end

--- Count a call that goes now.
local function charge(pacer, guard)
  local now, requests, tokens = core.now(), rates(pacer)
  if requests then pacer.next_request = math_max(pacer.next_request, now) + 1 / requests end
  if tokens then pacer.next_token = math_max(pacer.next_token, now) + guard.tokens / tokens end
end

--- The moment at which the next call may go.
local function moment(pacer)
  local requests, tokens = rates(pacer)
  local at = pacer.paused_until
  if requests then at = math_max(at, pacer.next_request) end
  if tokens then at = math_max(at, pacer.next_token) end
  return at
end

-- Turns -----------------------------------------------------------------------------------

-- Calls that were sent before wait in `again` for another attempt, and keep their place in
-- `at_once`.  The others are in a queue.

--- The first call in the queue that somebody still wants, or nil.
local function first_in_queue(pacer)
  while pacer.first <= pacer.last do
    local guard = pacer.queue[pacer.first]
    if guard and guard:is_wanted() then return guard end
    pacer.queue[pacer.first] = nil
    pacer.first = pacer.first + 1
  end
end

--- The one of those sent before that may go first, its place in the list and that moment.
local function first_again(pacer)
  local place, at
  for i = #pacer.again, 1, -1 do
    local guard = pacer.again[i]
    if not guard:is_wanted() then
      table_remove(pacer.again, i)
      if place then place = place - 1 end
    elseif not at or guard.again_at <= at then
      place, at = i, guard.again_at
    end
  end
  return place and pacer.again[place], place, at
end

local function sleep_until(pacer, at)
  local timer = pacer.timer
  if timer.place and timer.at == at then return end
  timers.stop(timer)
  timer.at = at
  timers.start(timer, timer)
end

--- The call that may go next, and the moment; nil where none waits, or all wait for others.
local function next_call(pacer)
  local at = moment(pacer)
  local guard, place, again_at = first_again(pacer)
  local new = not (pacer.at_once and pacer.inside >= pacer.at_once) and first_in_queue(pacer) or nil
  if guard and (not new or again_at <= math_max(at, core.now())) then
    return guard, math_max(at, again_at), place
  end
  return new, at, nil
end

local function take_out(pacer, place)
  if place then return table_remove(pacer.again, place) end
  local guard = pacer.queue[pacer.first]
  pacer.queue[pacer.first] = nil
  pacer.first = pacer.first + 1
  pacer.inside = pacer.inside + 1
  guard.is_inside = true
  return guard
end

-- After so many seconds without a place, dropped streams are looked for: they keep theirs
-- until they are collected.  Then after twice as many.
local PATIENCE = 5

--- All that wait, wait for a place.
local function wait_for_place(pacer)
  local now = core.now()
  if not pacer.full_until then
    pacer.patience = PATIENCE
    pacer.full_until = now + pacer.patience
  elseif now >= pacer.full_until then
    pacer.patience = pacer.patience * 2
    pacer.full_until = now + pacer.patience
    collectgarbage()
  end
  sleep_until(pacer, pacer.full_until)
end

--- Let all go whose turn it is.  Runs no code of the user.
function Pacer:pump()
  local guard, at, place = next_call(self)
  if not guard and first_in_queue(self) then return wait_for_place(self) end
  self.full_until = nil
  while guard do
    if at > core.now() then return sleep_until(self, at) end
    take_out(self, place)
    if guard:may_go() then
      charge(self, guard)
      guard:go()
    else
      self.inside = self.inside - 1
    end
    guard, at, place = next_call(self)
  end
  if first_in_queue(self) then return wait_for_place(self) end
  timers.stop(self.timer)
end

-- Calls -----------------------------------------------------------------------------------

--- A new call.  Returns why it can never go, or nil.
function Pacer:enter(guard, body)
  local size = size_of(body, 0)
  local _, tokens = rates(self)
  if tokens and size / MOST_BYTES_PER_TOKEN > tokens * 60 then
    return string_format("limiter: the request has about %d tokens, of at most %d in a minute",
      size / BYTES_PER_TOKEN - size / BYTES_PER_TOKEN % 1, tokens * 60 - tokens * 60 % 1)
  end
  guard.size = size
  guard.tokens = size / BYTES_PER_TOKEN + answer_tokens(self, body)
  self.queue[self.last + 1] = guard
  self.last = self.last + 1
  self:pump()
end

--- Nobody goes for that many seconds.
local function pause(pacer, seconds)
  pacer.paused_until = math_max(pacer.paused_until, core.now() + seconds)
end

--- An attempt failed, perhaps by a rate limit, and may be made again in `seconds`.  `hint`:
-- the seconds that the service asked for, or nil.
function Pacer:repeat_later(guard, is_limited, seconds, hint)
  if is_limited then pause(self, hint or seconds) end
  guard.again_at = core.now() + seconds
  self.again[#self.again + 1] = guard
  self:pump()
end

local LONGEST_PAUSE = 60 -- the figures are per minute

--- A call failed by a rate limit: all wait as long as the service says, else twice as long
-- as the last time.
local function note_rate_limit(pacer, info)
  pacer.strikes = pacer.strikes + 1
  pause(pacer, info.retry_after or math_min(2 ^ (pacer.strikes - 1), LONGEST_PAUSE))
end

--- The moment of the next call or token, where few remain: the fewer, the later.
local function slowed(at, limit, remaining)
  if not limit or not remaining or limit <= 0 or remaining >= limit / 10 then return at end
  return math_max(at, core.now() + math_min(60 / limit * (1 + limit / 10 - remaining), LONGEST_PAUSE))
end

local function learn_limits(pacer, limits)
  if not limits then return end
  if limits.limit_requests and limits.limit_requests > 0 then pacer.server_requests = limits.limit_requests end
  if limits.limit_tokens and limits.limit_tokens > 0 then pacer.server_tokens = limits.limit_tokens end
  pacer.next_request = slowed(pacer.next_request, limits.limit_requests, limits.remaining_requests)
  pacer.next_token = slowed(pacer.next_token, limits.limit_tokens, limits.remaining_tokens)
end

--- Make up for a wrong estimate.
local function correct(pacer, guard, tokens)
  local _, rate = rates(pacer)
  if rate then pacer.next_token = pacer.next_token + (tokens - guard.tokens) / rate end
end

local function learn_usage(pacer, guard, usage)
  local usual = math_max(usage.total - guard.size / BYTES_PER_TOKEN, 0)
  pacer.usual = pacer.usual and pacer.usual + WEIGHT * (usual - pacer.usual) or usual
  correct(pacer, guard, usage.total)
end

--- A call is settled.  `learn` and `pump` follow.
function Pacer:leave(guard)
  if guard.is_inside then self.inside = self.inside - 1 end
end

--- What its end says.  `is_free`: it has cost nothing; `usage`: what it has used, or nil.
function Pacer:learn(guard, info, is_free, usage, is_known)
  if not guard.is_inside then return end
  if info.kind == "rate_limit" then note_rate_limit(self, info) elseif not info.kind then self.strikes = 0 end
  learn_limits(self, info.rate_limit)
  if is_known then learn_usage(self, guard, usage) elseif is_free then correct(self, guard, 0) end
end

--- One line about it.
function Pacer:describe()
  local waiting = #self.again
  for place = self.first, self.last do
    if self.queue[place] and self.queue[place]:is_wanted() then waiting = waiting + 1 end
  end
  return string_format("%d under way, %d waiting", self.inside, waiting)
end

--- The pace for these figures, each of which may be nil.
return function(requests, tokens, at_once)
  local pacer = setmetatable({
    requests = requests, tokens = tokens, at_once = at_once, -- of the user
    server_requests = nil, server_tokens = nil, -- of the service, a minute
    queue = {}, first = 1, last = 0, again = {}, inside = 0,
    next_request = 0, next_token = 0, paused_until = 0, -- moments of core.now
    usual = nil, -- tokens of an answer, on average
    full_until = nil, patience = 0, -- see PATIENCE
    strikes = 0, -- failures by a rate limit without a success between
  }, Pacer)
  local timer = { at = 0, place = false, order = 0, fired = false, waiter = false }
  function timer.wake() pacer:pump() end
  pacer.timer = timer
  return pacer
end
