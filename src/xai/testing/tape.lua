--- tape.lua - xai.testing.tape: answers are recorded once and given from then on.
--
-- A tape is a file of JSON lines, one for each call, that people can read and edit:
--
--   {"method":"POST","path":"/v1/chat/completions","body":{...},"status":200,"headers":{...},"answer":{...}}
--
-- `body` is what was sent. `answer` is the body of the answer; in place of it `pieces` has those of
-- a stream, or of what is no JSON: a list of texts, or of { "base64": text } for bytes that are no text. `cut`
-- is the kind of the failure that cut an answer off.

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local xai = require "xai"

local difference = require "xai.testing.difference"
local json = require "xai.testing.standin.json"
local json_lines = require "xai.testing.json_lines"

local io = io

-- Headers of an answer that say nothing about it: they are of the connection, or of its moment.
local LEFT_OUT = {
  connection = true, ["content-length"] = true, ["transfer-encoding"] = true, ["keep-alive"] = true, date = true,
  ["set-cookie"] = true, server = true, vary = true, via = true, ["alt-svc"] = true,
  ["strict-transport-security"] = true, ["report-to"] = true, nel = true,
}

-- Members of a body that differ from run to run: conversations have a random key for the service's cache.
local IGNORED = { "prompt_cache_key" }

local Tape = {}
Tape.__index = Tape

-- Writing -------------------------------------------------------------------------------

--- The status and the headers of a head: a list of { name, value }.
local function read_head(head)
  local headers = {}
  for spelling, value in head:gmatch "\n([^:\r\n]+):[ \t]*([^\r\n]*)" do
    local name = spelling:lower()
    if not LEFT_OUT[name] and not name:find "^cf%-" then headers[#headers + 1] = { name, value } end
  end
  return tonumber(head:match "^HTTP/[%d.]+ (%d+)"), headers
end

local function quoted(text) return json_lines.text(text) end

--- The headers as a JSON object; of several of one name, the values with commas between.
local function headers_text(headers)
  local names, values = {}, {}
  for _, pair in ipairs(headers) do
    local name = pair[1]
    if values[name] then
      values[name] = values[name] .. ", " .. pair[2]
    else
      names[#names + 1], values[name] = name, pair[2]
    end
  end
  for i, name in ipairs(names) do names[i] = quoted(name) .. ":" .. quoted(values[name]) end
  return "{" .. table.concat(names, ",") .. "}"
end

--- The pieces of a body, by their sizes. A character that is in two pieces goes to the second.
local function cut_pieces(body, sizes)
  local pieces, at, kept = {}, 1, ""
  for size in sizes:gmatch "%d+" do
    local piece = kept .. body:sub(at, at + size - 1)
    at = at + size
    local whole = json_lines.whole_characters(piece)
    kept = piece:sub(#whole + 1)
    if whole ~= "" then pieces[#pieces + 1] = whole end
  end
  kept = kept .. body:sub(at)
  if kept ~= "" then pieces[#pieces + 1] = kept end
  return pieces
end

local function piece_text(piece)
  if xai.utf8(piece) == piece then return quoted(piece) end
  return '{"base64":' .. quoted(xai.base64(piece)) .. "}"
end

--- `"answer":...` or `"pieces":[...]`.
local function answer_text(body, sizes)
  local value = body:match "^%s*(.-)%s*$"
  if json_lines.is_value(value) then return '"answer":' .. value end
  local pieces = cut_pieces(body, sizes)
  for i, piece in ipairs(pieces) do pieces[i] = piece_text(piece) end
  return '"pieces":[' .. table.concat(pieces, ",") .. "]"
end

--- `"body":...` of what was sent; "" where nothing was.
local function body_text(body)
  if not body then return "" end
  return '"body":' .. (json_lines.is_value(body) and body or quoted(body)) .. ","
end

local function line_of(request, head, body, sizes, cut)
  local status, headers = read_head(head)
  return ('{"method":%s,"path":%s,%s"status":%d,"headers":%s,%s%s}\n'):format(quoted(request.method),
    quoted(request.path), body_text(request.body), status, headers_text(headers),
    cut and '"cut":' .. quoted(cut) .. "," or "", answer_text(body, sizes))
end

--- Append a line, and be sure that it is there.
local function append(path, line)
  local file, problem = io.open(path, "ab")
  if not file then return nil, problem end
  local written, why = file:write(line)
  if not written then
    file:close()
    return nil, why
  end
  local closed, reason = file:close()
  if not closed then return nil, reason end
  return true
end

--- Note what came of a recorded call. Nothing is written where no answer came.
local function record(tape, request, head, body, sizes, cut)
  if head == "" then return end
  local ok, line = pcall(line_of, request, head, body, sizes, cut)
  local written, problem = nil, line
  if ok then written, problem = append(tape.path, line) end
  if written then
    tape.recorded = tape.recorded + 1
    return
  end
  tape.problem = ("the tape %s cannot be written: %s"):format(tape.path, tostring(problem))
  environment.complain("xai.testing: " .. tape.problem)
end

-- Reading -------------------------------------------------------------------------------

local function without(body, ignored)
  if not json.is_object(body) then return body end
  local copy = {}
  for name, value in pairs(body) do
    if not ignored[name] then copy[name] = value end
  end
  return copy
end

--- What two bodies are compared by: not the order of members, nor how a number is written.
local function canonical(body, ignored)
  if not body then return "" end
  local value = json.decode(body)
  if value == nil then return body end
  return json.encode(without(value, ignored))
end

local function bad(path, number, what)
  error(("testing.tape: %s:%d: %s"):format(path, number, what), 0)
end

local function piece_of(piece)
  if type(piece) == "table" then return xai.unbase64(piece.base64) end
  return piece
end

--- The body of a recorded answer, and the sizes of its pieces.
local function read_body(fields)
  if fields.answer then return fields.answer, "" end
  local pieces, sizes = {}, {}
  for i, piece in ipairs(json.decode(fields.pieces or "[]") or {}) do
    pieces[i] = piece_of(piece)
    sizes[i] = #pieces[i]
  end
  return table.concat(pieces), table.concat(sizes, " ")
end

-- Where an answer was cut off, as a failure. What the reader closed is read no further.
local ENDS = { closed = "truncated", cancelled = "truncated" }

--- The head of an answer.
local function head_of(status, headers, length)
  local lines = {}
  for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. tostring(value) end
  table.sort(lines)
  table.insert(lines, 1, ("HTTP/1.1 %d Recorded"):format(status))
  lines[#lines + 1] = "Content-Length: " .. length
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

--- A member that is a JSON string, decoded; nil where it is missing or none.
local function string_of(text)
  local value = text and json.decode(text)
  return type(value) == "string" and value or nil
end

local function entry_of(tape, line, number)
  local fields, problem = json_lines.members(line)
  if not fields then bad(tape.path, number, problem) end
  local method, path, status = string_of(fields.method), string_of(fields.path), tonumber(fields.status)
  local headers = json.decode(fields.headers or "{}")
  if not (method and path and status and json.is_object(headers)) then
    bad(tape.path, number, "it lacks method, path, status or headers")
  end
  local ok, body, sizes = pcall(read_body, fields)
  if not ok then bad(tape.path, number, "its pieces cannot be read") end
  local cut = string_of(fields.cut)
  return {
    number = number, place = method .. " " .. path,
    sent = canonical(string_of(fields.body) or fields.body, tape.ignored),
    head = head_of(status, headers, #body), body = body, sizes = sizes,
    kind = cut and (ENDS[cut] or cut), phase = cut and (fields.pieces and "stream" or "body"),
    why = cut and "the answer was cut off when it was recorded",
  }
end

--- Read the tape: the entries of each request, in their order.
local function load(tape, text)
  local number = 0
  for line in text:gmatch "([^\n]*)\n?" do
    number = number + 1
    if line:find "%S" then tape.entries[#tape.entries + 1] = entry_of(tape, line, number) end
  end
end

-- Answering -----------------------------------------------------------------------------

--- The first entry for that request that was not given yet; else nil, and how many were.
local function find(tape, place, sent)
  local used = 0
  for _, entry in ipairs(tape.entries) do
    if entry.place == place and entry.sent == sent then
      if not entry.used then return entry end
      used = used + 1
    end
  end
  return nil, used
end

--- The entry that is most like a request, and in how many places it differs.
local function nearest(tape, place, sent)
  local best, least, where
  for _, entry in ipairs(tape.entries) do
    if entry.place == place then
      local count, first = difference(json.decode(entry.sent) or entry.sent, json.decode(sent) or sent)
      if not least or count < least then best, least, where = entry, count, first end
    end
  end
  return best, where
end

--- What to say of a request that is not on the tape.
local function miss(tape, place, sent, used)
  local text = ("%s is not on the tape %s (delete it to record anew)"):format(place, tape.path)
  if used > 0 then
    return ("%s: it was recorded %d time%s, and given as often"):format(text, used, used == 1 and "" or "s")
  end
  local entry, where = nearest(tape, place, sent)
  if entry then return ("%s; the nearest is line %d: %s"):format(text, entry.number, where) end
  local places = {}
  for _, one in ipairs(tape.entries) do places[one.place] = one end
  local other = core.nearest(place, places)
  if other then return ("%s; the nearest is line %d: %s"):format(text, places[other].number, other) end
  return ("%s, which has %d other call%s"):format(text, #tape.entries, #tape.entries == 1 and "" or "s")
end

local WARM = { head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }

local function replay(tape, method, path, body)
  if method == "HEAD" then return WARM end -- client:warm
  local place, sent = method .. " " .. path, canonical(body, tape.ignored)
  local entry, used = find(tape, place, sent)
  if not entry then return nil, miss(tape, place, sent, used) end
  entry.used = true
  tape.left = tape.left - 1
  return entry
end

--- What a client's option `tape` is asked: see src/bind/tape.h.
function Tape:answer(name, method, path, body, _, _, held)
  if self.problem then return nil, self.problem end
  if self.replays and held then
    return { again = function()
      local entry, problem = replay(self, method, path, body)
      return entry, problem and ("client:%s: %s"):format(name, problem)
    end }
  end
  if self.replays then return replay(self, method, path, body) end
  if method == "HEAD" then return nil end
  local tape = self
  return {
    record = true, method = method,
    done = function(request, ...) record(tape, request, ...) end,
  }
end

--- A client of this tape: xai.new with the option `tape`.
function Tape:client(options)
  local all = {}
  for name, value in pairs(options or {}) do all[name] = value end
  all.tape = self
  return xai.new(all)
end

function Tape:__tostring()
  return ("xai.testing.tape (%s, %s)"):format(self.path, self.replays and "replays" or "records")
end

-- Making --------------------------------------------------------------------------------

local OPTIONS = { mode = "string", ignore = "table" }
local MODES = { auto = true, record = true, replay = true }

--- Raise at the line of the user: 4 levels up from here, unless there are more functions between.
local function misuse(text, level)
  error("testing.tape: " .. text, level or 4)
end

local function check(path, options)
  if type(path) ~= "string" or path == "" then misuse("the path must be a string, got a " .. type(path), 5) end
  if options ~= nil and type(options) ~= "table" then misuse("options must be a table, got a " .. type(options), 5) end
  for name, value in pairs(options or {}) do
    if not OPTIONS[name] then
      local meant = type(name) == "string" and core.nearest(name, OPTIONS)
      misuse(("unknown option '%s'%s"):format(tostring(name), meant and (" (did you mean '%s'?)"):format(meant) or ""),
        5)
    end
    if type(value) ~= OPTIONS[name] then
      misuse(("option '%s' must be a %s, got a %s"):format(name, OPTIONS[name], type(value)), 5)
    end
  end
  if options and options.mode and not MODES[options.mode] then
    misuse("option 'mode' must be \"auto\", \"record\" or \"replay\"", 5)
  end
  return options or {}
end

local function ignored_of(names)
  local set = {}
  for _, name in ipairs(IGNORED) do set[name] = true end
  for _, name in ipairs(names or {}) do set[name] = true end
  return set
end

--- The text of a file; nil, what is wrong, and whether there is something that is no file.
local function read(path)
  local file, problem = io.open(path, "rb")
  if not file then return nil, problem, false end
  local text, reason = file:read "*a"
  file:close()
  return text, reason and path .. ": " .. reason, text == nil
end

--- A tape: see types.lua.
local function new(path, options)
  options = check(path, options)
  local mode = options.mode or "auto"
  local text, problem, is_there = nil, nil, false
  if mode ~= "record" then text, problem, is_there = read(path) end
  if not text and (mode == "replay" or is_there) then misuse("it cannot be read: " .. (problem or path)) end
  local tape = setmetatable({
    path = path, replays = mode == "replay" or mode == "auto" and (text or "") ~= "", entries = {}, recorded = 0,
    left = 0, ignored = ignored_of(options.ignore),
  }, Tape)
  if tape.replays then
    load(tape, text)
    tape.left = #tape.entries
  elseif mode == "record" then
    local emptied, why = io.open(path, "wb")
    if not emptied then misuse("it cannot be written: " .. why) end
    emptied:close()
  end
  return tape
end

return new
