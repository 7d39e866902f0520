--- Streams: what functions of a client return with `stream = true`.
--
-- A stream is its own iterator (`for event in stream do`).  It can be read as events,
-- as text, or as the whole result, and one after the other.  Lua 5.4 closes it on `break`.

local hooks = require "xai.client.hooks"
local lazy_require = require("xai.runtime.environment").lazy_require
local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local error, pcall, rawget, select, setmetatable, tostring, type =
  error, pcall, rawget, select, setmetatable, tostring, type
local string_format = string.format
local wait_in_task = wait.in_task

local Stream = {}
Stream.__index = Stream

-- Fields that a stream may not have yet.
local FIELDS = {
  whole = true, message = true, failure = true, merged = true, raw = true, maker = true,
  json_answer = true, gives_bytes = true,
}

local add_other_methods -- those in files of their own

setmetatable(Stream, {
  __index = function(_, name)
    if FIELDS[name] then return nil end
    add_other_methods()
    local value = rawget(Stream, name)
    if value == nil then lazy_require "xai.runtime.unknown_name"("stream", name, Stream) end
    return value
  end,
})

--- Note the end of a stream: proven (`message` nil) or broken.
local function finish(stream, message, info)
  stream.over = true
  if message then
    stream.message, stream.failure = message, info
    if not stream.raw then info.partial = (lazy_require "xai.results.merge".result(stream.request, stream.name)) end
  end
  loop.watch_resting()
  return nil, message, info
end

local function ending(stream)
  return nil, stream.message, stream.failure
end

--- The answer of a service that ignored `stream`, as the only event.
local function take_whole(stream)
  stream.over = true
  return stream.whole
end

-- Reading -------------------------------------------------------------------------

--- Is it here, and what is it?  A stream that has begun is not requested again.
local function try(stream, method)
  local request = stream.request
  if not stream.has_begun then hooks.retry(stream.hooked, request) end
  local value, message, info = request[method](request)
  if value then stream.has_begun = true end
  return value ~= false, value, message, info
end

--- Wait until `method` of the request returns something else than false: not yet.
local function await(stream, method)
  local request = stream.request
  while stream.has_begun and wait_in_task(request) do
    local value, message, info = request[method](request)
    if value ~= false then return value, message, info end
  end
  return wait.for_result(request, try, stream, method)
end

--- What `method` of the request returns, once it is here.
local function read(stream, method)
  local request = stream.request
  if loop.checks_turns then wait.check_turn(request) end
  local value, message, info = request[method](request)
  if value == false then return await(stream, method) end
  return value, message, info
end

--- End a stream that has no more events.  Where the service announced a stream and sent
-- a whole answer, that is the last event.
local function conclude(stream, message, info)
  if message and not stream.request:streaming() then
    local result, reason, facts = stream.request:outcome()
    if result ~= nil then
      stream.whole, stream.has_whole = result, true
      return take_whole(stream)
    end
    message, info = reason, facts
  end
  return finish(stream, message, info)
end

function add_other_methods()
  lazy_require "xai.client.stream_json".add_methods(Stream)
  lazy_require "xai.client.stream_chunks".add_methods(Stream, read, finish)
end

-- Events --------------------------------------------------------------------------

local function next_event(stream)
  if stream.over then return ending(stream) end
  if stream.has_whole then return take_whole(stream) end
  local event, message, info = read(stream, "event")
  if event ~= nil then return event end
  return conclude(stream, message, info)
end

--- The next decoded event.  nil at the proven end; nil, message, info when
-- the stream broke.  Never raises for what the network does.
function Stream:next()
  return next_event(self)
end

--- The value, or its error raised.
local function or_raise(value, _, info)
  if value == nil and info then error(info, 0) end
  return value
end

--- The same for a `for` loop: raises the error object when the stream broke.
function Stream:__call()
  -- May the next event be taken without asking anybody, if it is here?
  if not (self.over or self.has_whole or loop.checks_turns) then
    local event, message, info = self.request:event() -- the usual case: it is here already
    if event == false then event, message, info = await(self, "event") end
    if event then return event end
    return or_raise(conclude(self, message, info))
  end
  return or_raise(next_event(self))
end

-- Text ----------------------------------------------------------------------------

local function text_of(event, n)
  local text = lazy_require "xai.results.readers".all_text(event, n)
  return text ~= "" and text or nil
end

--- The text of what the stream ends with: nil, or nil, message, info where it broke.
local function conclude_text(stream, n, message, info)
  local event
  event, message, info = conclude(stream, message, info)
  if event == nil then return nil, message, info end
  return text_of(event, n)
end

local function next_text(stream, n)
  if stream.over then return ending(stream) end
  if stream.has_whole then return text_of(take_whole(stream), n) end
  local text, message, info = read(stream, "text")
  if text ~= nil then return text end
  return conclude_text(stream, n, message, info)
end

--- Iterate over the visible text alone, of several choices over that of the `n`-th
-- (default: the first).  Raises the error object when the stream breaks.
function Stream:text(n)
  if n ~= nil and (type(n) ~= "number" or n < 1 or n % 1 ~= 0) then
    error("stream:text: the choice must be a whole number from 1, got " .. tostring(n), 2)
  end
  if self.raw then error("stream:text: a raw stream has no text; read its events", 2) end
  n = n or 1
  local request = self.request
  local read_text = request.text
  request:want(n)
  local function iterator()
    if not (self.over or self.has_whole or loop.checks_turns) then -- as above
      local text, message, info = read_text(request) -- the usual case: it is here already
      if text == false then text, message, info = await(self, "text") end
      if text then return text end
      return or_raise(conclude_text(self, n, message, info))
    end
    return or_raise(next_text(self, n))
  end
  return iterator, nil, nil, self
end

-- Parts ---------------------------------------------------------------------------

--- Add to the queue of parts what request:part() returned.
local function add_parts(stream, value, field, a)
  local maker = stream.maker
  if value then return maker:feed(value, field, a) end
  local whole, message = conclude(stream, field, a) -- they are message and info
  if whole ~= nil then return maker:whole(whole) end
  if not message then maker:finish() end
end

local function next_part(stream)
  local maker = stream.maker
  while true do
    if stream.over and stream.message then break end -- what is queued is not handed out
    local kind, value, more = maker:take()
    if kind then return kind, value, more end
    if stream.over then break end
    if stream.has_whole then
      maker:whole(take_whole(stream))
    else
      add_parts(stream, read(stream, "part"))
    end
  end
  return ending(stream)
end

--- Make the maker of a stream's parts.  `what` is the function that needs it.
local function make_parts(stream, what)
  if stream.maker then return end
  if stream.raw then error("stream:" .. what .. ": a raw stream has no parts; read its events", 3) end
  stream.maker = lazy_require "xai.results.parts".resume(stream.request, stream.name)
  if not stream.maker then
    error("stream:" .. what .. ": the parts of this stream are unknown; read its events", 3)
  end
end

--- The next part: kind, value, more.  nil at the proven end; nil, message, info when
-- the stream broke.  Never raises for what the network does.
function Stream:next_part()
  make_parts(self, "next_part")
  return next_part(self)
end

--- Iterate over the parts of the answer: kind, value, more.  Raises the error object
-- when the stream breaks.
function Stream:parts()
  make_parts(self, "parts")
  local maker, request = self.maker, self.request
  local read_part = request.part
  local function iterator()
    if maker.last == 0 and not (self.over or self.has_whole or loop.checks_turns) then
      local text, field, a = read_part(request) -- the usual case: it is here already
      if text and field == nil and a == maker.plain then return "text", text end
      if text == false then
        add_parts(self, await(self, "part"))
      else
        add_parts(self, text, field, a)
      end
    end
    local kind, value, more = next_part(self)
    if kind == nil and more then error(more, 0) end
    return kind, value, more
  end
  return iterator, nil, nil, self
end

-- Results -------------------------------------------------------------------------

--- Read the rest and return what the call without `stream` returns: result,
-- nil, info; or nil, message, info with the result so far in `info.partial`.
function Stream:result()
  if self.raw then error("stream:result: a raw stream has no result; read its events", 2) end
  if not self.over and not self.has_whole then conclude(self, select(2, read(self, "skip"))) end
  if self.has_whole and not self.message then
    self.over = true
    return self.whole, nil, self.request:info()
  end
  if self.message then return ending(self) end
  if not self.merged then
    local merged, damage = lazy_require "xai.results.merge".result(self.request, self.name, true)
    if damage then return finish(self, select(2, self.request:damaged(damage == "limit"))) end
    self.merged = merged
  end
  return self.merged, nil, self.request:info()
end

--- Stop now and free the connection.  Does nothing after the end.
function Stream:close()
  if self.over then return end
  finish(self, select(2, self.request:close()))
end

--- The facts about the answer so far: status, attempts, headers and so on.  They may
-- change: a stream that breaks before its first event is requested again.
function Stream:info()
  return self.failure or self.request:info()
end

Stream.__close = Stream.close

function Stream:__tostring()
  return string_format("xai.stream (%s%s)", self.name, self.over and ", over" or "")
end

local streams = {}

--- Wait for the head of the answer: stream, nil, info or nil, message, info.
local function open(request, name, raw, hooked)
  hooks.wait_opened(request, hooked)
  if not request:streaming() then hooks.wait_done(request, hooked) end
  local stream = setmetatable({
    request = request, name = name, raw = raw, hooked = hooked or false,
    over = false, has_whole = false, has_begun = false, -- asked for with each event
  }, Stream)
  local info
  if request:streaming() then
    info = request:info()
  else
    local result, message, failed = request:outcome()
    if result == nil then return nil, message, failed end
    stream.whole, stream.has_whole, info = result, true, failed
  end
  return stream, nil, info
end

--- Read a stream to its end and call back for what `take` gives, an event or a part.
-- The result of a raw stream is true.
local function read_all(stream, take, callback)
  local first, second, third = take(stream)
  while first do
    local ok, err = pcall(callback, first, second, third)
    if not ok then
      stream:close()
      error(err, 0)
    end
    first, second, third = take(stream)
  end
  if second then return nil, second, third end
  if stream.raw then return true, nil, stream.request:info() end
  return stream:result()
end

--- Wait for what a call with `stream` returns: stream, nil, info, stream, of which
-- Lua 5.4 closes the fourth; with `on_event` or `on_part` the result; or nil, message, info.
function streams.complete(request, name, opts, hooked)
  local stream, message, info = open(request, name, opts and opts.raw, hooked)
  hooks.response(hooked, message, info, request)
  if stream and opts and opts.on_event then return read_all(stream, Stream.next, opts.on_event) end
  if stream and opts and opts.on_part then return read_all(stream, Stream.next_part, opts.on_part) end
  return stream, message, info, stream
end

return streams
