--- client:conversation(body[, opts]): a history that no failure can tear.

local core = require "xai.core"
local new_talk = require "xai.conversation.talk"
local options = require "xai.tools.options"
local saved = require "xai.conversation.saved"
local states = require "xai.conversation.state"
local turns = require "xai.conversation.turn"

local error, next, pairs, type = error, next, pairs, type
local string_format = string.format

local HISTORIES = states.HISTORIES
local OPTIONS = options.names "endpoint"

local function wrong_list(name, value)
  if value == nil or type(value) == "string" and name == "respond" then return nil end
  if type(value) ~= "table" then return "must be a list, got a " .. type(value) end
  if next(value) ~= nil and value[1] == nil then return "must be a list, got a table with names" end
end

--- What is wrong with the body of a new conversation, or nil.
local function wrong_body(name, body)
  local history = wrong_list(name, body[HISTORIES[name]])
  if history then return "body." .. HISTORIES[name] .. " " .. history end
  for _, field in pairs(HISTORIES) do
    if field ~= HISTORIES[name] and body[field] ~= nil and body[HISTORIES[name]] == nil then
      return string_format("the body has '%s'; conversations by %s have '%s'", field, name, HISTORIES[name])
    end
  end
  if body.stream ~= nil and body.stream ~= false then return "the body has 'stream'; talk:stream() streams" end
  if body.previous_response_id ~= nil then
    return "the body has 'previous_response_id'; with store = true a conversation has a chain of its own"
  end
  if body.tools ~= nil and type(body.tools) ~= "table" then
    return "body.tools must be a list, got a " .. type(body.tools)
  end
end

local function wrong_options(opts)
  if opts == nil then return nil end
  if type(opts) ~= "table" then return "options must be a table, got " .. type(opts) end
  if opts.tools ~= nil and type(opts.tools) ~= "table" then
    return "option 'tools' must be a list, got a " .. type(opts.tools)
  end
  local name = opts.endpoint
  if name == nil or HISTORIES[name] then return nil end
  if type(name) ~= "string" then return "option 'endpoint' must be a string, got a " .. type(name) end
  local meant = core.nearest(name, HISTORIES)
  return string_format("no conversation by '%s'; %s", name,
    meant and "did you mean '" .. meant .. "'?" or "use respond, chat or message")
end

local function open(client, body, opts)
  if type(body) ~= "table" then
    local hint = body ~= nil and HISTORIES[body] and "; the function is named by the option 'endpoint'" or ""
    return nil, "the body must be a table, got " .. type(body) .. hint
  end
  local problem = wrong_options(opts)
  if problem then return nil, problem end
  if saved.is_one(body) then
    problem = saved.problem(body) or wrong_body(body.endpoint, body.body)
    if not problem and opts and opts.endpoint and opts.endpoint ~= body.endpoint then
      problem = string_format("option 'endpoint': the saved conversation is one of '%s'", body.endpoint)
    end
    if problem then return nil, problem end
    return saved.load(client, body, opts), body.key
  end
  local name = opts and opts.endpoint or "respond"
  problem = wrong_body(name, body)
  if problem then return nil, problem end
  return states.new(client, name, body, opts)
end

--- Make the method of `complete`, see client.lua.
return function(complete)
  --- See types.lua.
  -- @param body  of respond, or of the option `endpoint`; or what talk:dump() gave
  -- @param opts  options of calls and of client:run_tools for each turn, and `endpoint`
  return function(client, body, opts)
    local state, key = open(client, body, opts)
    if not state then error("client:conversation: " .. key, 2) end
    if opts then core.check_options("client:conversation", opts, OPTIONS) end
    state.complete = complete
    states.finish(state, key)
    local problem = turns.problem(state)
    if problem then error("client:conversation: " .. problem, 2) end
    return new_talk(state)
  end
end
