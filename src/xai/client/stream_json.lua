--- Structured answers of streams: stream:json() and stream:next_json().

local json_answer = require "xai.results.json_answer"

local error, pairs = error, pairs

local methods = {}

--- The structured answer of a stream, as far as it was read.
local function answer_of(stream, what, schema)
  local problem
  if stream.raw then problem = "a raw stream has no parts; read its events" end
  if not problem and schema ~= nil then problem = json_answer.wrong_schema(schema) end
  if not (problem or stream.json_answer) then
    stream.json_answer = json_answer.new(stream)
    if not stream.json_answer then problem = "the parts of this stream are unknown; read its events" end
  end
  if problem then error("stream:" .. what .. ": " .. problem, 3) end
  if schema ~= nil then stream.json_answer.schema = schema end
  return stream.json_answer
end

--- The value of a structured answer when more of it has come.  nil at the end, when it
-- is whole; nil, message, info when the stream broke or the answer is not whole, or
-- does not fit `schema`.  Never raises for what the network does.
function methods.next_json(self, schema)
  return answer_of(self, "next_json", schema):next(self)
end

--- Iterate over the growing value of a structured answer; see types.lua.  Raises the error
-- object where next_json returns nil, message, info.
function methods.json(self, schema)
  local answer = answer_of(self, "json", schema)
  local function iterator()
    local value, _, info = answer:next(self)
    if value == nil and info then error(info, 0) end
    return value
  end
  return iterator, nil, nil, self
end

local stream_json = {}

--- Add the methods to those of streams.
function stream_json.add_methods(Stream)
  for name, method in pairs(methods) do Stream[name] = method end
end

return stream_json
