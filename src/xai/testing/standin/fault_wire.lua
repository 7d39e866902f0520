--- fault_wire.lua - faults in how the answer is put on the wire: headers, lengths, chunks, gzip.
-- Each is a function(serve, arg, request, service); faults.lua says what that means.

local gzip = require("xai.testing.standin.gzip")
local http = require("xai.testing.standin.http")

local M = {}

local function add_header(answer, name, value)
  answer.headers[#answer.headers + 1] = { name, value }
end

--- header,NAME,VALUE: one header more; the value is percent-encoded (a comma is %2C).
M["header"] = function(serve, arg)
  local answer = serve()
  local name, value = arg:match("^([^,]+),(.*)$")
  if name then add_header(answer, name, http.percent_decode(value)) end
  return answer
end

--- Replace the steps of the body; its framing is `framing`.
local function with_steps(answer, framing, steps)
  if answer.steps then return answer end
  answer.framing = framing or answer.framing
  answer.steps = { { "head", answer } }
  for _, step in ipairs(steps) do answer.steps[#answer.steps + 1] = step end
  return answer
end

local function size_line(bytes)
  return ("%x\r\n"):format(#bytes)
end

--- The bytes of the body, halved.
local function halves(answer)
  local bytes = http.whole_body(answer)
  local middle = math.floor(#bytes / 2)
  return bytes:sub(1, middle), bytes:sub(middle + 1)
end

--- bad-chunk-size[,TEXT]: after half of the body a chunk whose size is this text ("zz").
M["bad-chunk-size"] = function(serve, text)
  local answer = serve()
  local first, rest = halves(answer)
  local line = (text == "" and "zz" or http.percent_decode(text)) .. "\r\n"
  return with_steps(answer, "chunked", {
    { "data", answer, first }, { "write", line .. rest .. "\r\n0\r\n\r\n" }, { "close" },
  })
end

--- short-chunk: a chunk that goes on beyond its size.
M["short-chunk"] = function(serve)
  local answer = serve()
  local first, rest = halves(answer)
  return with_steps(answer, "chunked", {
    { "write", size_line(first) .. first .. rest .. "\r\n0\r\n\r\n" }, { "close" },
  })
end

--- bad-length[,TEXT]: Content-Length is this text, or else half of the truth.
M["bad-length"] = function(serve, text)
  local answer = serve()
  answer.framing = "length"
  answer.length = text == "" and math.floor(#http.whole_body(answer) / 2) or http.percent_decode(text)
  answer.last = true
  return answer
end

--- The answer with another body that is said to be compressed.
local function compressed(answer, make)
  if answer.steps then return answer end
  local bytes = make(http.whole_body(answer))
  add_header(answer, "Content-Encoding", "gzip")
  answer.body, answer.events = bytes, nil
  return answer
end

--- The right answer, compressed although nobody asked.
M["gzip"] = function(serve) return compressed(serve(), gzip.whole) end

--- The transfer is whole, what was compressed is not.
M["truncated-gzip"] = function(serve)
  return compressed(serve(), function(text) return gzip.begin(text:sub(1, math.floor(#text / 2))) end)
end

--- All is there but the checksum at the end.
M["gzip-no-end"] = function(serve)
  return compressed(serve(), function(text) return gzip.whole(text):sub(1, -9) end)
end

--- What is said to be gzip is not.
M["gzip-garbage"] = function(serve)
  return compressed(serve(), function(text) return gzip.HEADER .. "\255\255" .. text end)
end

return M
