--- client:parse(name, body, schema[, opts]): an answer as a value that fits a JSON schema.

local core = require "xai.core"
local answer = require "xai.schema.answer"
local forms = require "xai.schema.forms"
local json = require "xai.client.json"
local plan = require "xai.schema.plan"
local lazy_require = require("xai.runtime.environment").lazy_require
local readers = require "xai.results.readers"
local root = require "xai.schema.root"
local sums = require "xai.results.usage_sum"

local error, ipairs, next, pcall, setmetatable, tostring, type =
  error, ipairs, next, pcall, setmetatable, tostring, type
local string_find = string.find

-- Arguments -------------------------------------------------------------------------

local function wrong_name(name)
  if type(name) ~= "string" then
    local hint = type(name) == "table" and " (call it with a colon)" or ""
    return "the name of a function must come first, got " .. type(name) .. hint
  end
  if forms[name] then return nil end
  local meant = core.nearest(name, forms)
  return "'" .. name .. "' has no structured answers; "
    .. (meant and "did you mean '" .. meant .. "'?" or "use respond, chat or message")
end

local function wrong_body(form, body)
  if type(body) ~= "table" then return nil end -- core.start refuses it
  if body.stream == true then return "the body has 'stream = true'; read a stream by stream:json()" end
  if body.deferred == true then return "the body has 'deferred = true', and then the answer comes later" end
  local taken = form.taken(body)
  if taken then return "the body has '" .. taken .. "' already, which client:parse sets" end
end

local function wrong_schema(schema)
  if type(schema) ~= "table" then return "the schema must be a table, got " .. type(schema) end
  local made, problem = plan.of(schema)
  return not made and problem or nil
end

-- The fields that hold the schema: a patch must leave them alone.
local OF_SCHEMA = {
  respond = { "text" }, chat = { "response_format" }, message = { "tools", "tool_choice" },
}

--- What is wrong with patches of the body, or nil.  core.start refuses what is no list of tables.
local function wrong_patches(name, patches)
  for i, patch in ipairs(type(patches) == "table" and patches or {}) do
    for _, field in ipairs(OF_SCHEMA[name]) do
      if type(patch) == "table" and patch[field] ~= nil then
        return "fallback[" .. i .. "]." .. field .. ": client:parse sets it"
      end
    end
  end
end

local function wrong_options(name, opts)
  if type(opts) ~= "table" then return nil end -- core.start refuses it
  local repair = opts.repair
  if repair ~= nil and (type(repair) ~= "number" or repair < 0 or repair % 1 ~= 0) then
    return "option 'repair' must be a whole number from 0, got " .. tostring(repair)
  end
  for _, option in ipairs { "on_event", "raw" } do
    if opts[option] ~= nil then return "option '" .. option .. "' is for streams" end
  end
  if opts.on_done ~= nil then return "option 'on_done' is one of client:start" end
  return wrong_patches(name, opts.fallback)
end

-- The option that calls do not have.
local OWN = { repair = true }

local function copy_of(t)
  local copy = {}
  for key, value in next, t do copy[key] = value end
  return copy
end

-- One use of client:parse: the form of the endpoint; the schema as it is sent, and
-- whether it is a wrapper (see xai.schema.root); the body and options of the next request;
-- how many times it may be asked again; what the answers used so far.
local Use = {}
Use.__index = Use

--- The use that the arguments ask for; or nil and what is wrong with them.
local function new_use(name, body, schema, opts)
  local form = type(name) == "string" and forms[name] or nil
  local problem = wrong_name(name) or wrong_body(form, body) or wrong_schema(schema) or wrong_options(name, opts)
  if problem then return nil, problem end
  local sent, is_wrapped = root.of(schema)
  local options, repair = opts, 0
  if opts == nil or type(opts) == "table" then
    options = copy_of(opts or {})
    repair, options.repair = options.repair or 0, nil
  end
  return setmetatable({
    form = form, schema = sent, is_wrapped = is_wrapped, options = options, left = repair, repairs = 0,
    body = type(body) == "table" and form.with_schema(body, sent) or body,
  }, Use)
end

-- Answers -----------------------------------------------------------------------------

--- The sum with what an answer used; nil where none has told it.
local function with_usage(sum, usage)
  if not usage or not sum then return usage or sum end
  sums.add(sum, usage)
  return sum
end

-- Outcomes ------------------------------------------------------------------------------

--- Add to the facts about a call what is known of the answers.
function Use:tell(info)
  info.result, info.usage, info.repairs = self.result, self.usage, self.repairs
  return info
end

--- The same for a request that failed or was cancelled: what is known of the answer before.
function Use:tell_before(info)
  info.value, info.mistakes = self.problem.value, self.problem.mistakes
  self:tell(info)
end

--- The failure of a problem with the facts of the last call.
function Use:failure(info, problem)
  local _, message, failure = answer.failure(problem, info, self.result)
  return nil, message, self:tell(failure)
end

--- Take the outcome of a request.  Returns what is wrong with its answer where the
-- model is to be asked again; or false and what client:parse returns.
function Use:take(result, message, info)
  if result == nil then
    if self.result ~= nil then self:tell_before(info) end
    return false, nil, message, info
  end
  self.result, self.usage = result, with_usage(self.usage, readers.usage(result))
  local value, problem = answer.value_of(self.form, result, self.schema, self.is_wrapped)
  if not problem then return false, value, nil, self:tell(info) end
  if self.left == 0 or not problem.asks then return false, self:failure(info, problem) end
  self.problem, self.info = problem, info
  return problem
end

--- Make the next request, which has `seconds` (nil: no limit).  Returns whether there is time.
function Use:ask_again(seconds)
  if seconds and seconds <= 0 then return false end
  self.left, self.repairs = self.left - 1, self.repairs + 1
  self.body = self.form.asked_again(self.body, self.result, core.utf8(self.problem.asks))
  self.options.deadline = seconds
  return true
end

--- The failure where no time is left to ask again.
function Use:timeout(deadline)
  local problem = self.problem
  return self:failure(self.info, {
    kind = "timeout", phase = "deadline", value = problem.value, mistakes = problem.mistakes,
    message = "deadline of " .. json.encode(deadline) .. " s passed; " .. problem.message,
  })
end

--- The failure where the client was closed before it could ask again.
function Use:closed()
  local problem = self.problem
  return self:failure(self.info, {
    kind = "closed", value = problem.value, mistakes = problem.mistakes,
    message = "the client is closed; " .. problem.message,
  })
end

--- Start a later request.  Returns nil where the client was closed meanwhile.
local function start_again(client, name, use)
  local ok, request, streamed = pcall(core.start, client, name, use.body, use.options, "parse")
  if ok then return request, streamed end
  if type(request) == "string" and string_find(request, "the client is closed", 1, true) then return nil end
  error(request, 0)
end

--- The method.  `complete` waits for what a request gives, see client.lua.
return function(complete)
  return function(self, name, body, schema, opts)
    local use, wrong = new_use(name, body, schema, opts)
    if not use then error("client:parse: " .. wrong, 2) end
    if type(opts) == "table" then core.check_options("client:parse", opts, OWN) end
    local began = core.now()
    local limit
    while true do
      local request, streamed, deadline
      if use.result then
        request, streamed = start_again(self, name, use)
        if not request then return use:closed() end
        lazy_require "xai.runtime.wait".on_abandon(request, function(err) use:tell_before(err) end)
      else
        request, streamed, deadline = core.start(self, name, use.body, use.options, "parse")
        limit = deadline
      end
      local again, value, message, info = use:take(complete(self, request, name, streamed, use.options))
      if not again then return value, message, info end
      if not use:ask_again(limit and limit - (core.now() - began)) then return use:timeout(limit) end
    end
  end
end
