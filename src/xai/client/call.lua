--- Calls that were started and not waited for: `client:start(...)`.

local core = require "xai.core"
local hooks = require "xai.client.hooks"
local lazy_require = require("xai.runtime.environment").lazy_require
local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local error, pcall, select, setmetatable, tostring, type = error, pcall, select, setmetatable, tostring, type
local string_find, string_format = string.find, string.format

local Call = {}
Call.__index = Call

-- Fields that a call may not have yet.
local FIELDS = {
  value = true, message = true, info = true, told = true, raw = true, on_event = true, on_done = true, on_part = true,
  maker = true, hooked = true, warms = true, on_progress = true, sequel = true,
}

setmetatable(Call, {
  __index = function(_, name)
    if not FIELDS[name] then lazy_require "xai.runtime.unknown_name"("call", name, Call) end
  end,
})

local function finish(call, result, message, info)
  call.over = true
  call.value, call.message, call.info = result, message, info
end

--- Run the hooks and `on_done` of a call that is over, once.
local function tell(call)
  if call.told then return end
  call.told = true
  loop.forget(call.request)
  loop.watch_resting()
  hooks.response(call.hooked, call.message, call.info, call.request)
  if call.on_done then loop.callback(call.on_done, call.value, call.message, call.info) end
end

local function fail(call, message, info)
  if call.streamed and not info.partial then
    info.partial = (lazy_require "xai.results.merge".result(call.request, call.name))
  end
  finish(call, nil, message, info)
end

--- Hand out the parts in the queue of the call's maker.
local function hand_out_parts(call)
  local maker = call.maker
  local kind, value, more = maker:take()
  while kind do
    loop.callback(call.on_part, kind, value, more)
    if call.over then return end
    kind, value, more = maker:take()
  end
end

--- Hand out the next parts.  Returns as request:event().
local function advance_parts(call)
  call.maker = call.maker or lazy_require "xai.results.parts".new(call.request, call.name)
  local value, field, a = call.request:part()
  if value then
    call.maker:feed(value, field, a)
  elseif value == nil and not field then
    call.maker:finish()
  end
  hand_out_parts(call)
  return value, field, a
end

--- Hand out the events that are here.
local function advance_stream(call)
  local request = call.request
  local event, message, info
  repeat
    if call.on_event then
      event, message, info = request:event()
      if event then loop.callback(call.on_event, event) end
    elseif call.on_part then
      event, message, info = advance_parts(call)
    else
      event, message, info = request:skip()
    end
    if event then call.has_begun = true end
    if event and not call.over and loop.is_late() then return request:watch() end -- go on in the next frame
  until not event or call.over
  if event == false or call.over then return end
  if message then return fail(call, message, info) end
  if call.raw then return finish(call, true, nil, request:info()) end
  local result, damage = lazy_require "xai.results.merge".result(request, call.name, true)
  if damage then return fail(call, select(2, request:damaged(damage == "limit"))) end
  finish(call, result, nil, request:info())
end

local go_on -- with another request, which the outcome of the last has led to

--- Take the outcome of an answer that is no stream, once it is here.
local function advance_whole(call)
  local request = call.request
  if not request:done() then return end
  local result, message, info
  if request:streaming() then
    result, message, info = lazy_require "xai.results.merge".outcome(request, call.name)
  else
    result, message, info = request:outcome()
  end
  if result == nil and call.warms and info.status then
    result, message, info = true, nil, request:info()
  end
  if result ~= nil and call.streamed and call.on_event then loop.callback(call.on_event, result) end
  if result ~= nil and call.on_part then
    lazy_require "xai.results.parts".hand_out(call.request, call.name, result, function(kind, value, more)
      if not call.over then loop.callback(call.on_part, kind, value, more) end
    end)
  end
  if call.over then return end
  local another
  if call.sequel then another, result, message, info = call.sequel(result, message, info) end
  if another then return go_on(call, another) end
  finish(call, result, message, info)
end

local function move(call)
  if call.on_progress then
    loop.callback(lazy_require "xai.client.progress".tell, call.request, call.on_progress)
    if call.over then return end
  end
  if call.has_begun then return advance_stream(call) end -- it is not requested again
  hooks.retry(call.hooked, call.request)
  if call.streamed and call.request:streaming() then
    advance_stream(call)
  elseif not call.streamed or call.request:done() then
    advance_whole(call)
  end
end

--- End a call whose answer cannot be handed out, for lack of memory or by a
-- mistake of this library.
local function give_up(call, err)
  local _, message, info = call.request:damaged(false)
  if string_find(tostring(err), "not enough memory", 1, true) then
    message = "not enough memory"
    info.kind, info.message = "memory", message
  end
  finish(call, nil, message, info)
end

--- Do what can be done now.  A callback may call back into this call.
local function advance(call)
  if call.busy then
    if not loop.is_leaving then return end
    call.on_event, call.on_part = nil, nil -- its callback ends the program and never returns
  end
  local ok, err = true, nil
  if not call.over then
    call.busy = true
    ok, err = pcall(move, call)
    call.busy = false
    if not ok and not loop.is_interrupt(err) then give_up(call, err) end
  end
  if call.over then tell(call) end
  if not ok then error(err, 0) end
end

--- Is the outcome known?
function Call:done()
  return self.over
end

--- result, nil, info; or nil, message, info; before the end nil, "pending", info.
function Call:result()
  if self.over then return self.value, self.message, self.info end
  local info = self.request:info()
  info.kind, info.message = "pending", "the call is under way"
  return nil, "pending", info
end

-- Each callback that cancels another call nests deeper on the C stack.  Beyond
-- this depth a call is told later.
local MAX_NESTED = 10
local nested = 0

local function must_be_told_later()
  return nested >= MAX_NESTED or loop.adapter.is_restricted ~= nil and loop.adapter.is_restricted()
end

--- End it now: no event comes after this, and the outcome is kind "cancelled".
-- `on_done` runs before this returns.  There are two exceptions: within a callback
-- of this call it runs when that returns, and beyond MAX_NESTED in a later step.
-- Nothing happens when the call is done.
function Call:cancel()
  if type(self) ~= "table" then error("call:cancel: call it with a colon", 2) end
  if self.over then return end
  fail(self, select(2, self.request:cancel()))
  if self.busy then return end
  if must_be_told_later() then return loop.postpone(self.request) end
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
  if self.busy and not self.over and not wait.can_suspend() then
    error("call:wait: the call cannot end before its own callback returns", 2)
  end
  if not self.over then wait.for_request(self.request, is_over, self) end
  return self:result()
end

function Call:__tostring()
  return string_format("xai.call (%s%s)", self.name, self.over and ", done" or "")
end

function go_on(call, request)
  loop.forget(call.request)
  call.request = request
  loop.watch(request, function() advance(call) end)
end

local function follow(request, name, streamed, opts, hooked)
  local call = setmetatable({
    request = request,
    name = name,
    streamed = streamed,
    hooked = hooked,
    raw = opts and opts.raw,
    on_event = opts and opts.on_event,
    on_part = opts and opts.on_part,
    on_done = opts and opts.on_done,
    on_progress = opts and opts.on_progress,
    over = false, busy = false, has_begun = false, -- asked for with each event
  }, Call)
  loop.watch(request, function() advance(call) end)
  return call
end

--- The options of a download to `path`, by client:start.
local function download_options(path, opts)
  local options, problem = lazy_require "xai.client.saving".options(path, opts)
  if not options then error("client:start: download: " .. problem, 3) end
  return options
end

local calls = {}

--- Add `start` and `warm` to the methods of clients; the rest is from client.lua.
function calls.add_methods(methods, arguments, only_options)
  arguments.download = 2
  --- Start a call and return at once.  The arguments of the function follow its name.
  function methods.start(self, name, argument, opts, more)
    if type(name) ~= "string" then
      local hint = type(name) == "table" and " (call it with a colon)" or ""
      error("client:start: the name of a function must come first, got " .. type(name) .. hint, 2)
    end
    if arguments[name] == nil then
      local meant = core.nearest(name, arguments)
      local hint = meant and " (did you mean '" .. meant .. "'?)" or ""
      error("client:start: unknown function '" .. name .. "'" .. hint, 2)
    end
    local input
    if arguments[name] == 0 then argument, opts = nil, only_options("start: " .. name, argument, opts) end
    if arguments[name] == 2 then input, opts = opts, more end
    local is_download = name == "download"
    if is_download then input, opts = nil, download_options(input, opts) end
    local request, streamed = core.start(self, name, argument, opts, "start", input)
    local call = follow(request, name, streamed, opts, hooks.begin(self, opts, request))
    if is_download or opts and opts.save then
      call.sequel = lazy_require "xai.client.saving".sequel(self, request, is_download and argument, opts)
    end
    return call
  end

  --- Connect ahead, so that the next call need not wait for name, connection and TLS.
  -- Returns a call at once, whose result is true when the server has answered, whatever
  -- it said.  Asks for the headers of "/", which costs nothing.
  function methods.warm(self, first, second)
    local opts = only_options("warm", first, second)
    local request = core.start(self, "request", { method = "HEAD", path = "/" }, opts, "warm")
    local call = follow(request, "warm", false, opts)
    call.warms = true
    return call
  end
end

return calls
