--- Streams: what `client:chat{ stream = true }` and its kin return.
--
-- A stream is its own iterator (`for event in stream do`), closes itself on
-- `break` from Lua 5.4 on, and can be read as events, as text, or as the whole
-- result, and one after the other.

local hooks = require "xai.client.hooks"
local lazy_require = require("xai.runtime.environment").lazy_require
local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local error, pcall, select, setmetatable, tostring, type = error, pcall, select, setmetatable, tostring, type
local string_format = string.format

local Stream = {}
Stream.__index = Stream

-- Fields that a stream may not have yet.
local FIELDS = {
  whole = true, message = true, failure = true, got = true, merged = true, raw = true, hooked = true,
}

setmetatable(Stream, {
  __index = function(_, name)
    if not FIELDS[name] then lazy_require "xai.runtime.unknown_name"("stream", name, Stream) end
  end,
})

--- Note the end: proven (`message` nil) or broken.
local function finish(stream, message, info)
  stream.over = true
  if message then
    stream.message, stream.failure = message, info
    if not stream.raw then info.partial = (lazy_require "xai.results.merge".result(stream.request, stream.name)) end
  end
  loop.settle()
  return nil, message, info
end

local function ending(stream)
  return nil, stream.message, stream.failure
end

local function try(stream, method)
  local request = stream.request
  hooks.retry(stream.hooked, request)
  stream.got, stream.message, stream.failure = request[method](request)
  return stream.got ~= false
end

--- May the next piece be taken at once, if it is here?
local function is_plain(stream)
  return not (stream.over or stream.has_whole or loop.deadline or wait.host or loop.serve_interrupt)
end

--- Call `method` of the request until it answers something but "not yet".
local function read(stream, method)
  local request = stream.request
  if loop.deadline then wait.give_way(request) end
  if loop.serve_interrupt then wait.heed_interrupt(request) end
  local value, message, info = request[method](request)
  if value then wait.breathe(request) end
  if value ~= false then return value, message, info end
  -- A finalizer may read the stream between our last look and the lines below.
  local got, words, failure = stream.got, stream.message, stream.failure
  wait.for_request(request, try, stream, method)
  value, message, info = stream.got, stream.message, stream.failure
  stream.got, stream.message, stream.failure = got, words, failure
  return value, message, info
end

--- The stream ended, or was none: some services announce one and give a whole
-- answer, which is the outcome then.
local function conclude(stream, message, info)
  if message and not stream.request:streaming() then
    local result, reason, facts = stream.request:outcome()
    if result ~= nil then
      stream.whole, stream.has_whole = result, true
      return stream:take_whole()
    end
    message, info = reason, facts
  end
  return finish(stream, message, info)
end

--- The next decoded event.  nil at the proven end; nil, message, info when
-- the stream broke.  Never raises for what the network does.
function Stream:next()
  if self.over then return ending(self) end
  if self.has_whole then return self:take_whole() end
  local event, message, info = read(self, "event")
  if event ~= nil then return event end
  return conclude(self, message, info)
end

--- A service that ignored `stream` gave one whole answer: one event.
function Stream:take_whole()
  self.over = true
  return self.whole
end

function Stream:__call()
  if is_plain(self) then
    local event = self.request:event() -- the usual case: it is here already
    if event then return event end
  end
  local event, _, info = self:next()
  if event == nil and info then error(info, 0) end
  return event
end

local function text_of(stream, event, n)
  local text = lazy_require "xai.results.text"(event, stream.name, n)
  return text ~= "" and text or nil
end

local function next_text(stream, n)
  if stream.over then return ending(stream) end
  if stream.has_whole then return text_of(stream, stream:take_whole(), n) end
  local text, message, info = read(stream, "text")
  if text ~= nil then return text end
  local event
  event, message, info = conclude(stream, message, info)
  if event == nil then return nil, message, info end
  return text_of(stream, event, n)
end

--- Iterate over the visible text alone, as it comes; of several choices the
-- `n`-th (default: the first).  Raises the error object when the stream breaks.
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
    if is_plain(self) then
      local text = read_text(request) -- the usual case: it is here already
      if text then return text end
    end
    local text, _, info = next_text(self, n)
    if text == nil and info then error(info, 0) end
    return text
  end
  return iterator, nil, nil, self
end

--- Read the rest and return what the call without `stream` returns: result,
-- nil, info; or nil, message, info with what there was in `info.partial`.
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

--- Stop now and free the connection.  A second time, or after the end, nothing.
function Stream:close()
  if self.over then return end
  finish(self, select(2, self.request:close()))
end

--- The facts about the answer so far: status, attempts, headers and so on.  A
-- stream that broke before its first event was asked for again since it was
-- opened.
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
    request = request, name = name, raw = raw, hooked = hooked,
    over = false, has_whole = false, -- asked for with each event
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

--- Read a stream to its end and call back for each event.  The result of a raw
-- stream is true.
local function read_all(stream, on_event)
  local event, message, info = stream:next()
  while event do
    local ok, err = pcall(on_event, event)
    if not ok then
      stream:close()
      error(err, 0)
    end
    event, message, info = stream:next()
  end
  if message then return nil, message, info end
  if stream.raw then return true, nil, stream.request:info() end
  return stream:result()
end

--- Wait for what a call with `stream` returns: stream, nil, info, stream, of which
-- Lua 5.4 closes the fourth; with `on_event` the result; or nil, message, info.
function streams.complete(request, name, opts, hooked)
  local stream, message, info = open(request, name, opts and opts.raw, hooked)
  hooks.response(hooked, message, info, request)
  if stream and opts and opts.on_event then return read_all(stream, opts.on_event) end
  return stream, message, info, stream
end

return streams
