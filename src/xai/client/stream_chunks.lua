--- Streams of bytes: stream:chunks() and stream:next_chunk().

local error, pairs, type = error, pairs, type

local methods = {}

--- Why the stream has no bytes, or nil.
local function problem_of(stream)
  if stream.has_whole then
    if type(stream.whole) == "string" then return nil end
    return "the answer is JSON; stream:result() gives it"
  end
  if stream.over or stream.gives_bytes or stream.request:is_bytes() then return nil end
  return "the answer is a stream of events; read those"
end

local function check(stream, what)
  local problem = problem_of(stream)
  if problem then error("stream:" .. what .. ": " .. problem, 3) end
  stream.gives_bytes = true
end

--- The next bytes; nil at the proven end; nil, message, info when the answer broke off.
local function next_chunk(stream, read, finish)
  if stream.over then return nil, stream.message, stream.failure end
  if stream.has_whole then
    stream.over = true
    return stream.whole
  end
  local bytes, message, info = read(stream, "chunk")
  if bytes then return bytes end
  return finish(stream, message, info)
end

local stream_chunks = {}

--- Add the methods to those of streams.  `read` and `finish` are those of stream.lua.
function stream_chunks.add_methods(Stream, read, finish)
  --- The next piece of the bytes, of 64 KiB at most.  Never raises for what the network
  -- does.
  function methods.next_chunk(self)
    check(self, "next_chunk")
    return next_chunk(self, read, finish)
  end

  --- Iterate over the bytes of an answer that is bytes, as sound is.  Raises the error
  -- object where they break off.
  function methods.chunks(self)
    check(self, "chunks")
    local function iterator()
      local bytes, _, info = next_chunk(self, read, finish)
      if bytes == nil and info then error(info, 0) end
      return bytes
    end
    return iterator, nil, nil, self
  end

  for name, method in pairs(methods) do Stream[name] = method end
end

return stream_chunks
