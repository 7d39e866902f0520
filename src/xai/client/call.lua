--- Calls that were started and not waited for: `client:start(...)`.

local hooks = require "xai.client.hooks"
local lazy_require = require("xai.runtime.environment").lazy_require
local pump = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local error, pcall, select, setmetatable, type = error, pcall, select, setmetatable, type
local string_format = string.format

local Call = {}
Call.__index = Call

-- Fields that a call may not have yet.
local FIELDS = {
  over = true, value = true, message = true, info = true, told = true, busy = true, raw = true, on_event = true,
  on_done = true, hooked = true, warms = true,
}

setmetatable(Call, {
  __index = function(_, name)
    if FIELDS[name] then return nil end
    local nothing = lazy_require "xai.runtime.unknown_name"("call", name, Call)
    return nothing
  end,
})

local function finish(call, result, message, info)
  call.over = true
  call.value, call.message, call.info = result, message, info
end

local function tell(call)
  if call.told then return end
  call.told = true
  pump.forget(call.request)
  pump.settle()
  hooks.response(call.hooked, call.message, call.info, call.request)
  if call.on_done then pump.callback(call.on_done, call.value, call.message, call.info) end
end

local function fail(call, message, info)
  if call.streamed and not info.partial then
    info.partial = (lazy_require "xai.results.merge".result(call.request, call.name))
  end
  finish(call, nil, message, info)
end

--- Hand out the events that are here.
local function advance_stream(call)
  local request = call.request
  local event, message, info
  repeat
    if call.on_event then
      event, message, info = request:event()
      if event then pump.callback(call.on_event, event) end
    else
      event, message, info = request:skip()
    end
    if event and not call.over and pump.is_late() then return request:watch() end -- go on in the next frame
  until not event or call.over
  if event == false or call.over then return end
  if message then return fail(call, message, info) end
  if call.raw then return finish(call, true, nil, request:info()) end
  local result, damage = lazy_require "xai.results.merge".result(request, call.name, true)
  if damage then return fail(call, select(2, request:damaged(damage == "limit"))) end
  finish(call, result, nil, request:info())
end

local function advance_whole(call)
  if not call.request:done() then return end
  local result, message, info
  if call.request:streaming() then
    result, message, info = lazy_require "xai.results.merge".outcome(call.request, call.name)
  else
    result, message, info = call.request:outcome()
  end
  if result == nil and call.warms and info.status then
    result, message, info = true, nil, call.request:info()
  end
  if result ~= nil and call.streamed and call.on_event then pump.callback(call.on_event, result) end
  if not call.over then finish(call, result, message, info) end
end

local function move(call)
  hooks.retry(call.hooked, call.request)
  if call.streamed and call.request:streaming() then
    advance_stream(call)
  elseif not call.streamed or call.request:done() then
    advance_whole(call)
  end
end

--- A mistake of ours must not keep it for ever from its end.
local function give_up(call)
  local _, message, info = call.request:damaged(false)
  finish(call, nil, message, info)
end

--- Do what can be done now.  A callback may call back into this call.
local function advance(call)
  if call.busy then
    if not pump.leaving then return end
    call.on_event = nil -- its callback ends the program: it never returns
  end
  if not call.over then
    call.busy = true
    local ok, err = pcall(move, call)
    call.busy = false
    if not ok and not pump.is_passing(err) then give_up(call) end
    if not ok then error(err, 0) end -- there was no memory: it is tried again
  end
  if call.over then tell(call) end
end

--- Is the outcome known?
function Call:done()
  return self.over or false
end

--- result, nil, info; or nil, message, info; before the end nil, "pending", info.
function Call:result()
  if self.over then return self.value, self.message, self.info end
  local info = self.request:info()
  info.kind, info.message = "pending", "the call is under way"
  return nil, "pending", info
end

-- Each callback that cancels another call is deeper on the C stack, whose end
-- would keep the last one from being told.
local MAX_NESTED = 10
local nested = 0

local function must_be_told_later()
  return nested >= MAX_NESTED or wait.host and wait.host.is_fast and wait.host.is_fast()
end

--- End it now: no event comes after this, and the outcome is kind "cancelled".
-- `on_done` is told, from within a callback of this call when that has
-- returned, and later where callbacks cancel each other in a long row.
-- Nothing happens when it is done.
function Call:cancel()
  if type(self) ~= "table" then error("call:cancel: call it with a colon", 2) end
  if self.over then return end
  fail(self, select(2, self.request:cancel()))
  if self.busy then return end
  if must_be_told_later() then return pump.postpone(self.request) end
  nested = nested + 1
  local ok, err = pcall(tell, self)
  nested = nested - 1
  if not ok then error(err, 0) end
end

local function is_over(call)
  advance(call)
  return call.over
end

--- Wait for the outcome and return it as `result` does.
function Call:wait()
  if type(self) ~= "table" then error("call:wait: call it with a colon", 2) end
  if self.busy and not self.over and not wait.can_park() then
    error("call:wait: the call cannot end before its own callback returns", 2)
  end
  if not self.over then wait.for_request(self.request, is_over, self) end
  return self:result()
end

function Call:__tostring()
  return string_format("xai.call (%s%s)", self.name, self.over and ", done" or "")
end

local calls = {}

--- Follow a request that is there for its connection: any answer will do.
function calls.follow_warm(request, opts)
  local call = calls.follow(request, "warm", false, opts)
  call.warms = true
  return call
end

--- Follow a request that was started.
function calls.follow(request, name, streamed, opts, hooked)
  local call = setmetatable({
    request = request,
    name = name,
    streamed = streamed,
    hooked = hooked,
    raw = opts and opts.raw,
    on_event = opts and opts.on_event,
    on_done = opts and opts.on_done,
  }, Call)
  pump.watch(request, function() advance(call) end)
  return call
end

return calls
