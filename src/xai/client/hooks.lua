--- The hooks of a client and of a call: on_request, on_response, on_retry, debug.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.client.hooks"] then return kept["xai.client.hooks"] end

local pump = require "xai.runtime.loop"
local environment = require "xai.runtime.environment"

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

--- The hooks for one call, or nil when there are none.
function hooks.of(client, options)
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

--- A command line that sends the same request; the key and the body are left out.
local function command(request)
  local method, has_body = request:method()
  local words = { "curl", "-X", method, quote(request:info().url) }
  for _, line in ipairs(request:headers()) do words[#words + 1] = "-H " .. quote(line) end
  if has_body then words[#words + 1] = "-d @body.json" end
  return table_concat(words, " ")
end

local function trace(hook, line)
  if type(hook) == "function" then return pump.callback(hook, line) end
  if pump.tell then return pump.tell("xai: " .. line, true) end
  environment.complain("xai: " .. line)
end

local function call(set, name, info)
  if set[name] then pump.callback(set[name], info) end
end

--- The call is about to be sent.
function hooks.request(set, request)
  if not set then return end
  call(set, "on_request", request:info())
  if not set.debug then return end
  request:trace()
  trace(set.debug, command(request))
end

--- Where the time of the last attempt went; a kept connection needs none to be made.
local function times(request)
  local dns, connect, tls, first, total = request:times()
  if total == 0 then return "" end
  local format = " (name %.3f, connection %.3f, TLS %.3f, first byte %.3f, end %.3f s)"
  return string_format(format, dns, connect, tls, first, total)
end

--- If an attempt has failed and the next one is waited for: tell once.
function hooks.retry(set, request)
  if not set then return end
  local _, message, info = request:retrying()
  if not message then return end
  call(set, "on_retry", info)
  if set.debug then trace(set.debug, "will try again after: " .. message) end
end

--- The call has its answer (`message` nil) or its failure.
function hooks.response(set, message, info, request)
  if not set then return end
  call(set, "on_response", info)
  if set.debug then
    local line = message or string_format("HTTP %d in %.3f s%s", info.status, info.elapsed,
      info.request_id and " (request " .. info.request_id .. ")" or "")
    trace(set.debug, line .. times(request))
  end
end

kept["xai.client.hooks"] = hooks
return hooks
