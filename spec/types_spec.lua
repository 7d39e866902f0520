-- types.lua is for editors and is never run, so nothing but this file finds
-- out when it and the API drift apart.  It is read here as an editor would
-- read it, and held against the API's description and against real answers.

local cjson = require "cjson"
local lfs = require "lfs"
local openapi = require "spec.support.openapi"

local FILE = "src/xai/types.lua"

-- Each function of the client: its operation, how the names of its fixtures
-- begin, and what its stream hands out or ends with.
local FUNCTIONS = {
  chat = { "createChatCompletion", "chat-completion", "xai.ChatChunk|xai.ChatFailure" },
  get_deferred = { "getDeferredCompletion", "deferred-completion" },
  respond = { "createResponse", "responses", "xai.ResponseEvent|xai.ResponseFailure" },
  get_response = { "getResponse", "responses.get" },
  delete_response = { "deleteResponse", "responses.delete" },
  message = { "createMessage", "messages", "xai.MessageEvent|xai.MessageFailure" },
  complete = { "createCompletion", "completions", "xai.CompletionChunk|xai.ChatFailure" },
  complete_legacy = {
    "createAnthropicCompletion", "complete", "xai.CompleteEvent|xai.CompleteFailure",
  },
  generate_image = { "createImage", "images.generations" },
  tokenize = { "tokenizeText", "tokenize-text" },
  get_api_key = { "getApiKey", "api-key" },
  list_models = { "listModels", "models.list" },
  get_model = { "getModel", "models.get" },
  list_language_models = { "listLanguageModels", "language-models.list" },
  get_language_model = { "getLanguageModel", "language-models.get" },
  list_image_models = { "listImageGenerationModels", "image-generation-models.list" },
  get_image_model = { "getImageGenerationModel", "image-generation-models.get" },
  create_batch = { "createBatch", "batches.create" },
  list_batches = { "listBatches", "batches.list" },
  get_batch = { "getBatch", "batches.get" },
  add_to_batch = { "addBatchRequests", "batches.add" },
  list_batch_requests = { "listBatchRequests", "batches.requests" },
  list_batch_results = { "listBatchResults", "batches.results" },
  cancel_batch = { "cancelBatch", "batches.cancel" },
  generate_video = { "generateVideo", "videos.generations" },
  get_video = { "getVideo", "videos.get" },
}

-- Files of the API's description.
local DESCRIPTIONS = { "openapi.yaml", "openapi-beyond.yaml" }

-- Methods that make calls of those functions.
local HELPERS = {
  conversation = true, download = true, each = true, parse = true, run_tools = true, save = true,
  wait = true,
}

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  table.sort(list)
  return list
end

local function keys(map)
  local list = {}
  for key in pairs(map) do list[#list + 1] = key end
  table.sort(list)
  return list
end

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- ---- Reading annotations ---------------------------------------------------
-- A type is a list of alternatives; each is { name= }, { literal= },
-- { list= type } or { call= { args, returns } }.

local parse_type

--- Alternatives of `text` from `at` as far as the type goes, and where it ends.
local function parse_one(text, at)
  assert(at, text)
  local open = text:match("^%(()", at)
  local literal, name, next
  if open then
    local inner, stop = parse_type(text, open)
    return inner, assert(text:match("^%)()", stop), text)
  end
  literal, next = text:match('^"([^"]*)"()', at)
  if literal then return { { literal = literal } }, next end
  next = text:match("^fun%(()", at)
  if next then
    local args, returns = {}, {}
    while not text:match("^%)", next) do
      local arg, mark, stop = text:match("^([%w_]+)(%??):? ?()", next)
      if not arg then arg, stop = "...", next end
      args[#args + 1] = { name = arg, optional = mark == "?" }
      args[#args].type, next = parse_type(text, stop)
      next = text:match("^, ()", next) or next
    end
    next = next + 1
    local more = text:match("^: ?()", next)
    while more do
      returns[#returns + 1], next = parse_type(text, more)
      more = text:match("^, ()", next)
    end
    return { { call = { args = args, returns = returns } } }, next
  end
  name, next = text:match("^([%a_][%w_.]*)()", at)
  if not name then name, next = text:match("^(%.%.%.)()", at) end
  if not name then error("no type at: " .. text:sub(at)) end
  local inside = name == "table" and text:match("^<()", next)
  if not inside then return { { name = name } }, next end
  local key, value, stop
  key, stop = parse_type(text, inside)
  value, stop = parse_type(text, assert(text:match("^, ()", stop), text))
  return { { name = name, key = key, value = value } }, assert(text:match("^>()", stop), text)
end

function parse_type(text, at)
  local all = {}
  repeat
    local some, next = parse_one(text, at)
    while text:match("^%[%]", next) or text:match("^%?", next) do
      if text:match("^%?", next) then
        table.insert(some, { name = "nil" })
        next = next + 1
      else
        some, next = { { list = some } }, next + 2
      end
    end
    for _, one in ipairs(some) do all[#all + 1] = one end
    at = text:match("^|()", next)
    if not at then return all, next end
  until false
end

local Annotations = {}

Annotations.__index = Annotations

--- What a type may be: aliases opened, `boolean` as its two values.
function Annotations:alternatives(kind, found)
  found = found or {}
  for _, one in ipairs(kind) do
    if self.alias[one.name] then
      self:alternatives(self.alias[one.name], found)
    elseif one.name == "boolean" then
      found[#found + 1], found[#found + 2] = { name = "true" }, { name = "false" }
    else
      found[#found + 1] = one
    end
  end
  return found
end

--- A field of a class or of its parents.
function Annotations:field(class, name)
  class = self.class[class]
  local found = class.fields[name]
  for i = 1, found and 0 or #class.parents do
    found = found or self:field(class.parents[i], name)
  end
  return found
end

local readers = {}

function readers.class(cats, rest)
  local name, parents = rest:match "^([%w_.]+):? ?(.*)$"
  assert(not cats.class[name] and not cats.alias[name], name .. " is defined twice")
  cats.now = { name = name, parents = {}, fields = {}, overloads = {} }
  for parent in parents:gmatch "[%w_.]+" do table.insert(cats.now.parents, parent) end
  cats.class[name] = cats.now
end

function readers.alias(cats, rest)
  local name, text = rest:match "^([%w_.]+) ?(.*)$"
  assert(not cats.class[name] and not cats.alias[name], name .. " is defined twice")
  cats.alias[name] = text == "" and {} or parse_type(text, 1)
  cats.open_alias = cats.alias[name]
end

function readers.field(cats, rest)
  local name, mark, after = rest:match "^(%[?[%w_]+%]?)(%??) ()"
  assert(not cats.now.fields[name], cats.now.name .. "." .. name .. " is defined twice")
  local kind, stop = parse_type(rest, after)
  cats.now.fields[name] = { type = kind, optional = mark == "?", doc = rest:sub(stop + 1) }
end

function readers.overload(cats, rest)
  table.insert(cats.overloads, (parse_type(rest, 1)[1].call))
end

function readers.param(cats, rest)
  local name, mark, after = rest:match "^([%w_.]+)(%??) ()"
  table.insert(cats.params, { name = name, optional = mark == "?", type = parse_type(rest, after) })
end

readers["return"] = function(cats, rest)
  table.insert(cats.returns, (parse_type(rest, 1)))
end

function readers.meta() end

readers.generic = readers.meta

--- What the annotations say: classes, aliases, and functions by variable.
local function annotations(text)
  local cats = setmetatable({ class = {}, alias = {}, variables = {} }, Annotations)
  cats.params, cats.returns, cats.overloads = {}, {}, {}
  for line in text:gmatch "[^\n]+" do
    local tag, rest = line:match "^%-%-%-@(%l+) (.*)$"
    local value = line:match "^%-%-%-| (.*)$"
    local variable = line:match "^local (%w+) = {}$"
    local owner, name = line:match "^function (%w+)[.:]([%w_]+)%(.*%) end$"
    if tag then
      assert(readers[tag], "unknown tag: " .. line)(cats, rest)
    elseif value then
      for _, one in ipairs((parse_type(value, 1))) do table.insert(cats.open_alias, one) end
    elseif variable then
      cats.variables[variable] = cats.now
      cats.now.overloads, cats.overloads = cats.overloads, {}
      cats.now.functions = {}
    elseif name then
      local doc = { params = cats.params, returns = cats.returns, overloads = cats.overloads }
      cats.variables[owner].functions[name] = doc
      cats.params, cats.returns, cats.overloads = {}, {}, {}
    else
      assert(line:match "^%-%-" or line == "return xai", "not understood: " .. line)
    end
  end
  return cats
end

-- ---- Types against values ------------------------------------------------------

local fits

local function fits_class(cats, class, value)
  for name, inner in pairs(value) do
    local found = type(name) == "string"
      and (cats:field(class, name) or cats:field(class, "[string]"))
    if not found or not fits(cats, found.type, inner) then return false end
  end
  return true
end

local function fits_values(cats, kind, value)
  for _, inner in pairs(value) do
    if not fits(cats, kind, inner) then return false end
  end
  return true
end

local function fits_one(cats, one, value)
  local name = one.name
  if name == "any" then return true end
  if type(value) == "string" then return one.literal == value or name == "string" end
  if type(value) == "boolean" then return name == tostring(value) end
  if type(value) == "number" then
    return name == "number" or name == "integer" and value % 1 == 0
  end
  if one.list then
    return fits_values(cats, one.list, value) and (#value > 0 or next(value) == nil)
  end
  if one.value then return fits_values(cats, one.value, value) end
  return name == "table" or cats.class[name] ~= nil and fits_class(cats, name, value)
end

--- Could `value`, decoded JSON, have this type, down to its last key?
function fits(cats, kind, value)
  if value == cjson.null then return true end
  for _, one in ipairs(cats:alternatives(kind)) do
    if fits_one(cats, one, value) then return true end
  end
  return false
end

-- ---- What the functions take and give --------------------------------------------

--- Alternatives of the argument `name` over all ways to call a function.
local function argument(method, name)
  local all = {}
  local function add(params)
    for _, param in ipairs(params) do
      for _, one in ipairs(param.name == name and param.type or {}) do all[#all + 1] = one end
    end
  end
  add(method.params)
  for _, overload in ipairs(method.overloads) do add(overload.args) end
  return all
end

--- Alternatives of the first result over all ways to call a function.
local function result(method)
  local all = {}
  for _, one in ipairs(method.returns[1]) do all[#all + 1] = one end
  for _, overload in ipairs(method.overloads) do
    for _, one in ipairs(overload.returns[1]) do all[#all + 1] = one end
  end
  return all
end

local function fixtures(ending)
  local names = {}
  for name in lfs.dir "spec/fixtures" do
    if name:sub(-#ending) == ending and not name:match "^error%." then names[#names + 1] = name end
  end
  table.sort(names)
  assert(#names > 0, "no fixtures")
  return names
end

--- The function whose fixture this is: the one with the longest fitting start.
local function owner_of(file)
  local owner, length = nil, 0
  for name, row in pairs(FUNCTIONS) do
    local start = row[2] .. "."
    if #start > length and file:sub(1, #start) == start then owner, length = name, #start end
  end
  return assert(owner, file)
end

--- Decoded events of a stream; the last may be cut in the middle.
local function events(text)
  local list = {}
  for data in text:gmatch "data: ?([^\r\n]*)" do
    local ok, event = pcall(cjson.decode, data)
    if ok then list[#list + 1] = event end
  end
  return list
end

--- Call `visit` with each name in a type, however deep.
local function each_name(kind, visit)
  for _, one in ipairs(kind or {}) do
    if one.name then visit(one.name) end
    each_name(one.list, visit)
    each_name(one.key, visit)
    each_name(one.value, visit)
    for _, arg in ipairs(one.call and one.call.args or {}) do each_name(arg.type, visit) end
    for _, back in ipairs(one.call and one.call.returns or {}) do each_name(back, visit) end
  end
end

local function literals(cats, alias)
  local list = {}
  for _, one in ipairs(cats.alias[alias]) do list[#list + 1] = one.literal end
  table.sort(list)
  return list
end

describe("the types for editors", function()
  local text = slurp(FILE)
  local docs, operations = {}, {}
  for _, file in ipairs(DESCRIPTIONS) do
    local doc = openapi.read("spec/contract/" .. file)
    docs[file] = doc
    for id, operation in pairs(openapi.operations(doc)) do
      operation.doc, operations[id] = doc, operation
    end
  end
  local types = annotations(text)
  local client = types.variables.Client.functions

  local function body_of(name) return argument(client[name], "body") end

  local function events_of(name) return (parse_type(FUNCTIONS[name][3], 1)) end

  it("are valid Lua on this version", function()
    assert(loadfile(FILE))
  end)

  it("are never loaded by the library", function()
    local pipe = assert(io.popen "ls src/xai/*.lua src/xai/*/*.lua")
    for path in pipe:lines() do
      if path ~= FILE then assert.is_nil(slurp(path):match "xai%.types", path) end
    end
    pipe:close()
  end)

  it("define every type that they name", function()
    local known = { T = true, R = true, ["..."] = true }
    for word in ("any boolean false function integer nil number string table true"):gmatch "%a+" do
      known[word] = true
    end
    local function visit(name)
      assert(known[name] or types.class[name] or types.alias[name], "undefined: " .. name)
    end
    for _, alias in pairs(types.alias) do each_name(alias, visit) end
    for _, class in pairs(types.class) do
      for _, parent in ipairs(class.parents) do visit(parent) end
      for _, found in pairs(class.fields) do each_name(found.type, visit) end
      for _, overload in ipairs(class.overloads) do each_name({ { call = overload } }, visit) end
      for _, method in pairs(class.functions or {}) do
        for _, param in ipairs(method.params) do each_name(param.type, visit) end
        for _, back in ipairs(method.returns) do each_name(back, visit) end
        for _, overload in ipairs(method.overloads) do each_name({ { call = overload } }, visit) end
      end
    end
  end)

  it("use every class and alias that they define", function()
    local rest = text:gsub("%-%-%-@class [%w_.]+", ""):gsub("%-%-%-@alias [%w_.]+", "")
    local used = {}
    for name in rest:gmatch "xai%.[%u][%w]+" do used[name] = true end
    for _, name in ipairs(keys(types.class)) do
      -- xai.Error is what a loop raises, which no signature can say; modules are required
      local module = name == "xai" and "init" or name:match "^xai%.(%l+)$"
      if module then
        assert(slurp("src/xai/" .. module .. ".lua"))
      else
        assert(used[name] or name == "xai.Error", "unused: " .. name)
      end
    end
    for name in pairs(types.alias) do
      assert(used[name] or name:match "Failure$", "unused: " .. name)
    end
  end)

  it("describe every field in words", function()
    for name, class in pairs(types.class) do
      for key, found in pairs(class.fields) do
        assert(found.doc:match "^[%w`-].*[.?]$", name .. "." .. key .. ": " .. found.doc)
      end
    end
  end)

  it("name the functions, request, start, warm, close and the helpers as methods of the client", function()
    local expected = keys(FUNCTIONS)
    for _, name in ipairs { "request", "start", "warm", "close" } do table.insert(expected, name) end
    for name in pairs(HELPERS) do table.insert(expected, name) end
    table.sort(expected)
    assert.same(expected, keys(client))
  end)

  it("let start name each function", function()
    local expected = keys(FUNCTIONS)
    for _, name in ipairs { "download", "request" } do table.insert(expected, name) end
    table.sort(expected)
    assert.same(expected, literals(types, "xai.FunctionName"))
  end)

  it("give start the body of each function that takes one", function()
    local taken = {}
    for _, overload in ipairs(client.start.overloads) do
      local name = overload.args[2].type[1].literal
      for _, arg in ipairs(overload.args) do
        if arg.name == "body" then taken[name] = arg.type end
      end
    end
    for name, method in pairs(client) do
      local body = argument(method, name == "request" and "request" or "body")
      if name ~= "start" and not HELPERS[name] and #body > 0 then
        for _, one in ipairs(body) do
          local found = false
          for _, other in ipairs(taken[name] or {}) do found = found or other.name == one.name end
          assert(found, name .. " by start does not take " .. one.name)
        end
      end
    end
  end)

  it("know the module, the call and the streams", function()
    assert.same(words [[active all array as_input await base64 batch_result batch_status budget bulk calls check
      citations data_url decode decode_partial encode fd finish images limiter map new on_interrupt ordered race
      reasoning run sleep spawn step text timeout try unbase64 update usage utf8]],
      keys(types.variables.xai.functions))
    assert.same(words "null on_error schema version", keys(types.class.xai.fields))
    local builder = words "any_of boolean enum integer list nullable number object optional raw string"
    assert.same(builder, keys(types.variables.SchemaBuilder.functions))
    assert.same(builder, keys(require("xai").schema))
    assert.same(words "info next", keys(types.variables.Pages.functions))
    assert.same(words "cancel done result wait", keys(types.variables.Call.functions))
    assert.same(words "cancel status traceback wait", keys(types.variables.Task.functions))
    assert.same(words "chunks close info json next_chunk next_json next_part parts text",
      keys(types.variables.Stream.functions))
    assert.same(words "close info next_part parts result text", keys(types.variables.ToolRun.functions))
    assert.same(words "ask dump fork keep stream trim undo", keys(types.variables.Conversation.functions))
    for _, name in ipairs(words "Chat Response Message Completion Complete Any") do
      local stream = types.variables[name .. "Stream"]
      assert.same({ "xai.Stream" }, stream.parents)
      assert.same(words "next result", keys(stream.functions))
      assert.same(stream.functions.next.returns[1], stream.overloads[1].returns[1])
    end
    assert.same(words "data event id", keys(types.class["xai.RawEvent"].fields))
  end)

  it("know every option, field of info, kind and phase", function()
    assert.same(words [[allow_http api_key base_url budget ca_file ca_path cert_file connect_timeout
      deadline debug fallback headers http_version idle_timeout insecure json key_file key_password limiter max_body
      max_buffer max_event max_retries no_proxy on_request on_response on_retry on_usage proxy retry retry_timeouts
      timeout unix_socket user_agent]],
      keys(types.class["xai.SharedOptions"].fields))
    assert.same(words [[asked attempts billed body code elapsed fallback head headers id kind message next_fallback
      param partial phase progress rate_limit request_id resends result resumable retry_after retryable status tried
      type url wait]],
      keys(types.class["xai.Info"].fields))
    assert.same(words "limit_requests limit_tokens remaining_requests remaining_tokens",
      keys(types.class["xai.RateLimit"].fields))
    assert.same(words [[api authentication bad_request cancelled closed connection decode limit
      memory not_found pending permission protocol quota rate_limit redirect server timeout tls
      too_large truncated unprocessable]], literals(types, "xai.ErrorKind"))
    assert.same(words "body connect deadline dns idle proxy send stream tls wait",
      literals(types, "xai.Phase"))
    assert.same(words "maybe no yes", literals(types, "xai.Billed"))
  end)

  it("return `result, message, info` from every function", function()
    for name in pairs(FUNCTIONS) do
      local method = client[name]
      assert.equal(3, #method.returns, name)
      assert.same(parse_type("string?", 1), method.returns[2], name)
      assert.same(parse_type("xai.Info", 1), method.returns[3], name)
      assert.same({ name = "nil" }, method.returns[1][2], name)
    end
  end)

  it("return `stream, message, info, stream` when, and only when, stream is true", function()
    for name, row in pairs(FUNCTIONS) do
      local streams = 0
      for _, overload in ipairs(client[name].overloads) do
        local body = overload.args[2].type[1].name
        local wanted = types:field(body, "stream").type[1].name == "true"
        local given = overload.returns[1][1].name:match "Stream$" ~= nil
        local options = overload.args[3].type[1].name
        local called_back = options:match "EventOptions$" ~= nil or options == "xai.PartOptions"
        assert.equal(wanted and not called_back, given, name)
        assert.equal(given and 4 or 3, #overload.returns, name)
        assert.same(given and overload.returns[1] or nil, overload.returns[4], name)
        streams = streams + (given and 1 or 0)
      end
      assert.equal(row[3] and 2 or 0, streams, name)
      for _, one in ipairs(client[name].returns[1]) do
        assert.is_nil((one.name:match "Stream$"), name)
      end
    end
  end)

  for _, name in ipairs(keys(FUNCTIONS)) do
    local operation = operations[FUNCTIONS[name][1]]
    local doc = operation.doc

    if operation.request then
      it("have every field of a request to " .. name, function()
        assert.same({}, openapi.differences(doc, operation.request, types, body_of(name), name))
      end)
    end

    it("have every field of an answer of " .. name, function()
      local schema = operation.answer
      if schema.anyOf then -- a failure under status 200 arrives as info, not as a result
        local last = table.remove(schema.anyOf)
        assert.equal("#/components/schemas/CodedError", last["$ref"])
      end
      assert.same({}, openapi.differences(doc, schema, types, result(client[name]), name))
    end)

    if operation.event then
      it("have every event of a stream of " .. name, function()
        assert.same({}, openapi.differences(doc, operation.event, types, events_of(name), name))
      end)
    end
  end

  it("have every error body", function()
    local kind = parse_type("xai.ErrorBody", 1)
    for file, doc in pairs(docs) do
      assert.same({}, openapi.differences(doc, doc.components.schemas.ApiError, types, kind, file))
    end
  end)

  it("fit every request of the fixtures", function()
    for _, file in ipairs(fixtures ".request.json") do
      local value = cjson.decode(slurp("spec/fixtures/" .. file))
      assert(fits(types, body_of(owner_of(file)), value), file)
    end
  end)

  it("fit every answer of the fixtures", function()
    for _, file in ipairs(fixtures ".response.json") do
      local value = cjson.decode(slurp("spec/fixtures/" .. file))
      local kind = result(client[owner_of(file)])
      if file:match "soft%-error" then kind = parse_type("xai.ErrorBody", 1) end
      assert(fits(types, kind, value), file)
    end
  end)

  it("fit every event of every stream of the fixtures", function()
    for _, file in ipairs(fixtures ".sse") do
      local list = events(slurp("spec/fixtures/" .. file))
      assert(#list > 0, file)
      for _, event in ipairs(list) do
        assert(fits(types, events_of(owner_of(file)), event), file .. ": " .. cjson.encode(event))
      end
    end
  end)

  describe("are checked by something that", function()
    local function differences(from, to, name, what)
      local start, stop = text:find(from, 1, true)
      assert(start, from)
      local other = annotations(text:sub(1, start - 1) .. to .. text:sub(stop + 1))
      local kind = what == "event" and events_of(name)
        or argument(other.variables.Client.functions[name], "body")
      local operation = operations[FUNCTIONS[name][1]]
      return openapi.differences(operation.doc, operation[what or "request"], other, kind, name)
    end

    it("notices a field that is missing", function()
      assert.same({ "chat lacks seed" },
        differences("---@field seed? integer Best-effort determinism.\n", "", "chat"))
    end)

    it("notices a field that is missing deep inside", function()
      assert.same({ "respond.input[].output[] lacks stdout" },
        differences("---@field stdout? string What the command printed.\n", "", "respond"))
    end)

    it("notices a field of another type", function()
      assert.same({ "tokenize.text is not a string" },
        differences("---@field text string What", "---@field text integer What", "tokenize"))
    end)

    it("notices a field that is wrongly optional or wrongly not", function()
      assert.same({ "tokenize.text is always there" },
        differences("---@field text string What", "---@field text? string What", "tokenize"))
      assert.same({ "chat.seed may be missing" },
        differences("---@field seed? integer", "---@field seed integer", "chat"))
    end)

    it("notices a value that is missing", function()
      assert.same({ "generate_image.aspect_ratio lacks the value 5:2" },
        differences('---| "5:2" # Newer models.\n', "", "generate_image"))
    end)

    it("notices an event that is missing", function()
      assert.is_true(#differences('---| "response.mcp_call.failed"\n', "", "respond", "event") > 0)
      assert.is_true(#differences("---| xai.ResponseCodeDoneEvent\n", "", "respond", "event") > 0)
    end)

    it("notices a value that does not fit", function()
      local kind = parse_type("xai.ChatRequest", 1)
      local function accepts(json) return fits(types, kind, cjson.decode(json)) end
      assert.is_true(accepts '{"model":"m","messages":[{"role":"user","content":"x"}]}')
      assert.is_false(accepts '{"model":"m","messages":[{"role":"user","content":"x","nmae":"y"}]}')
      assert.is_false(accepts '{"model":"m","messages":"x"}')
      assert.is_false(accepts '{"model":"m","temprature":1}')
    end)

    it("refuses YAML that it does not understand", function()
      assert.has_error(function() openapi.parse "a:\n  b: 1\n  two words\n" end)
      assert.has_error(function() openapi.parse "a:\n    b: 1\n  c: 2\n" end)
    end)
  end)
end)
