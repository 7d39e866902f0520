--- Coroutines that are not our tasks: suspended while a call of theirs waits,
-- and resumed when things are handed out.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.runtime.parking"] then return kept["xai.runtime.parking"] end

local chain = require "xai.runtime.chain"
local pump = require "xai.runtime.loop"
local environment = require "xai.runtime.environment"
local yieldable = require "xai.runtime.yieldable"

local error, pcall, rawget, setmetatable = error, pcall, rawget, setmetatable
local coroutine_resume, coroutine_running, coroutine_status, coroutine_yield =
  coroutine.resume, coroutine.running, coroutine.status, coroutine.yield

local close = rawget(coroutine, "close") or function() end

local parking = {}

-- coroutine -> the stay that it is suspended for.
local parked = setmetatable({}, { __mode = "k" })

-- Stays that are over, in order; and the one whose coroutine is being resumed:
-- should there be no memory for that, it is the next time.
local queue = chain()
local turn

-- A coroutine that is closed (from Lua 5.4 on) while it waits ends what it waits for.
local Stay = {}

function Stay.__close(stay)
  if stay.over or not stay.source then return end
  stay.source.remove(stay.subject, stay.ticket)
  if stay.source.abandon then stay.source.abandon(stay.subject) end
end

local function suspend(stay)
  coroutine_yield()
  stay.over = true
end

--- Suspend the running coroutine; the loop, which has one turn, closes the stay.
local function suspend_closing(stay, subject, source, ticket)
  stay.subject, stay.source, stay.ticket = subject, source, ticket
  for _ in suspend, stay, nil, stay do end -- luacheck: ignore 512
end

local hold = rawget(coroutine, "close") and suspend_closing or suspend

--- How the running coroutine is suspended: park and wake; nil where it must
-- not be.  Somebody else may resume it, too: then its wait looks again.
function parking.parker()
  if not yieldable() then return nil end
  local thread, stay = coroutine_running(), setmetatable({ thread = false, next = false, over = false }, Stay)
  local function park(subject, source, ticket)
    parked[thread] = stay
    if pump.on_active then pump.on_active() end
    hold(stay, subject, source, ticket)
    parked[thread] = nil
  end
  local function wake()
    if stay.thread then return end
    stay.thread = thread
    queue:append(stay)
    if pump.on_active then pump.on_active() end
  end
  return park, wake
end

local function resume(stay)
  local thread = stay.thread
  if parked[thread] ~= stay or coroutine_status(thread) ~= "suspended" then return end
  local ok, err = coroutine_resume(thread)
  if ok then return end
  if coroutine_status(thread) == "suspended" then return queue:append(stay) end -- no room on the C stack
  local traceback = environment.traceback(thread, pump.describe(err))
  close(thread) -- as coroutine.wrap would
  pump.report(err, traceback)
end

--- Resume the one whose turn it is, which may run this function again within.
local function take_turn()
  local stay = turn or queue:take()
  turn = stay
  local ok, err = pcall(resume, stay)
  if turn == stay then turn = nil end
  if ok then return end
  queue:append(stay)
  error(err, 0)
end

--- Resume those that were woken by now.
function pump.run_parked()
  local turns = queue.count + (turn and 1 or 0)
  while turns > 0 and (turn or queue.first) do
    turns = turns - 1
    take_turn()
    if pump.is_late() then break end
  end
end

function pump.has_parked()
  return turn ~= nil or queue.first ~= false
end

kept["xai.runtime.parking"] = parking
return parking
