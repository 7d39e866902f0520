-- prism.lua - every function against the API's own description, which Prism
-- serves: it refuses requests that break a schema and answers with any status
-- and example that the description has.

local cjson = require "cjson"
local difference = require "spec.contract.compare"
local reading = require "spec.contract.reading"
local xai = require "xai"

local FIXTURES = "spec/fixtures/"

-- Each function's operation, and how the names of its requests' files begin.
local OPERATIONS = {
  chat = { "createChatCompletion", "chat-completion" },
  get_deferred = { "getDeferredCompletion" },
  respond = { "createResponse", "responses" },
  get_response = { "getResponse" },
  delete_response = { "deleteResponse" },
  message = { "createMessage", "messages" },
  complete = { "createCompletion", "completions" },
  complete_legacy = { "createAnthropicCompletion", "complete" },
  generate_image = { "createImage", "images.generations" },
  tokenize = { "tokenizeText", "tokenize-text" },
  get_api_key = { "getApiKey" },
  list_models = { "listModels" },
  get_model = { "getModel" },
  list_language_models = { "listLanguageModels" },
  get_language_model = { "getLanguageModel" },
  list_image_models = { "listImageGenerationModels" },
  get_image_model = { "getImageGenerationModel" },
  create_batch = { "createBatch", "batches.create" },
  list_batches = { "listBatches" },
  get_batch = { "getBatch" },
  add_to_batch = { "addBatchRequests", "batches.add" },
  list_batch_requests = { "listBatchRequests" },
  list_batch_results = { "listBatchResults" },
  cancel_batch = { "cancelBatch" },
  generate_video = { "generateVideo", "videos.generations" },
  get_video = { "getVideo" },
}

-- Bodies that a function's operation must refuse for their shape.
local REFUSED = {
  create_batch = { {}, { name = 1 }, { name = "" } },
  generate_video = {
    {}, { prompt = 1 }, { prompt = "x", duration = 16 }, { prompt = "x", image = { url = "u", file_id = "f" } },
    { prompt = "x", keyframes = { { timestamp_s = 1 } } }, { prompt = "x", aspect_ratio = "1:9" },
  },
  add_to_batch = {
    {}, { batch_requests = {} }, { batch_requests = { {} } }, { batch_requests = { { batch_request = {} } } },
    { batch_requests = { { batch_request = { responses = {}, image_edit = {} } } } },
    { batch_requests = { { batch_request_id = 1, batch_request = { responses = {} } } } },
  },
}

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function keys(map)
  local list = {}
  for key in pairs(map or {}) do list[#list + 1] = key end
  table.sort(list)
  return list
end

local function size(map) return #keys(map) end

-- ---- One function --------------------------------------------------------------

local Case = {}
Case.__index = Case

--- Call the function with the id of the description, where it has one, a body or a query, and these headers.
function Case:call(input, headers)
  local method, client, id, opts = self.client[self.name], self.client, self.operation.argument, { headers = headers }
  if id and self.takes_input then return method(client, id, input, opts) end
  if id or not self.takes_input then return method(client, id, opts) end
  return method(client, input, opts)
end

--- A new copy of a body that the description has an example of.
function Case:argument(streamed)
  local text = self.request
  if not text then return nil end
  local body = assert(xai.decode(text))
  body.stream = streamed
  return body
end

local function prefer(code, example)
  return ("code=%s"):format(code) .. (example and ", example=" .. example or "")
end

--- Where the call went must be what the description says.
function Case:wrong_address(info)
  local id = self.operation.argument or ""
  local path = self.operation.path:gsub("{.-}", (id:gsub("%%", "%%%%")))
  if info.url ~= self.base .. path then return "went to " .. info.url end
end

local function refused(info)
  return info.headers["sl-violations"] or info.message
end

--- A request that the description permits is accepted, and answered.
function Case:check_request(body, example)
  local headers = example and { Prefer = "example=" .. example }
  local result, _, info = self:call(body, headers)
  if not result then return refused(info) end
  local answers = self.operation.answers["200"]["application/json"]
  local expected = answers[example]
  return self:wrong_address(info) or expected and difference(expected, result)
end

--- A request that the description forbids is refused for its shape.
function Case:check_refusal(body)
  local result, message, info = self:call(body)
  if result ~= nil then return "was accepted" end
  if info.kind ~= "unprocessable" or info.status ~= 422 then return message end
  if not info.headers["sl-violations"] then return "was not refused for its shape" end
end

--- An answer under 200 is handed out as it is; an error in it is an error.
function Case:check_answer(example, expected)
  local headers = { Prefer = prefer(200, example), Accept = "application/json" }
  local result, message, info = self:call(self:argument(), headers)
  if expected.error and not expected.id then
    if result ~= nil then return "an error was taken for a result" end
    local words = type(expected.error) == "table" and expected.error.message or expected.error
    return not message:find(words, 1, true) and "says: " .. message or nil
  end
  if result == nil then return message end
  return self:wrong_address(info) or difference(expected, result)
end

local function check_words(message, info, status, text)
  text = text ~= "" and text or nil
  if not message:find("HTTP " .. status, 1, true) then return "says no status: " .. message end
  if text and info.message ~= text then return "says: " .. tostring(info.message) end
  if text and not message:find(text, 1, true) then return "says: " .. message end
end

--- An answer from 400 on gives the kind, the words and the code that it has.
function Case:check_error(status, media, example, body, streamed)
  local headers = { Prefer = prefer(status, example), Accept = media }
  local result, message, info = self:call(self:argument(streamed), headers)
  if result ~= nil then return "gave a result" end
  local kind, text, code, type = reading.of_error(tonumber(status), body)
  if info.kind ~= kind then return ("is %s, not %s"):format(info.kind, kind) end
  if info.status ~= tonumber(status) then return "has status " .. tostring(info.status) end
  if info.request_id ~= info.headers["x-request-id"] then return "lost the request's id" end
  if info.code ~= code or info.type ~= type then return "has another code or type" end
  return check_words(message, info, status, text) or self:wrong_address(info)
end

--- Parameters are sent, and looked at.
function Case:check_query()
  local result, message, info = self:call { limit = 2 }
  if result == nil then return refused(info) or message end
  if info.url:match "%?.*" ~= "?limit=2" then return "went to " .. info.url end
  result, message, info = self:call { limit = 0 }
  if result ~= nil or info.status ~= 400 or not info.headers["sl-violations"] then return tostring(message) end
end

--- Prism gives the first page for each token, so that the second page leads back to itself.
function Case:check_each()
  local n, page = 0, assert(self:call())
  local pages = self.operation.argument and self.client:each(self.name, self.operation.argument)
    or self.client:each(self.name)
  for _ in pages do n = n + 1 end
  for _, list in pairs(page) do
    if type(list) == "table" then return n ~= 2 * #list and n .. " entries" or nil end
  end
end

--- A deferred result that is not ready is pending.
function Case:check_pending(status, media, example, body)
  local result, message, info = self:call(self:argument(), { Prefer = prefer(status, example), Accept = media })
  if result ~= nil or message ~= "pending" then return "is " .. tostring(message) end
  if info.kind ~= "pending" or info.status ~= 202 then return "is " .. tostring(info.kind) end
  if media == "application/json" then return difference(body, xai.decode(info.body or "")) end
end

-- ---- Structured answers -----------------------------------------------------------

local s = xai.schema
local SCHEMAS = {
  s.object(s.string("why", "how you know"), s.integer("day", { minimum = 1, maximum = 31 }),
    s.enum("kind", { "party", "work" }), s.list("people", s.string()), s.optional(s.string "note")),
  s.list(s.nullable(s.any_of(s.string(), s.object(s.number "x")))),
  { type = "object" },
}

--- What client:parse sends is accepted: the first request, and the one that asks again after
-- this example of an answer where that does not fit.
function Case:check_parse(schema, example)
  local body = self:argument()
  body.text, body.response_format, body.tools, body.tool_choice = nil, nil, nil, nil
  local value, message, info = self.client:parse(self.name, body, schema,
    { repair = 1, headers = { Prefer = prefer(200, example), Accept = "application/json" } })
  if value ~= nil then return nil end
  if info.status ~= 200 or info.kind ~= "decode" and info.kind ~= "truncated" then return refused(info) or message end
  self.asked_again = (self.asked_again or 0) + info.repairs
end

-- ---- Tools ------------------------------------------------------------------------

local TOOLS = {
  { name = "get_weather", description = "The weather", parameters = s.object(s.string "city"),
    run = function() return { celsius = 9 } end },
  { name = "bare", run = function() return nil, "not today" end },
}

--- What client:run_tools sends is accepted: the tools, and the results of the calls in this
-- example of an answer, whatever they call.
function Case:check_tools(example, more)
  local body = self:argument()
  body.tools, body.tool_choice, body.previous_response_id = TOOLS, nil, nil
  for key, value in pairs(more or {}) do body[key] = value end
  local answer, message, info = self.client:run_tools(self.name, body,
    { max_rounds = 2, headers = { Prefer = prefer(200, example), Accept = "application/json" } })
  self.rounds = math.max(self.rounds or 0, info.run.rounds)
  if answer or info.code == "max_rounds" or info.kind == "truncated" then return nil end
  return refused(info) or message
end

-- ---- Streams ---------------------------------------------------------------------

function Case:open(example)
  local headers = { Prefer = prefer(200, example), Accept = "text/event-stream" }
  return assert(self:call(self:argument(true), headers))
end

local function drain(stream)
  local events = {}
  while true do
    local event, message, info = stream:next()
    if event == nil then return events, message, info end
    events[#events + 1] = event
  end
end

--- The end of a stream: proven, a failure that it carries, or cut off.
local function check_end(ending, message, info)
  if ending == "end" then return message end
  if not message then return "ended as if complete" end
  if ending == nil then return info.kind ~= "truncated" and message or nil end
  local of = ending.response or ending
  local err = type(of.error) == "table" and of.error or of
  local text = type(of.error) == "string" and of.error or err.message
  return not message:find(text, 1, true) and "says: " .. message or nil
end

local function check_text(stream, expected)
  local parts = {}
  pcall(function()
    for text in stream:text() do parts[#parts + 1] = text end
  end)
  local text = table.concat(parts)
  return text ~= expected and "text() gave " .. text or nil
end

--- One example of a stream, read as events and as text, and merged.
function Case:check_stream(example, text)
  local expected, ending = reading.of_stream(self.name, text)
  local events, message, info = drain(self:open(example))
  local problem = difference(expected, events) or check_end(ending, message, info)
    or check_text(self:open(example), reading.visible(self.name, expected))
  if problem then return problem end
  local result, _, broken = self:open(example):result()
  if (result ~= nil) ~= (ending == "end") then return "result() saw another end" end
  local whole = expected[#expected] and expected[#expected].response
  if result and whole then return difference(whole, result) end
  if result then self.keep(self.operation.id, example, result) end
  return not result and not broken and "result() gave no error" or nil
end

-- ---- All of it -------------------------------------------------------------------

local Contract = {}
Contract.__index = Contract

function Contract:note(case, what, method, ...)
  return self.tally:try(case.name .. ", " .. what, method, case, ...)
end

function Contract:check_answers(case)
  for status, answer in pairs(case.operation.answers) do
    local ok = true
    for _, media in ipairs(keys(answer)) do
      for _, example in ipairs(keys(answer[media])) do
        ok = self:check_example(case, status, media, example, answer[media][example]) and ok
      end
    end
    if size(answer) == 0 then ok = self:check_empty(case, status) end
    if ok then self.statuses = self.statuses + 1 end
  end
end

function Contract:check_empty(case, status)
  if status == "202" then return self:note(case, status, case.check_pending, status) end
  return self:note(case, status, case.check_error, status)
end

function Contract:check_example(case, status, media, example, value)
  local what = ("%s %s"):format(status, example)
  if media == "text/event-stream" then
    local ok = self:note(case, "stream " .. example, case.check_stream, example, value)
    if ok then self.streams = self.streams + 1 end
    return ok
  end
  if status == "200" then
    local ok = self:note(case, what, case.check_answer, example, value)
    if ok then self.examples = self.examples + 1 end
    return ok
  end
  if status == "202" then return self:note(case, what, case.check_pending, status, media, example, value) end
  local ok = self:note(case, what, case.check_error, status, media, example, value)
  if not case.streams then return ok end
  return self:note(case, what .. " to a stream", case.check_error, status, media, example, value, true) and ok
end

--- Every request in the fixtures; the answer of the same name belongs to it.
function Contract:check_requests(case)
  local prefix = OPERATIONS[case.name][2]
  if case.takes_query then
    self:note(case, "query", case.check_query)
    self:note(case, "pages", case.check_each)
  end
  for i, body in ipairs(REFUSED[case.name] or {}) do self:note(case, "bad body " .. i, case.check_refusal, body) end
  if not prefix then return self:note(case, "request", case.check_request) end
  for _, file in ipairs(self.files) do
    local rest = file:match "^(.*)%.request%.json$"
    if rest and (rest == prefix or rest:sub(1, #prefix + 1) == prefix .. ".") then
      local answers = case.operation.answers["200"]["application/json"]
      local example = rest:sub(#prefix + 2):gsub("%.", "-")
      local body = assert(xai.decode(slurp(FIXTURES .. file)))
      self.seen[file] = self:note(case, file, case.check_request, body, answers[example] and example)
    end
  end
end

--- The lists of bodies that a checker must take, or refuse.
function Contract:check_list(file, method)
  for _, one in ipairs(xai.decode(slurp(FIXTURES .. file))) do
    self:note(self.by_path[one.path], ("%s (%s)"):format(file, one.why), method, one.body)
  end
end

--- Nulls that a user sends on purpose arrive as nulls, which the API permits.
function Contract:check_nulls()
  local case = self.by_path["/v1/chat/completions"]
  local body = case:argument()
  body.tools, body.stop = xai.null, xai.null
  self:note(case, "null for absent", case.check_request, body)
  body.messages = xai.null
  self:note(case, "null for a list", case.check_refusal, body)
end

function Contract:check_structured()
  for _, path in ipairs { "/v1/chat/completions", "/v1/responses", "/v1/messages" } do
    local case = self.by_path[path]
    for example, answer in pairs(case.operation.answers["200"]["application/json"]) do
      if answer.usage then -- it is an answer of the model, not an error under 200 nor an id
        for i, schema in ipairs(SCHEMAS) do
          self:note(case, ("structured answer %d after %s"):format(i, example), case.check_parse, schema, example)
        end
      end
    end
    self.tally:note(case.name .. ", asked again", not (case.asked_again and case.asked_again > 0) and "never" or nil)
  end
end

function Contract:check_tools()
  for _, path in ipairs { "/v1/chat/completions", "/v1/responses", "/v1/messages" } do
    local case = self.by_path[path]
    for example, answer in pairs(case.operation.answers["200"]["application/json"]) do
      if answer.usage then
        self:note(case, "tools after " .. example, case.check_tools, example)
        if case.name == "respond" then
          self:note(case, "tools, replayed, after " .. example, case.check_tools, example, { store = false })
        end
      end
    end
    self.tally:note(case.name .. ", a second round", case.rounds ~= 2 and "never" or nil)
  end
end

local function decode_lines(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

--- What a description holds: its operations by id.
local function describe(file)
  local by_id = {}
  for _, operation in ipairs(cjson.decode(decode_lines("node spec/contract/describe.mjs " .. file))) do
    by_id[operation.id] = operation
  end
  return by_id
end

local function list_files()
  local files = {}
  for file in decode_lines("ls " .. FIXTURES):gmatch "[^\n]+" do files[#files + 1] = file end
  return files
end

--- An example of a request as text, so that each call has a copy of its own.
local function first_request(operation)
  local name = keys(operation.requests)[1]
  return name and cjson.encode(operation.requests[name])
end

function Contract:new_case(row, operation)
  local case = setmetatable({
    name = row.name, streams = row.streams, takes_query = row.query, takes_input = row.body or row.query,
    operation = operation, client = self.client, base = self.base,
    request = first_request(operation), keep = self.keep,
  }, Case)
  self.by_path[operation.path] = self.by_path[operation.path] or case
  return case
end

--- What there is to do for these operations, counted in the description.
local function count(operations)
  local total = { functions = size(operations), statuses = 0, examples = 0, streams = 0 }
  for _, operation in pairs(operations) do
    local ok = operation.answers["200"]
    total.statuses = total.statuses + size(operation.answers)
    total.examples = total.examples + size(ok["application/json"])
    total.streams = total.streams + size(ok["text/event-stream"])
  end
  return total
end

--- Is the file the request of a function that the description lacks?
local function is_of_another(file, operations)
  for _, row in pairs(OPERATIONS) do
    if row[2] and not operations[row[1]] and file:sub(1, #row[2] + 1) == row[2] .. "." then return true end
  end
  return false
end

function Contract:check_functions(rows, operations)
  local checked = {}
  for _, row in ipairs(rows) do
    local id = (OPERATIONS[row.name] or {})[1]
    if not id then self.tally:note(row.name, "is checked against no description") end
    if id and operations[id] then
      local before, case = self.tally.failed, self:new_case(row, operations[id])
      checked[id] = operations[id]
      self:check_requests(case)
      self:check_answers(case)
      if self.tally.failed == before then self.functions = self.functions + 1 end
    end
  end
  for _, file in ipairs(self.files) do
    if file:find "%.request%.json$" and self.seen[file] == nil and not is_of_another(file, operations) then
      self.tally:note(file, "belongs to no function")
    end
  end
  return checked
end

--- Check functions against Prism, which serves `file` at `url`: all 17 against "openapi.yaml", those of
-- `rows` that it has against another.  Merged results are handed to `keep(operation, example, result)`.
-- Returns how much was done, and how much there was to do.
return function(tally, url, file, rows, keep)
  local operations = describe(file)
  local contract = setmetatable({
    tally = tally, base = url, files = list_files(), seen = {}, by_path = {}, keep = keep,
    client = xai.new { api_key = "xai-contract-0123456789", base_url = url, max_retries = 0 },
    functions = 0, statuses = 0, examples = 0, streams = 0,
  }, Contract)
  local checked = contract:check_functions(rows, operations)
  if file == "openapi.yaml" then
    checked = operations
    contract:check_list("requests.valid.json", Case.check_request)
    contract:check_list("requests.invalid.json", Case.check_refusal)
    contract:check_nulls()
    contract:check_structured()
    contract:check_tools()
  end
  contract.client:close()
  return contract, count(checked)
end
