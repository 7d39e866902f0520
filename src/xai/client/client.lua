--- Clients and their functions, one for each row of the endpoint table.

local core = require "xai.core"
local environment = require "xai.runtime.environment"
local json = require "xai.client.json"

local error, ipairs, pairs, pcall, rawget, setmetatable, type =
  error, ipairs, pairs, pcall, rawget, setmetatable, type
local lazy_require = environment.lazy_require

-- Reading Lua sources is half of what this library adds to the cost of a program
-- that makes one call.  So this file has what each program needs, and no more.

local methods = core.methods
local loaded = core.kept -- the modules that have a state, see runtime/environment.lua

--- Does a table of options name a hook?
local function names_hook(options)
  return options.on_request or options.on_response or options.on_retry or options.debug ~= nil
end

--- Run the hooks of a call that is about to be sent.  Returns its hooks, or nil.
local function begin_hooks(client, opts, request)
  if loaded["xai.client.hooks"] or opts and names_hook(opts) then
    return lazy_require "xai.client.hooks".begin(client, opts, request)
  end
end

local SLICE = 0.5 -- see runtime/wait.lua

--- Block until the request is done, or somebody else is there who could run meanwhile.
local function block(request)
  while not loaded["xai.runtime.loop"] do
    request:rotate_key()
    if request:done() then return end
    core.step(SLICE)
  end
end

local function wait_for(request, hooked)
  if not (hooked or loaded["xai.runtime.loop"]) then
    local ok, err = pcall(block, request)
    if not ok then
      request:cancel() -- nobody is left to read its answer
      error(lazy_require "xai.runtime.loop".interruption(err), 0)
    end
  end
  if hooked or loaded["xai.runtime.loop"] then lazy_require "xai.client.hooks".wait_done(request, hooked) end
end

--- Wait for what the user asked for: a result, a stream, or events in a callback.
local complete
function complete(client, request, name, streamed, opts)
  local hooked = begin_hooks(client, opts, request)
  if streamed then return lazy_require "xai.client.stream".complete(request, name, opts, hooked) end
  if opts and opts.on_progress then
    lazy_require "xai.client.progress".wait(request, hooked, opts.on_progress)
  else
    wait_for(request, hooked)
  end
  local result, message, info
  if request:streaming() then
    result, message, info = lazy_require "xai.results.merge".outcome(request, name)
  else
    result, message, info = request:outcome()
  end
  if hooked then lazy_require "xai.client.hooks".response(hooked, message, info, request) end
  if result ~= nil and opts and opts.on_part then
    lazy_require "xai.results.parts".hand_out(request, name, result, opts.on_part)
  end
  if opts and opts.save then
    return lazy_require "xai.client.saving".finish(client, request, opts, nil, function(another, options)
      return complete(client, another, "download", false, options)
    end, result, message, info)
  end
  return result, message, info
end

--- The options of a function that has no argument: they may come first or second.
local function only_options(what, first, second)
  if second == nil then return first end
  if first ~= nil then
    error("client:" .. what .. ": it has no argument but options, got a " .. type(first) .. " before them", 3)
  end
  return second
end

local arguments = { request = 1 } -- how many a function has before its options

-- Calls with a budget, a limiter or on_usage.
core.on_guarded(function(...) return lazy_require "xai.client.gate".begin(...) end)

-- core.start blames the caller of the function that called it.  So each method
-- calls it directly, and not by a tail call.
local function method(name)
  local count = arguments[name]
  return function(self, argument, opts)
    if count == 0 then argument, opts = nil, only_options(name, argument, opts) end
    local request, streamed = core.start(self, name, argument, opts)
    return complete(self, request, name, streamed, opts)
  end
end

--- A function of an id and of a body or a query.
local function method_with_id(name)
  return function(self, id, input, opts)
    local request, streamed = core.start(self, name, id, opts, nil, input)
    return complete(self, request, name, streamed, opts)
  end
end

for _, row in ipairs(core.endpoints()) do
  arguments[row.name] = (row.id and 1 or 0) + ((row.body or row.query) and 1 or 0)
  methods[row.name] = (arguments[row.name] == 2 and method_with_id or method)(row.name)
end
methods.request = method "request"

-- Methods in files of their own, whose modules make them of `complete`.
local HELPERS = {
  conversation = "xai.conversation", download = "xai.download", each = "xai.each", parse = "xai.parse",
  run_tools = "xai.run_tools", save = "xai.save", wait = "xai.wait",
}

local function load_helper(name)
  methods[name] = lazy_require(HELPERS[name])(complete)
  return methods[name]
end

setmetatable(methods, {
  __index = function(_, name)
    if HELPERS[name] then return load_helper(name) end
    lazy_require "xai.client.call".add_methods(methods, arguments, only_options)
    local value = rawget(methods, name)
    if value == nil then
      for helper in pairs(HELPERS) do load_helper(helper) end -- one of them may be meant
      lazy_require "xai.runtime.unknown_name"("client", name, methods, true)
    end
    return value
  end,
})

local client = {}

--- A client: its key, address and defaults.  See types.lua for the options.
function client.new(options)
  local new = core.client("xai.new", options, json.codec_of(options))
  local has_hooks = type(options) == "table" and names_hook(options) or environment.getenv "XAI_DEBUG"
  if has_hooks or loaded["xai.client.hooks"] then
    lazy_require "xai.client.hooks".learn(new, options)
  end
  return new
end

return client
