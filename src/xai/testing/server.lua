--- server.lua - a stand-in for the xAI REST API on this machine.
--
--   lua5.4 src/xai/testing/server.lua [--port N] [--pace MS] [--key KEY] [--polls N] [--rates N] [--idle SECONDS]
--     [--requests-per-minute N] [--tokens-per-minute N] [--hint SECONDS] [--fixtures FOLDER] [--stdin]
--     [--quiet]
--
-- The first line on stdout is its address.  It listens on 127.0.0.1 only, answers all
-- operations, checks what the real service checks in the same order, and misbehaves on
-- demand: see standin/faults.lua.  As a module, `start{ pace = 0 }` serves on the running luv
-- loop and `spawn{ pace = 0 }` in a process of its own; both give port, url and close().
--
-- It ends after --idle seconds (600) without a connection.  With --stdin it ends with its standard
-- input instead, whose other side a parent holds open: with-server, spawn.
--
-- How a request travels: connection.lua reads it, `Service:answer` below finds its route,
-- checks it and calls the endpoint; http.lua turns the answer into bytes.

local SOURCE = debug.getinfo(1, "S").source
local here = SOURCE:match("^@(.*[/\\])") or "./"
local is_program = arg ~= nil and SOURCE == "@" .. tostring(arg[0])
if is_program then package.path = here .. "../../?.lua;" .. package.path end

local vim = rawget(_G, "vim")
local uv = vim and (vim.uv or vim.loop) or require("luv")

local account = require("xai.testing.standin.account")
local batches = require("xai.testing.standin.batches")
local chat = require("xai.testing.standin.chat")
local connection = require("xai.testing.standin.connection")
local control = require("xai.testing.standin.control")
local errors = require("xai.testing.standin.errors")
local faults = require("xai.testing.standin.faults")
local http = require("xai.testing.standin.http")
local images = require("xai.testing.standin.images")
local json = require("xai.testing.standin.json")
local ledger = require("xai.testing.standin.ledger")
local legacy = require("xai.testing.standin.legacy")
local limits = require("xai.testing.standin.limits")
local messages = require("xai.testing.standin.messages")
local known = require("xai.testing.options")
local models = require("xai.testing.standin.models")
local process = require("xai.testing.process")
local requests = require("xai.testing.standin.requests")
local responses = require("xai.testing.standin.responses")
local rules = require("xai.testing.standin.rules")
local videos = require("xai.testing.standin.videos")

-- Routes -------------------------------------------------------------------------------

-- `body` checks field types, `rules` the arguments; `models` names the kind of model in
-- the body; `free` needs no key; a generation call reports rate limits.
local ROUTES = {
  { "POST", "/v1/chat/completions", chat.create,
    body = requests.chat, rules = rules.chat, models = "language", generates = true },
  { "GET", "/v1/chat/deferred-completion/{id}", chat.deferred },
  { "POST", "/v1/responses", responses.create,
    body = requests.response, rules = rules.response, models = "language", generates = true },
  { "GET", "/v1/responses/{id}", responses.get },
  { "DELETE", "/v1/responses/{id}", responses.delete },
  { "POST", "/v1/messages", messages.create,
    body = requests.message, rules = rules.message, models = "language", generates = true },
  { "POST", "/v1/completions", legacy.completions,
    body = requests.completion, rules = rules.completion, models = "language", generates = true },
  { "POST", "/v1/complete", legacy.complete,
    body = requests.complete, rules = rules.complete, models = "language", generates = true },
  { "POST", "/v1/images/generations", images.create,
    body = requests.image, rules = rules.image, models = "image", generates = true },
  { "POST", "/v1/videos/generations", videos.create,
    body = requests.video, rules = rules.video, models = "video", generates = true },
  { "GET", "/v1/videos/{id}", videos.get },
  { "POST", "/v1/tokenize-text", account.tokenize, body = requests.tokenize, models = "language" },
  { "GET", "/v1/api-key", account.api_key },
  { "GET", "/v1/models", account.list_models },
  { "GET", "/v1/models/{id}", account.get_model },
  { "GET", "/v1/language-models", account.list_language_models },
  { "GET", "/v1/language-models/{id}", account.get_language_model },
  { "GET", "/v1/image-generation-models", account.list_image_models },
  { "GET", "/v1/image-generation-models/{id}", account.get_image_model },
  { "POST", "/v1/batches", batches.create, body = batches.create_body },
  { "GET", "/v1/batches", batches.list },
  { "GET", "/v1/batches/{id}", batches.get },
  { "POST", "/v1/batches/{id}/requests", batches.add, body = batches.add_body },
  { "GET", "/v1/batches/{id}/requests", batches.list_requests },
  { "GET", "/v1/batches/{id}/results", batches.list_results },
  { "POST", "/v1/batches/{id}:cancel", batches.cancel },
  { "GET", "/pictures/{id}", images.picture, free = true },
  { "GET", "/clips/{id}", videos.clip, free = true },
  { "GET", "/_/requests", control.requests, free = true },
  { "GET", "/_/ledger", ledger.show, free = true },
  { "GET", "/_/open", control.open, free = true },
  { "GET", "/_/faults", control.faults, free = true },
  { "POST", "/_/reset", control.reset, free = true },
  { "POST", "/_/batches", batches.control, body = batches.control_body, free = true },
}

for _, route in ipairs(ROUTES) do
  route.pattern = "^" .. route[2]:gsub("%-", "%%-"):gsub("{id}", "([^/]+)") .. "$"
end

--- The route of a request; or nil and the answer that says why there is none.
local function find_route(request)
  local path_known = false
  local method = request.method == "HEAD" and "GET" or request.method
  for _, route in ipairs(ROUTES) do
    local id = request.path:match(route.pattern)
    if id and route[1] == method then
      request.id = http.percent_decode(id)
      return route
    end
    path_known = path_known or id ~= nil
  end
  return nil, path_known and errors.empty(405) or errors.unknown_route()
end

-- Checks, in the order of the real service --------------------------------------------------

local function check_body(route, request)
  if not (request.headers["content-type"] or ""):find("^application/json") or request.body == "" then
    return errors.wrong_content_type()
  end
  local value, what = json.decode(request.body)
  if what then return errors.broken_json(what) end
  local wrong = route.body(value, "body")
  if not wrong then
    request.json = value
    request.stream = value.stream == true and not request.ignore_stream
    return nil
  end
  local text = "Failed to deserialize the JSON body into the target type: " .. wrong:gsub("^body: ", "")
  if route.body == requests.chat then return errors.text(422, text) end
  return errors.bare(422, text)
end

local DEFAULT_MODEL = { language = "latest", image = "grok-imagine-image", video = "grok-imagine-video" }
local FIND_MODEL = { language = models.find_language, image = models.find_image, video = models.find_video }

local function check_model(route, request)
  local id = json.given(request.json.model) or DEFAULT_MODEL[route.models]
  request.model = FIND_MODEL[route.models](id)
  return not request.model and errors.unknown_model(id) or nil
end

local function check_key(service, request)
  local bearer = (request.headers.authorization or ""):match("^[Bb]earer%s+(.+)$")
  local key = bearer or request.headers["x-api-key"]
  if not key or key == "" then return errors.no_key() end
  local only = service.options.key
  local good = only and key == only or not only and key:find("^xai%-") and not key:find("wrong", 1, true)
  if not good then return errors.wrong_key(key) end
  request.key = key
end

--- The first thing wrong with a request, as the answer to it.
local function refusal(service, route, request)
  return route.body and check_body(route, request)
    or route.models and check_model(route, request)
    or not route.free and check_key(service, request)
    or route.rules and route.rules(request.json, request.model)
    or route.generates and limits.refusal(service, request)
    or nil
end

-- The service: state, and from a request to an answer -----------------------------------------

local Service = {}
Service.__index = Service

--- An id in the shape of a UUID.  Those of two services differ: what one has sent, a program may have saved
-- and give to another.
function Service:new_id()
  self.last_id = self.last_id + 1
  local n, run = self.last_id, self.run
  return ("%08x-5eed-4%03x-8%03x-%012x"):format((n * 2654435761) % 2 ^ 32, math.floor(run / 4096), run % 4096, n)
end

--- Seconds as the service counts them: they begin in autumn 2026 and pass as on a clock.
function Service:now()
  return 1795200000 + math.floor((uv.now() - self.born) / 1000)
end

--- Seconds for the limits a minute; the option `clock` gives others.
function Service:clock()
  local clock = self.options.clock
  return clock and clock() or uv.hrtime() / 1e9
end

--- Forget everything that requests have left behind.
function Service:reset()
  self.responses, self.deferred, self.pictures, self.failures = {}, {}, {}, {}
  self.issued, self.batches = {}, nil
  self.ledger, self.windows, self.limited = {}, {}, 0
  self.videos, self.clips = {}, {}
  self.log, self.last_id = {}, 0
end

local function add(answer, name, value)
  answer.headers[#answer.headers + 1] = { name, tostring(value) }
end

local function add_limits(service, request, answer)
  limits.count(service, request)
  for name, figure in pairs(limits.figures(service, request)) do add(answer, "x-ratelimit-" .. name, figure) end
  add(answer, "x-metrics-ttft-ms", 12)
  add(answer, "x-metrics-mean-itl-ms", 3)
  add(answer, "x-metrics-e2e-ms", 48)
end

--- Give an answer the headers that all have, once.
function Service:stamp(answer)
  if answer.stamped then return answer end
  answer.stamped = true
  add(answer, "x-request-id", self:new_id())
  add(answer, "x-zero-data-retention", "false")
  return answer
end

--- The answer of the service proper, without any fault.
function Service:serve(request)
  local route, answer = find_route(request)
  if route then
    answer = refusal(self, route, request) or route[3](self, request)
    if route.generates and answer.status == 200 then add_limits(self, request, answer) end
  end
  if request.version == "1.0" and answer.events then answer.framing = "close" end
  answer.pace = self.options.pace
  return self:stamp(answer)
end

--- The answer to a request, faults included; called by the connection.
function Service:answer(request)
  if request.refused then return errors.of_status(request.refused) end
  local chosen = faults.take(request)
  if request.path:sub(1, 3) ~= "/_/" then control.begin(self, request, uv.now() - self.born) end
  local answer = self:stamp(faults.apply(chosen, request, self))
  answer.head_only = request.method == "HEAD"
  request.status, request.is_cut = answer.status, answer.is_cut
  return answer
end

--- Called by the connection when an answer has ended, or the client has left before its end.
function Service:ended(request, aborted)
  ledger.close(self, request, aborted or request.is_cut)
  control.finish(self, request, aborted)
  if self.options.quiet or request.refused then return end
  local fate = tostring(request.status) .. (aborted and " aborted" or "")
  io.stderr:write(request.method, " ", request.path, " ", fate, "\n")
end

function Service:disconnected(conn)
  self.connections[conn] = nil
  self:rest()
end

--- With no connection left, count down to the end.
function Service:rest()
  if self.closed or not self.options.idle or next(self.connections) then return end
  self.idle_timer:start(self.options.idle * 1000, 0, function() self:close() end)
end

local function accept(self)
  local socket = uv.new_tcp()
  if self.listener:accept(socket) ~= 0 then return socket:close() end
  self.accepted = self.accepted + 1
  self.idle_timer:stop()
  self.connections[connection.serve(uv, socket, self, self.accepted)] = true
end

--- Stop listening and drop all connections; the loop may end.
function Service:close()
  if self.closed then return end
  self.closed = true
  self.listener:close()
  self.idle_timer:close()
  self.broken_pipe:close()
  for conn in pairs(self.connections) do conn:finish() end
end

local M = {}

--- Start a server on the running luv loop.  Options: port (0), pace (ms between words, 0),
-- key (the only one accepted), polls (of a deferred result before it is ready, or of a batch until it is done, 2),
-- rates (how many batches may be made in a second, 2; 0: any number, and any number of calls that add to one),
-- idle (seconds without a connection before it ends; nil: never), breath (ms before a connection
-- is broken, so that the client has read what came before, 20), fixtures (the folder
-- of the fault of that name), quiet (true), requests_per_minute,
-- tokens_per_minute (of each model; nil: no limit), hint (seconds in Retry-After where a limit is
-- reached; nil: none, as of the service), clock (a function that gives seconds, for these limits).
function M.start(options)
  options = options or {}
  local self = setmetatable({
    options = {
      pace = options.pace or 0, key = options.key, polls = options.polls or 2, idle = options.idle,
      rates = options.rates or 2,
      breath = options.breath or 20, hint = options.hint, clock = options.clock,
      requests_per_minute = options.requests_per_minute, tokens_per_minute = options.tokens_per_minute,
      quiet = options.quiet ~= false,
    },
    connections = {}, accepted = 0, in_progress = 0, born = uv.now(),
    run = math.floor(uv.hrtime() / 1000) % 2 ^ 24,
    listener = uv.new_tcp(), idle_timer = uv.new_timer(), broken_pipe = uv.new_signal(),
    fixtures = options.fixtures or uv.fs_realpath(here .. "../../../spec/fixtures"), -- not there when installed
  }, Service)
  self:reset()
  self.broken_pipe:start("sigpipe", function() end) -- a client that leaves must not end the process
  self.broken_pipe:unref()
  assert(self.listener:bind("127.0.0.1", options.port or 0))
  assert(self.listener:listen(512, function(err) if not err then accept(self) end end))
  self.port = self.listener:getsockname().port
  self.url = "http://127.0.0.1:" .. self.port
  self:rest()
  return self
end

--- Start a server in a process of its own, for hosts that block: see process.lua.
function M.spawn(options)
  return process.spawn(uv, uv.fs_realpath(here .. "server.lua"), options or {})
end

-- Command line ---------------------------------------------------------------------------

local FLAGS = { quiet = true, stdin = true }

local function usage(problem)
  io.stderr:write("server.lua: ", problem,
    "\nusage: server.lua [--port N] [--pace MS] [--key KEY] [--polls N] [--rates N] ",
    "[--requests-per-minute N] [--tokens-per-minute N] [--hint SECONDS] [--idle SECONDS] [--fixtures FOLDER] ",
    "[--stdin] [--quiet]\n")
  os.exit(2)
end

local function parse(args)
  local options, i = { pace = 40, idle = 600, quiet = false }, 1
  while args[i] do
    local name = (args[i]:match("^%-%-([%l-]+)$") or ""):gsub("-", "_")
    if FLAGS[name] then
      options[name] = true
    elseif known[name] then
      i = i + 1
      options[name] = args[i] and known[name](args[i]) or usage(args[i - 1] .. " needs a value")
    else
      usage("unknown option " .. args[i])
    end
    i = i + 1
  end
  if options.stdin then options.idle = nil end
  return options
end

--- End with the parent: its death closes the other side of our stdin.
local function watch_stdin(server)
  local kind = uv.guess_handle(0)
  if kind ~= "pipe" and kind ~= "tty" then return server:close() end
  local stdin = kind == "pipe" and uv.new_pipe(false) or uv.new_tty(0, true)
  if kind == "pipe" then stdin:open(0) end
  stdin:read_start(function(_, bytes)
    if bytes then return end
    stdin:close()
    server:close()
  end)
end

--- Ctrl-C ends the server, unless a parent that holds its stdin decides that.
local function watch_interrupt(server, parent_decides)
  local signal = uv.new_signal()
  signal:start("sigint", function()
    if not parent_decides then server:close() end
  end)
  signal:unref()
end

--- The server as a program: `args` are its options, as on the command line.
function M.main(args)
  local options = parse(args)
  local ok, server = pcall(M.start, options)
  if not ok then
    io.stderr:write("server.lua: ", (tostring(server):gsub("^.*:%d+: ", "")), "\n")
    os.exit(1)
  end
  io.stdout:write(server.url, "\n")
  io.stdout:flush()
  watch_interrupt(server, options.stdin)
  if options.stdin then watch_stdin(server) end
  uv.run()
end

if is_program then M.main(arg) end

return M
