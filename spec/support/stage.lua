--- stage.lua - what most specs share: a stand-in server in a process of its own, clients of it, and
-- calls that misbehave on demand.
--
-- `enter` and `leave` make and close one client for each spec, `stage.client`, which `stream`, `whole`,
-- `say` and `start` use.  Specs that need several ask `new_client` for them and end with `settle`.

local leftovers = require("spec.support.leftovers")
local live = require("spec.support.live")
local server = require("xai.testing.server")
local json = require("xai.testing.standin.json")
local xai = require("xai")

local Stage = {}
Stage.__index = Stage

local M = { KEY = "xai-spec-0123456789abcdef" }

local HI = { { role = "user", content = "What is Lua?" } }

--- A request for each function that streams; fresh tables, so that a test may change them.
local BODIES = {
  chat = function() return { model = "grok-4.20-0309-non-reasoning", messages = HI } end,
  respond = function() return { model = "grok-4.20-0309-non-reasoning", input = "What is Lua?" } end,
  message = function() return { model = "grok-4.20-0309-non-reasoning", max_tokens = 100, messages = HI } end,
  complete = function() return { model = "grok-3", prompt = "What is Lua?" } end,
  complete_legacy = function()
    return { model = "grok-3", prompt = "\n\nHuman: What is Lua?\n\nAssistant:", max_tokens_to_sample = 100 }
  end,
}

--- The functions that stream, in one order.
M.FUNCTIONS = { "chat", "respond", "message", "complete", "complete_legacy" }

--- What the model of the stand-in server says to every one of these requests.
M.TEXT = "Lua is a small, quick language that lives happily inside other programs."

--- Text as the argument of a fault.
function M.encoded(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

--- Start the server, once for a file; `options` are those of server.spawn.
function M.open(options)
  options = options or {}
  options.pace = options.pace or 0
  local service = server.spawn(options)
  leftovers.add(service.close)
  return setmetatable({ server = service, clients = {} }, Stage)
end

function Stage:close()
  self.server.close()
end

-- Clients ------------------------------------------------------------------------------------------

--- A client of the server that does not retry; options on top.
function Stage:new_client(options)
  local all = { api_key = M.KEY, base_url = self.server.url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = xai.new(all)
  self.clients[#self.clients + 1] = client
  return client
end

--- Close those clients; how many objects are alive then.
function Stage:settle()
  for _, client in ipairs(self.clients) do client:close() end
  self.clients = {}
  return live()
end

--- The client of a test; before each.
function Stage:enter(options)
  self.client = self:new_client(options)
end

--- After each test: the client is closed and nothing is left.
function Stage:leave()
  self.client = nil
  assert(self:settle() == 0, "something was left alive")
end

-- Calls --------------------------------------------------------------------------------------------

--- A stream that was read to its end counts until its connection has come to rest: wait for that.
function M.rest()
  while xai.active() > 0 do xai.step(1) end
end

--- The body of a request to `name` with other fields.
function M.body(name, fields)
  local body = BODIES[name]()
  for key, value in pairs(fields or {}) do body[key] = value end
  return body
end

--- Options of a call with faults.
local function options_with(fault, options)
  local all = { headers = { ["x-fault"] = fault } }
  for key, value in pairs(options or {}) do all[key] = value end
  return all
end

--- Call `name` without streaming.
function Stage:whole(name, fields, fault)
  return self.client[name](self.client, M.body(name, fields), options_with(fault))
end

--- Call `name` with streaming: what the call returns.
function Stage:stream(name, fault, options, fields)
  local body = M.body(name, fields)
  body.stream = true
  return self.client[name](self.client, body, options_with(fault, options))
end

--- A stream of exactly these bytes, in pieces of `size` bytes if given.
function Stage:say(name, bytes, size, options)
  local fault = "say," .. M.encoded(bytes) .. (size and ";split," .. size or "")
  return assert(self:stream(name, fault, options))
end

--- Start a call without waiting for it.
function Stage:start(name, fault, options, fields)
  local all = options_with(fault, options)
  if not (fields and fields.stream) then all.on_event = nil end -- is refused there
  return self.client:start(name, M.body(name, fields), all)
end

--- A GET of the list of models with these faults, by a client of its own: what it returned.
function Stage:get(fault, options)
  return self:new_client():list_models(options_with(fault, options))
end

-- What the server knows ----------------------------------------------------------------------------

--- All requests since the last reset, in order.
function Stage:received()
  return assert((self.client or self:new_client()):request { path = "/_/requests" })
end

--- Let the server forget them.
function Stage:reset()
  assert((self.client or self:new_client()):request { method = "POST", path = "/_/reset" })
end

--- The last request but its own.
function Stage:last_request()
  local log = self:received()
  return log[#log]
end

--- Step until the server has seen the last request end; returns what it saw.
function Stage:last_end()
  for _ = 1, 1000 do
    local request = self:last_request()
    if not request.open then return request end
    xai.step(0.01)
  end
  error("the server did not see the end of the request")
end

--- Collect what is dropped; how many clients and calls are alive then.
M.collect = live

--- All events of a stream, and what `next` gave in their place at the end.
function M.events(stream)
  local list = {}
  local event, message, info = stream:next()
  while event do
    list[#list + 1] = event
    event, message, info = stream:next()
  end
  return list, message, info
end

--- All pieces of text of a stream.
function M.pieces(stream, n)
  local list = {}
  for text in stream:text(n) do list[#list + 1] = text end
  return list
end

function M.text(stream, n)
  return table.concat(M.pieces(stream, n))
end

--- JSON as this client gives it to Lua, read by another decoder: null fields are absent.
function M.plain(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, field in pairs(value) do
    if field ~= json.null then copy[key] = M.plain(field) end
  end
  return copy
end

--- The bytes of a recorded stream.
function M.fixture(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

--- The whole events of recorded bytes, read line by line; "[DONE]" is left out.
function M.read_events(bytes)
  local events = {}
  for line in bytes:gsub("\r\n?", "\n"):gmatch("[^\n]+") do
    local value = json.decode(line:match("^data: ?(.*)$") or "")
    if value then events[#events + 1] = M.plain(value) end
  end
  return events
end

return M
