--- The hooks of a client and of a call: on_request, on_response, on_retry, debug.

local kept = require("xai.core").kept -- see runtime/environment.lua
if kept["xai.client.hooks"] then return kept["xai.client.hooks"] end

local environment = require "xai.runtime.environment"
local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local ipairs, pairs, setmetatable, type = ipairs, pairs, setmetatable, type
local string_format, string_gsub = string.format, string.gsub
local table_concat = table.concat

local hooks = {}

local NAMES = { on_request = true, on_response = true, on_retry = true, debug = true }

-- client -> its hooks; only clients that have some.
local of_client = setmetatable({}, { __mode = "k" })

local function pick(options)
  local picked
  for name in pairs(NAMES) do
    if options and options[name] ~= nil then
      picked = picked or {}
      picked[name] = options[name]
    end
  end
  return picked
end

--- Remember the hooks in the options of a new client.
function hooks.learn(client, options)
  local picked = pick(options)
  local env = environment.getenv "XAI_DEBUG"
  if (not picked or picked.debug == nil) and env and env ~= "" and env ~= "0" then
    picked = picked or {}
    picked.debug = true
  end
  of_client[client] = picked
end

--- The hooks of one call, or nil when there are none.
local function hooks_of(client, options)
  local general, own = of_client[client], options and pick(options)
  if not own or not general then return own or general end
  for name, hook in pairs(general) do
    if own[name] == nil then own[name] = hook end
  end
  return own
end

--- One word for a shell.
local function quote(word)
  return "'" .. string_gsub(word, "'", "'\\''") .. "'"
end

--- A command line that sends the same request, without the key and the body.
local function command(request)
  local method, has_body = request:method()
  local words = { "curl", "-X", method, quote(request:info().url) }
  for _, line in ipairs(request:headers()) do words[#words + 1] = "-H " .. quote(line) end
  if has_body then words[#words + 1] = "-d @body.json" end
  return table_concat(words, " ")
end

local function trace(hook, line)
  if type(hook) == "function" then return loop.callback(hook, line) end
  loop.say("xai: " .. line, true)
end

local function run(hooked, name, info)
  if hooked[name] then loop.callback(hooked[name], info) end
end

--- A call is about to be sent.  Returns its hooks, or nil when there are none.
function hooks.begin(client, options, request)
  local hooked = hooks_of(client, options)
  if not hooked then return nil end
  run(hooked, "on_request", request:info())
  if hooked.debug then
    request:trace()
    trace(hooked.debug, command(request))
  end
  return hooked
end

--- Where the time of the last attempt went, in seconds; "" where nothing was sent.
local function times(request)
  local dns, connect, tls, first, total = request:times()
  if total == 0 then return "" end
  local format = " (name %.3f, connection %.3f, TLS %.3f, first byte %.3f, end %.3f s)"
  return string_format(format, dns, connect, tls, first, total)
end

--- Tell once of each attempt that failed and is repeated.
local function tell_retry(hooked, request)
  local _, message, info = request:take_retry()
  if not message then return end
  run(hooked, "on_retry", info)
  if not hooked.debug then return end
  local what = info.next_fallback and "fallback " .. info.next_fallback or "again"
  trace(hooked.debug, "will try " .. what .. " after: " .. message)
end

--- Between two attempts: tell of the one that failed, and get the key for the
-- next.  Where the service refused the key, that is told only with another one.
function hooks.retry(hooked, request)
  if hooked then tell_retry(hooked, request) end
  if request:rotate_key() and hooked then tell_retry(hooked, request) end
end

--- The call has its answer (`message` nil) or its failure.
function hooks.response(hooked, message, info, request)
  if not hooked then return end
  run(hooked, "on_response", info)
  if hooked.debug then
    local line = message or string_format("HTTP %d in %.3f s%s", info.status, info.elapsed,
      info.request_id and " (request " .. info.request_id .. ")" or "")
    trace(hooked.debug, line .. times(request))
  end
end

-- Waiting, while failed attempts are told of --------------------------------------

local function is_done(request, hooked)
  hooks.retry(hooked, request)
  return request:done()
end

local function is_opened(request, hooked)
  hooks.retry(hooked, request)
  return request:opened()
end

--- Wait until nothing of the request is under way any more.
function hooks.wait_done(request, hooked)
  wait.for_request(request, is_done, request, hooked)
end

--- Wait until the head of a streamed success is in, or the request is done.
function hooks.wait_opened(request, hooked)
  wait.for_request(request, is_opened, request, hooked)
end

kept["xai.client.hooks"] = hooks
return hooks
