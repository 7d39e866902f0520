--- Clients and their functions, one for each row of the endpoint table.

local core = require "xai.core"
local hooks = require "xai.hooks"
local json = require "xai.json"
local part = require "xai.part"
local wait = require "xai.wait"

-- What not every program needs is loaded when it is first needed: reading Lua
-- sources is a third of the cost of a program that makes one call.

local methods = core.methods

--- Read a stream to its end, calling back for each event.  A raw stream has
-- no result but that it went well: true.
local function read_all(stream, on_event)
  local event, message, info = stream:next()
  while event do
    local ok, err = pcall(on_event, event)
    if not ok then
      stream:close()
      error(err, 0)
    end
    event, message, info = stream:next()
  end
  if message then return nil, message, info end
  if stream.raw then return true, nil, stream.request:info() end
  return stream:result()
end

local function whole(request, hooked)
  wait.done(request, hooked)
  local result, message, info = request:outcome()
  hooks.response(hooked, message, info, request)
  return result, message, info
end

local function stream_of(request, name, opts, hooked)
  local stream, message, info = part "xai.stream".open(request, name, opts and opts.raw, hooked)
  hooks.response(hooked, message, info, request)
  if not stream or not (opts and opts.on_event) then return stream, message, info, stream end
  return read_all(stream, opts.on_event)
end

--- Wait for what the user asked for: a result, a stream, or events in a callback.
local function complete(client, request, name, streamed, opts)
  local hooked = hooks.of(client, opts)
  hooks.request(hooked, request)
  if streamed then return stream_of(request, name, opts, hooked) end
  return whole(request, hooked)
end

-- The C function that starts a call names the line of whoever called the
-- function that called it: each method must call it itself, not by a tail call.
local function with_argument(name)
  return function(self, argument, opts)
    local request, streamed = core.start(self, name, argument, opts)
    return complete(self, request, name, streamed, opts)
  end
end

local function without_argument(name)
  return function(self, opts)
    local request, streamed = core.start(self, name, nil, opts)
    return complete(self, request, name, streamed, opts)
  end
end

local has_argument = { request = true }

for _, row in ipairs(core.endpoints()) do
  has_argument[row.name] = row.body or row.id ~= nil
end

for name, given in pairs(has_argument) do
  methods[name] = given and with_argument(name) or without_argument(name)
end

--- Start a call and return at once.  For functions without an argument the
-- options come second.
function methods.start(self, name, argument, opts)
  if type(name) ~= "string" then
    local hint = type(name) == "table" and " (call it with a colon)" or ""
    error("client:start: the name of a function must come first, got " .. type(name) .. hint, 2)
  end
  if has_argument[name] == nil then error("client:start: unknown function '" .. name .. "'", 2) end
  if not has_argument[name] then argument, opts = nil, argument end
  local request, streamed = core.start(self, name, argument, opts)
  local hooked = hooks.of(self, opts)
  hooks.request(hooked, request)
  return part "xai.call".follow(request, name, streamed, opts, hooked)
end

--- Connect ahead, so that the next call need not wait for name, connection and
-- TLS: returns a call at once, whose result is true when the server has
-- answered, whatever it said.  Asks for the headers of "/", which costs nothing.
function methods.warm(self, opts)
  local request = core.start(self, "request", { method = "HEAD", path = "/" }, opts)
  return part "xai.call".follow_warm(request, opts)
end

local client = {}

--- A client: its key, address and defaults.  See types.lua for the options.
function client.new(options)
  local module = type(options) == "table" and options.json or nil
  local codec = json.codec(json.is_module(module) and module or nil) -- core.client refuses what is none
  local new = core.client("xai.new", options, codec)
  hooks.learn(new, options)
  return new
end

return client
