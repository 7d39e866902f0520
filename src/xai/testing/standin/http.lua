--- http.lua - HTTP/1.1 requests in, byte-exact answers out.
-- Reading is written as plain sequential code over an `input` whose `line` and
-- `take` wait for bytes.  Writing turns an answer into a script of steps, so
-- that a fault is nothing but another script (script.lua).
--
-- An answer is { status, headers = {{name, value}...}, body = string } or, for
-- a stream, { ..., events = {{ bytes =, slow = }...}, pace = ms }.

local M = {}

M.MAX_BODY = 64 * 1024 * 1024
local MAX_HEADERS = 200

local REASONS = {
  [200] = "OK", [202] = "Accepted", [307] = "Temporary Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found",
  [405] = "Method Not Allowed", [408] = "Request Timeout", [410] = "Gone", [413] = "Payload Too Large",
  [415] = "Unsupported Media Type", [422] = "Unprocessable Entity", [429] = "Too Many Requests",
  [431] = "Request Header Fields Too Large", [500] = "Internal Server Error", [502] = "Bad Gateway",
  [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

function M.percent_decode(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Reading --------------------------------------------------------------------

--- Header lines up to the blank one -> { lower-case name = value }, or nil and a status.
local function read_headers(input)
  local headers = {}
  for _ = 1, MAX_HEADERS do
    local line = input:line()
    if line == "" then return headers end
    local name, value = (line or ""):match("^([^:%s]+):%s*(.-)%s*$")
    if not name then return nil, 400 end
    name = name:lower()
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  return nil, 431
end

local function read_chunked(input)
  local parts, total = {}, 0
  while true do
    local size = tonumber(((input:line() or ""):match("^%x+")), 16)
    if not size then return nil, 400 end
    if size == 0 then break end
    total = total + size
    if total > M.MAX_BODY then return nil, 413 end
    local part = input:take(size)
    if not part or input:line() ~= "" then return nil, 400 end
    parts[#parts + 1] = part
  end
  while (input:line() or "") ~= "" do end  -- trailers
  return table.concat(parts)
end

local function read_body(input, headers)
  if (headers["transfer-encoding"] or ""):lower():find("chunked", 1, true) then return read_chunked(input) end
  local size = tonumber(headers["content-length"] or 0)
  if not size or size < 0 then return nil, 400 end
  if size > M.MAX_BODY then return nil, 413 end
  return input:take(size), 400
end

--- Read one request.  nil: the client closed the connection between requests.
-- A request that is not HTTP comes back as { refused = status }, and what begins an
-- HTTP/2 connection as nil, true.
function M.read(input)
  local line = input:line()
  if line == "PRI * HTTP/2.0" then return nil, true end
  if line == "" then line = input:line() end
  if not line then return nil end
  local method, target, version = line:match("^(%S+) (%S+) HTTP/(1%.[01])$")
  if not method then return { refused = 400 } end
  local headers, status = read_headers(input)
  if not headers then return { refused = status } end
  if (headers.expect or ""):lower() == "100-continue" then input:reply("HTTP/1.1 100 Continue\r\n\r\n") end
  local body
  body, status = read_body(input, headers)
  if not body then return { refused = status } end
  local path, query = target:match("^([^?]*)%??(.*)$")
  return { method = method, path = path, query = query, version = version, headers = headers, body = body }
end

--- Whether the connection may serve another request after this one.
function M.keeps_alive(request)
  local wish = (request.headers.connection or ""):lower()
  if request.version == "1.0" then return wish:find("keep-alive", 1, true) ~= nil end
  return wish:find("close", 1, true) == nil
end

-- Writing --------------------------------------------------------------------

--- All bytes of the body.
function M.whole_body(answer)
  if answer.body then return answer.body end
  local parts = {}
  for i, event in ipairs(answer.events) do parts[i] = event.bytes end
  return table.concat(parts)
end

--- How the client learns where the body ends: "length", "chunked" or "close".
local function framing(answer)
  return answer.framing or (answer.body and "length") or "chunked"
end

--- What the answer says of its length, if anything.
function M.length(answer)
  if framing(answer) ~= "length" then return nil end
  return answer.length or #M.whole_body(answer)
end

local function header_lines(answer)
  local lines = {}
  for i, header in ipairs(answer.headers) do lines[i] = header[1] .. ": " .. header[2] .. "\r\n" end
  local how = framing(answer)
  if how == "length" then
    lines[#lines + 1] = "Content-Length: " .. M.length(answer) .. "\r\n"
  elseif how == "chunked" then
    lines[#lines + 1] = "Transfer-Encoding: chunked\r\n"
  end
  if answer.last or how == "close" then lines[#lines + 1] = "Connection: close\r\n" end
  return table.concat(lines)
end

--- Status line and headers, blank line included.
function M.head(answer)
  local reason = REASONS[answer.status] or "Status"
  return ("HTTP/1.1 %d %s\r\n%s\r\n"):format(answer.status, reason, header_lines(answer))
end

--- Bytes of the body as this answer's framing puts them on the wire.
function M.frame(answer, bytes)
  if framing(answer) ~= "chunked" then return bytes end
  if bytes == "" then return "" end
  return ("%x\r\n"):format(#bytes) .. bytes .. "\r\n"
end

--- What follows the last byte of the body.
function M.tail(answer)
  if answer.head_only then return "" end
  return framing(answer) == "chunked" and "0\r\n\r\n" or ""
end

--- The body as steps: one for a plain body, one for each event of a stream.
function M.body_steps(answer)
  if answer.body then return { { "data", answer, answer.body } } end
  local steps = {}
  for _, event in ipairs(answer.events) do
    if event.slow and answer.pace > 0 then steps[#steps + 1] = { "wait", answer.pace } end
    steps[#steps + 1] = { "data", answer, event.bytes }
  end
  return steps
end

--- The whole answer as a script: see script.lua.
function M.steps(answer)
  if answer.steps then return answer.steps end
  local steps = { { "head", answer } }
  if not answer.head_only then
    for _, step in ipairs(M.body_steps(answer)) do steps[#steps + 1] = step end
  end
  steps[#steps + 1] = { "end", answer }
  if answer.last or framing(answer) == "close" then steps[#steps + 1] = { "leave" } end
  return steps
end

return M
