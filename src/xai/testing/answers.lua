--- answers.lua - the answers of a scripted client, as the service would send them.
--
-- An answer is what a test writes: a text, a list of parts, a failure, a result. `make` turns it
-- into what a tape gives for one call: see src/bind/tape.h.

local core = require "xai.core"
local xai = require "xai"

local chat = require "xai.testing.standin.chat"
local failures = require "xai.testing.failures"
local json = require "xai.testing.standin.json"
local legacy = require "xai.testing.standin.legacy"
local messages = require "xai.testing.standin.messages"
local responses = require "xai.testing.standin.responses"
local response_stream = require "xai.testing.standin.response_stream"
local words = require "xai.testing.standin.words"

local answers = {}

-- Seconds since 1970 of whatever says when it was made, and the model where a request names none.
local CREATED, MODEL = 1795200000, "grok-4.5"

-- What a test writes --------------------------------------------------------------------

-- Fields of an answer, and which types they may have.
local FIELDS = {
  kind = "string", message = "string", code = "string", type = "string", param = "string", phase = "string",
  retry_after = "number", -- of a failure
  result = "table", bytes = "string", status = "number", headers = "table", -- of an answer as it is
  usage = "table", finish = "string", id = "string", model = "string", -- of a list of parts
}

-- Fields of a part; the first that is there tells what it is.
local PARTS = { "text", "reasoning", "call", "json", "citation", "image", "refusal", "kind" }
local PART_FIELDS = {
  text = "string", reasoning = "string", call = "string", args = "any", id = "string", json = "any",
  citation = "string", title = "string", image = "string", refusal = "string",
  kind = "string", message = "string", code = "string", type = "string", phase = "string",
}

local FINISH = { stop = "stop", length = "length", calls = "tool_calls", filter = "content_filter" }
local USAGE = { input = true, cached = true, output = true, reasoning = true, usd = true }

local function wrong(format, ...)
  error({ wrong = format:format(...) }, 0)
end

local function hint(name, known)
  local meant = type(name) == "string" and core.nearest(name, known)
  return meant and (" (did you mean '%s'?)"):format(meant) or ""
end

--- Check the named fields of a table against a table of types.
local function check_fields(what, t, fields)
  for name, value in pairs(t) do
    if type(name) ~= "number" then
      local expected = fields[name]
      if not expected then wrong("%s has an unknown field '%s'%s", what, tostring(name), hint(name, fields)) end
      if expected ~= "any" and type(value) ~= expected then
        wrong("%s: '%s' must be a %s, got a %s", what, name, expected, type(value))
      end
    end
  end
end

local function kind_of_part(part)
  for _, kind in ipairs(PARTS) do
    if part[kind] ~= nil then return kind end
  end
end

--- A part as a table, checked; texts are written as strings.
local function read_part(part, i)
  if type(part) == "string" then return { text = part }, "text" end
  local what = "part " .. i
  if type(part) ~= "table" then wrong("%s must be a text or a table, got a %s", what, type(part)) end
  check_fields(what, part, PART_FIELDS)
  local kind = kind_of_part(part)
  if not kind then wrong("%s must have one of the fields %s", what, table.concat(PARTS, ", ")) end
  return part, kind
end

local function arguments_of(args)
  if type(args) == "string" then return args end
  return xai.encode(args == nil and {} or args)
end

--- How each part adds to a turn of the stand-in server's model.
local ADD = {}

function ADD.text(turn, part) turn.text = turn.text .. part.text end
function ADD.reasoning(turn, part) turn.thinking = (turn.thinking or "") .. part.reasoning end
function ADD.refusal(turn, part) turn.refusal = part.refusal end
function ADD.image(turn, part) turn.images[#turn.images + 1] = part.image end
function ADD.kind(turn, part) turn.failure = part end

function ADD.citation(turn, part)
  turn.citations = turn.citations or json.array()
  turn.citations[#turn.citations + 1] = { url = part.citation, title = part.title }
end

function ADD.call(turn, part)
  turn.calls = turn.calls or {}
  turn.calls[#turn.calls + 1] = { name = part.call, arguments = arguments_of(part.args), id = part.id }
end

--- A value: the arguments of the tool that a request forces, else a text.
function ADD.json(turn, part, request)
  local choice = request.name == "message" and request.body.tool_choice
  if type(choice) == "table" and choice.type == "tool" then
    return ADD.call(turn, { call = choice.name, args = part.json })
  end
  turn.text = turn.text .. xai.encode(part.json)
end

--- The turn that a list of parts says.
local function turn_of(list, request)
  local turn = { text = "", images = {} }
  for i = 1, #list do
    if turn.failure then wrong("part %d comes after a failure, which ends the answer", i) end
    local part, kind = read_part(list[i], i)
    ADD[kind](turn, part, request)
  end
  if list.finish and not FINISH[list.finish] then
    wrong("unknown finish '%s'%s", list.finish, hint(list.finish, FINISH))
  end
  turn.finish = FINISH[list.finish] or turn.calls and "tool_calls" or "stop"
  return turn
end

-- Usage ---------------------------------------------------------------------------------

--- The counts: those of the test, else made of words: of what is sent and what is said.
local function counts_of(list, turn, request)
  local given = list.usage or {}
  for name in pairs(given) do
    if not USAGE[name] then wrong("usage has an unknown field '%s'%s", tostring(name), hint(name, USAGE)) end
  end
  local reasoning = given.reasoning or words.count(turn.thinking)
  local said = words.count(turn.text)
  for _, call in ipairs(turn.calls or {}) do said = said + words.count(call.arguments) end
  return {
    input = given.input or words.count(request.text), cached = given.cached or 0, reasoning = reasoning,
    output = given.output or said + reasoning, ticks = given.usd and math.floor(given.usd * 1e10 + 0.5),
  }
end

local function chat_usage(n)
  return {
    prompt_tokens = n.input, completion_tokens = n.output - n.reasoning, total_tokens = n.input + n.output,
    prompt_tokens_details = { cached_tokens = n.cached },
    completion_tokens_details = { reasoning_tokens = n.reasoning }, cost_in_usd_ticks = n.ticks,
  }
end

local function response_usage(n)
  return {
    input_tokens = n.input, input_tokens_details = { cached_tokens = n.cached }, output_tokens = n.output,
    output_tokens_details = { reasoning_tokens = n.reasoning }, total_tokens = n.input + n.output,
    cost_in_usd_ticks = n.ticks,
  }
end

local function message_usage(n)
  return {
    input_tokens = n.input - n.cached, cache_creation_input_tokens = 0, cache_read_input_tokens = n.cached,
    output_tokens = n.output, cost_in_usd_ticks = n.ticks,
  }
end

-- The answers of each function --------------------------------------------------------------

local function base_of(request, usage)
  return { id = request.id, created = CREATED, model = request.model, usage = usage }
end

local function includes_usage(body)
  local options = type(body) == "table" and body.stream_options
  return type(options) == "table" and options.include_usage == true
end

local SAY = {}

function SAY.chat(turn, request, n)
  local base = base_of(request, chat_usage(n))
  base.system_fingerprint = "fp_scripted"
  if turn.citations then
    base.citations = json.array()
    for i, citation in ipairs(turn.citations) do base.citations[i] = citation.url end
  end
  return chat.answer(base, { turn }, { stream = request.streams, include_usage = includes_usage(request.body) })
end

SAY.get_deferred = SAY.chat

local INCOMPLETE = { length = "max_output_tokens", content_filter = "content_filter" }

function SAY.respond(turn, request, n)
  local reason = INCOMPLETE[turn.finish]
  local response = {
    id = request.id, object = "response", created_at = CREATED, completed_at = reason and json.null or CREATED,
    model = request.model, status = reason and "incomplete" or "completed", error = json.null,
    incomplete_details = reason and { reason = reason } or json.null,
    output = responses.output(turn, request.id, {}, false), usage = response_usage(n),
  }
  if request.streams then return response_stream.answer(response) end
  return { status = 200, headers = { { "Content-Type", "application/json" } }, body = json.encode(response) }
end

SAY.get_response = SAY.respond

function SAY.message(turn, request, n)
  if turn.finish == "content_filter" then turn.refusal = turn.refusal or turn.text end
  return messages.answer(base_of(request, message_usage(n)), turn, request.streams)
end

function SAY.complete(turn, request, n)
  return legacy.answer_completions(base_of(request), { turn }, chat_usage(n), request.streams,
    includes_usage(request.body))
end

function SAY.complete_legacy(turn, request)
  return legacy.answer_complete(base_of(request), turn, request.streams)
end

--- A picture is given by its bytes or by its address.
function SAY.generate_image(turn)
  if #turn.images == 0 then wrong("generate_image needs parts like { image = bytes } or { image = url }") end
  local data = json.array()
  for i, image in ipairs(turn.images) do
    data[i] = image:find "^%a+://" and { url = image } or { b64_json = xai.base64(image) }
  end
  return { status = 200, headers = { { "Content-Type", "application/json" } }, body = json.encode { data = data } }
end

-- Which of those functions a path belongs to: client:request asks by path.
local BY_PATH = {
  ["/v1/chat/completions"] = "chat", ["/v1/responses"] = "respond", ["/v1/messages"] = "message",
  ["/v1/completions"] = "complete", ["/v1/complete"] = "complete_legacy",
  ["/v1/images/generations"] = "generate_image",
}

-- From an answer to bytes ---------------------------------------------------------------------

--- The head of an answer, as HTTP has it.
local function head_of(status, headers, id, length)
  local lines = { ("HTTP/1.1 %d Scripted"):format(status), "x-request-id: " .. id }
  for _, pair in ipairs(headers) do lines[#lines + 1] = pair[1] .. ": " .. tostring(pair[2]) end
  lines[#lines + 1] = "Content-Length: " .. length
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

--- What a tape gives, of an answer as the stand-in server makes it.
local function pack(answer, request)
  local pieces, sizes = { answer.body }, {}
  for i, event in ipairs(answer.events or {}) do pieces[i] = event.bytes end
  for i, piece in ipairs(pieces) do sizes[i] = #piece end
  local body = table.concat(pieces)
  return {
    head = head_of(answer.status, answer.headers, request.id, #body), body = body, sizes = table.concat(sizes, " "),
  }
end

--- The words behind which an answer breaks off: nobody says them.
local MARK = " \1cut\1"

--- Drop the event that says MARK and all that follow it.
local function cut_events(events)
  for i = 1, #events do
    if events[i].bytes:find("\\u0001cut\\u0001", 1, true) then
      for k = #events, i, -1 do events[k] = nil end
      return
    end
  end
end

--- An answer that breaks off behind its parts, by the failure that is the last of them.
local function break_off(say, turn, request, n)
  local failure = turn.failure
  if not request.streams then
    if not failures.is_on_the_way(failure.kind) or failure.kind ~= "truncated" then
      return failures.answer(failure, request)
    end
    local answer = pack(say(turn, request, n), request)
    answer.body = answer.body:sub(1, math.floor(#answer.body / 2))
    return failures.on_the_way(failure, answer, "body")
  end
  turn.text = turn.text .. MARK
  local whole = say(turn, request, n)
  cut_events(whole.events)
  if failures.is_on_the_way(failure.kind) then
    return failures.on_the_way(failure, pack(whole, request), "stream")
  end
  whole.events[#whole.events + 1] = { bytes = failures.event(failure) }
  return pack(whole, request)
end

--- An answer as the test gives it: a result, or bytes, with status and headers.
local function plain(answer, request)
  local headers, has_type = {}, false
  for name, value in pairs(answer.headers or {}) do
    headers[#headers + 1] = { name, value }
    has_type = has_type or tostring(name):lower() == "content-type"
  end
  table.sort(headers, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  local usual = answer.result and "application/json" or answer.bytes and "application/octet-stream"
  if usual and not has_type then headers[#headers + 1] = { "Content-Type", usual } end
  return pack({
    status = answer.status or 200, headers = headers,
    body = answer.result and xai.encode(answer.result) or answer.bytes or "",
  }, request)
end

local function said(answer, request)
  local list = type(answer) == "string" and { answer } or answer
  local say = SAY[request.name == "request" and BY_PATH[request.path] or request.name]
  if not say then
    wrong("an answer for %s must be { result = ... }, { bytes = ... }, { status = ... } or { kind = ... }",
      request.name)
  end
  local turn = turn_of(list, request)
  request.model = list.model or request.model
  request.id = list.id or request.id
  local n = counts_of(list, turn, request)
  if turn.failure then return break_off(say, turn, request, n) end
  return pack(say(turn, request, n), request)
end

--- What a tape gives for an answer. `request` has name, path, body (decoded), text (of the body), streams
-- and number. Raises { wrong = text } for an answer that cannot be given.
function answers.make(answer, request)
  request.id = ("scripted-%d"):format(request.number)
  request.model = type(request.body) == "table" and type(request.body.model) == "string" and request.body.model or MODEL
  if type(answer) == "string" then return said(answer, request) end
  if type(answer) ~= "table" then wrong("an answer must be a text, a table or a function, got a %s", type(answer)) end
  for name in pairs(answer) do
    if PART_FIELDS[name] and not FIELDS[name] then
      wrong("'%s' is a field of a part, and parts stand in a list: { { %s = ... } }", name, name)
    end
  end
  check_fields("the answer", answer, FIELDS)
  if answer.kind then return failures.answer(answer, request) end
  if answer.result or answer.bytes or answer.status then return plain(answer, request) end
  if #answer == 0 then wrong("the answer is empty") end
  return said(answer, request)
end

answers.head_of, answers.wrong, answers.hint = head_of, wrong, hint

return answers
