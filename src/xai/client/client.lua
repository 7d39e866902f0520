--- Clients and their functions, one for each row of the endpoint table.

local core = require "xai.core"
local json = require "xai.client.json"
local lazy_require = require("xai.runtime.environment").lazy_require
local environment = require "xai.runtime.environment"

local error, ipairs, pairs, pcall, setmetatable, tostring, type =
  error, ipairs, pairs, pcall, setmetatable, tostring, type
local string_find = string.find

-- What not every program needs is loaded when it is first needed: reading Lua
-- sources is a third of the cost of a program that makes one call.

local methods = core.methods

local loaded = core.kept -- see runtime/environment.lua

-- Hooks --------------------------------------------------------------------

local function is_debugged()
  local env = environment.getenv "XAI_DEBUG"
  return env and env ~= "" and env ~= "0"
end

local function names_hook(options)
  if not options then return false end
  return options.on_request or options.on_response or options.on_retry or options.debug ~= nil
end

--- The hooks for one call, or nil when there are none.
local function hooks_of(client, opts)
  if not loaded["xai.client.hooks"] and not names_hook(opts) then return nil end
  return lazy_require "xai.client.hooks".of(client, opts)
end

local function tell_request(hooked, request)
  if hooked then lazy_require "xai.client.hooks".request(hooked, request) end
end

local function tell_response(hooked, message, info, request)
  if hooked then lazy_require "xai.client.hooks".response(hooked, message, info, request) end
end

-- Waiting ------------------------------------------------------------------

local SLICE = 0.5 -- see runtime/wait.lua

--- Block while nobody else is there who could go on meanwhile.
local function block(request)
  while not request:done() do
    local wait = loaded["xai.runtime.wait"]
    if wait then return wait.done(request) end -- now there may be
    core.step(SLICE)
  end
end

local function wait_for(request, hooked)
  if hooked or loaded["xai.runtime.wait"] then return lazy_require "xai.runtime.wait".done(request, hooked) end
  local ok, err = pcall(block, request)
  if ok then return end
  request:cancel() -- nobody is left to read its answer
  error(lazy_require "xai.runtime.loop".interruption(err), 0)
end

-- Calls --------------------------------------------------------------------

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

local function outcome_of(request, name)
  if request:streaming() then return lazy_require "xai.results.merge".outcome(request, name) end
  return request:outcome()
end

local function whole(request, name, hooked)
  wait_for(request, hooked)
  local result, message, info = outcome_of(request, name)
  tell_response(hooked, message, info, request)
  return result, message, info
end

local function stream_of(request, name, opts, hooked)
  local stream, message, info = lazy_require "xai.client.stream".open(request, name, opts and opts.raw, hooked)
  tell_response(hooked, message, info, request)
  if not stream or not (opts and opts.on_event) then return stream, message, info, stream end
  return read_all(stream, opts.on_event)
end

--- Wait for what the user asked for: a result, a stream, or events in a callback.
local function complete(client, request, name, streamed, opts)
  local hooked = hooks_of(client, opts)
  tell_request(hooked, request)
  if streamed then return stream_of(request, name, opts, hooked) end
  return whole(request, name, hooked)
end

-- The C function that starts a call names the line of whoever called the
-- function that called it: each method must call it itself, not by a tail call.
local function with_argument(name)
  return function(self, argument, opts)
    local request, streamed = core.start(self, name, argument, opts)
    return complete(self, request, name, streamed, opts)
  end
end

--- The options of a function without an argument, for which some leave a place.
local function only_options(what, first, second)
  if second == nil then return first end
  if first ~= nil then error(what .. ": it has no argument but options, got a " .. type(first) .. " before them", 3) end
  return second
end

local function without_argument(name)
  local what = "client:" .. name
  return function(self, first, second)
    local opts = only_options(what, first, second)
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
-- options may come second.
function methods.start(self, name, argument, opts)
  if type(name) ~= "string" then
    local hint = type(name) == "table" and " (call it with a colon)" or ""
    error("client:start: the name of a function must come first, got " .. type(name) .. hint, 2)
  end
  if has_argument[name] == nil then
    local meant = core.nearest(name, has_argument)
    local hint = meant and " (did you mean '" .. meant .. "'?)" or ""
    error("client:start: unknown function '" .. name .. "'" .. hint, 2)
  end
  if not has_argument[name] then argument, opts = nil, only_options("client:start: " .. name, argument, opts) end
  local request, streamed = core.start(self, name, argument, opts, "start")
  local hooked = hooks_of(self, opts)
  tell_request(hooked, request)
  return lazy_require "xai.client.call".follow(request, name, streamed, opts, hooked)
end

--- Connect ahead, so that the next call need not wait for name, connection and
-- TLS: returns a call at once, whose result is true when the server has
-- answered, whatever it said.  Asks for the headers of "/", which costs nothing.
function methods.warm(self, first, second)
  local opts = only_options("client:warm", first, second)
  local request = core.start(self, "request", { method = "HEAD", path = "/" }, opts, "warm")
  return lazy_require "xai.client.call".follow_warm(request, opts)
end

-- Its functions are these and no others.
setmetatable(methods, {
  __index = function(_, name)
    local nothing = lazy_require "xai.runtime.unknown_name"("client", name, methods, true)
    return nothing
  end,
})

local client = {}

--- The codec for the module that is to be used, if there is a usable one: core.client refuses what is none.
local function codec_of(options)
  local module = type(options) == "table" and options.json or nil
  local ok, codec = pcall(json.codec, json.is_module(module) and module or nil)
  if ok then return codec end
  if module and string_find(tostring(codec), "^option 'json'") then error("xai.new: " .. codec, 3) end
  error(codec, 0)
end

--- A client: its key, address and defaults.  See types.lua for the options.
function client.new(options)
  local new = core.client("xai.new", options, codec_of(options))
  if names_hook(options) or is_debugged() or loaded["xai.client.hooks"] then
    lazy_require "xai.client.hooks".learn(new, options)
  end
  return new
end

return client
