--- The gate: budgets, limiters and on_usage, and the calls that they guard.
--
-- The core holds each guarded call when it starts, and asks here (`begin`).  It tells later
-- of attempts that failed and are repeated, and once of each call's end (`take_news`),
-- however its answer was read, and whether it was read at all.

local kept = require("xai.core").kept -- see xai.runtime.environment
if kept["xai.client.gate"] then return kept["xai.client.gate"] end

local core = require "xai.core"
local json = require "xai.client.json"
local lazy_require = require("xai.runtime.environment").lazy_require
local loop = require "xai.runtime.loop"

local ipairs, next, pcall, rawget, setmetatable, tostring, type =
  ipairs, next, pcall, rawget, setmetatable, tostring, type
local string_match = string.match

local gate = {}

--- What was given in place of something else, for messages.
function gate.shown(value)
  return (type(value) == "number" or type(value) == "string") and tostring(value) or type(value)
end

-- Which calls ------------------------------------------------------------------------

-- The functions whose answers cost something: the form of their usage.
local API = {
  chat = "chat", complete = "chat", respond = "responses", message = "messages", complete_legacy = "complete",
  generate_image = "other", edit_image = "other", generate_video = "other",
}

-- Those that fetch what such a call has begun.
local FETCHES = { get_deferred = "chat", get_video = "other" }

-- What client:request may ask for.
local PATHS = {
  ["/v1/chat/completions"] = "chat", ["/v1/completions"] = "complete", ["/v1/responses"] = "respond",
  ["/v1/messages"] = "message", ["/v1/complete"] = "complete_legacy", ["/v1/images/generations"] = "generate_image",
  ["/v1/images/edits"] = "edit_image", ["/v1/videos/generations"] = "generate_video",
}

--- The function of a call, and its body.
local function identify(name, argument)
  if name ~= "request" then return name, argument end
  local method = rawget(argument, "method") or argument.body ~= nil and "POST"
  if method ~= "POST" or type(argument.path) ~= "string" then return nil end
  return PATHS[string_match(argument.path, "^[^?]*")], argument.body
end

-- Scopes -----------------------------------------------------------------------------

-- A scope is { budget, limiter }: what all calls of a task have, and those of the tasks that
-- it spawns.  The field `scope` of a task names it.

local scopes = 0 -- that are open

--- The scope of the running code, or nil.
local function scope_here()
  local task = loop.current()
  return task and task.scope or nil
end

--- A scope within that of the running code.
-- @param budgets a list of budgets, which gets those of the scope around it, too
-- @param limiter may be nil
function gate.open_scope(budgets, limiter)
  local outer = scope_here() or {}
  budgets[#budgets + 1] = outer.budget
  scopes = scopes + 1
  core.guard_all(true)
  return { budget = budgets, limiter = limiter or outer.limiter }
end

--- The calls of a scope are not guarded any more.
function gate.close_scope()
  scopes = scopes - 1
  if scopes == 0 then core.guard_all(false) end
end

-- Guards -----------------------------------------------------------------------------

-- A guard is what is known of a call: name, api, model (that was asked), body; budgets, a
-- list of ledgers; pacer, on_usage, url; has_place: its place is reserved; has_gone: it was
-- admitted.

-- id -> guard, until the call is settled
local guards = {}

-- id -> request, which may be collected while it waits
local held = setmetatable({}, { __mode = "v" })

local Guard = {}
Guard.__index = Guard

--- Is somebody still waiting for the call?
function Guard:is_wanted() return guards[self.id] ~= nil and held[self.id] ~= nil end

local function reserve(guard)
  guard.has_place = true
  for _, ledger in ipairs(guard.ledgers) do ledger:reserve() end
end

--- Needs no memory.
local function release(guard)
  if not guard.has_place then return end
  guard.has_place = false
  for _, ledger in ipairs(guard.ledgers) do ledger:release(guard.has_gone) end
end

--- End a call that was not sent.
function Guard:refuse(code, message)
  local request = held[self.id]
  guards[self.id], held[self.id] = nil, nil
  release(self)
  if request then request:refuse(code, message) end
  loop.adapter.arm()
end

--- May it be sent now?  It is refused where a budget has ended while it waited.
function Guard:may_go()
  if self.has_gone then return true end
  for _, ledger in ipairs(self.ledgers) do
    local problem = ledger:late_refusal()
    if problem then
      self:refuse("budget", problem)
      return false
    end
  end
  return true
end

--- Send it.
function Guard:go()
  if not self.has_gone then
    self.has_gone = true
    for _, ledger in ipairs(self.ledgers) do ledger:send() end
  end
  local request = held[self.id] -- nil: it was collected just now
  if request then request:admit(self.pacer ~= nil) end
  if not self.pacer then held[self.id] = nil end
  loop.adapter.arm()
end

--- Add the ledgers of a budget, or of a list of them, each once.
local function add_ledgers(list, budget)
  if budget == nil then return end
  local ledger = rawget(budget, "ledger")
  if not ledger then
    for _, one in ipairs(budget) do add_ledgers(list, one) end
    return
  end
  for _, one in ipairs(list) do
    if one == ledger then return end
  end
  list[#list + 1] = ledger
end

local function pick(opts, defaults, name)
  local own = opts and opts[name]
  if own ~= nil then return own end
  return defaults[name]
end

local function new_guard(request, id, name, body, opts, defaults)
  local guard = setmetatable({
    id = id, api = API[name] or FETCHES[name], ledgers = {}, has_place = false, has_gone = false,
    on_usage = pick(opts, defaults, "on_usage"),
  }, Guard)
  if guard.on_usage then guard.url = request:info().url end
  add_ledgers(guard.ledgers, defaults.budget)
  add_ledgers(guard.ledgers, opts and opts.budget)
  local scope = scope_here()
  if scope then add_ledgers(guard.ledgers, scope.budget) end
  if FETCHES[name] then
    guard.fetches = body
  else
    local limiter = pick(opts, defaults, "limiter") or scope and scope.limiter
    guard.model = type(body) == "table" and type(body.model) == "string" and body.model or "unknown"
    guard.pacer = limiter and rawget(limiter, "pacer")
  end
  guards[id], held[id] = guard, request
  return guard
end

--- What forbids a new call, or nil.
local function refusal(guard)
  for _, ledger in ipairs(guard.ledgers) do
    local problem = ledger:refusal()
    if problem then return problem end
  end
end

--- A guarded call was started, and the core holds it.  Never waits.
function gate.begin(request, id, name, argument, opts, defaults)
  local body
  name, body = identify(name, argument)
  if not API[name] and not FETCHES[name] then return request:admit() end
  gate.take_news()
  local guard = new_guard(request, id, name, body, opts, defaults)
  if not (guard.ledgers[1] or guard.pacer or guard.on_usage) then -- it is not of a scope
    guards[id], held[id] = nil, nil
    return request:admit()
  end
  if guard.fetches then
    held[id] = nil
    return request:admit()
  end
  local problem = refusal(guard)
  reserve(guard)
  if problem then return guard:refuse("budget", problem) end
  if not guard.pacer then return guard:go() end
  problem = guard.pacer:enter(guard, body)
  if problem then guard:refuse("limiter", problem) end
end

-- Ends -------------------------------------------------------------------------------

local function decoded(text)
  if not text then return nil end
  local ok, value = pcall(json.decode, text)
  return ok and type(value) == "table" and value or nil
end

--- What a call has used, as far as it is known, and whether that is all.
local function read_usage(guard, last, first)
  local counts, begun = decoded(last), decoded(first)
  if begun and counts then
    for name, value in next, counts do begun[name] = value end
  end
  local read = lazy_require "xai.results.readers".read_usage
  local usage = (begun or counts) and read(begun or counts, guard.api)
  return usage or nil, usage ~= nil and counts ~= nil
end

-- Calls of on_usage that are still to be made: pairs of a function and its arguments.
local hooks = { first = 1, last = 0 }

local function add_hook(guard, usage, info)
  info.url = guard.url
  hooks[hooks.last + 1] = { guard.on_usage, usage, info }
  hooks.last = hooks.last + 1
end

local function run_hooks()
  while hooks.first <= hooks.last do
    local hook = hooks[hooks.first]
    hooks[hooks.first] = nil
    hooks.first = hooks.first + 1
    loop.callback(hook[1], hook[2], hook[3])
  end
end

--- Count the answer that a call has fetched.
local function count_fetched(guard, info, usage, model)
  if info.kind or not usage then return end
  for _, ledger in ipairs(guard.ledgers) do ledger:complete(guard.fetches, model, usage) end
  if guard.on_usage then add_hook(guard, usage, info) end
end

local function finish(guard, info, last, first, model, answer_id, is_forked)
  local ok, usage, is_known = pcall(read_usage, guard, last, first)
  if not ok then usage, is_known = nil, false end -- for lack of memory
  if guard.fetches then return count_fetched(guard, info, usage, model) end
  local is_free = is_forked or info.kind ~= nil and info.billed == "no"
  if not is_free then
    for _, ledger in ipairs(guard.ledgers) do ledger:count(model or guard.model, usage, is_known, answer_id) end
    if guard.on_usage then add_hook(guard, usage, info) end
  end
  if guard.pacer then guard.pacer:learn(guard, info, is_free, usage, is_known) end
end

--- Take over what has happened to guarded calls.  Runs no code of the user.
function gate.take_news()
  local id, what, a, b, c, d, e, f = core.news()
  while id do
    local guard = guards[id]
    if guard and what == "failure" then
      if guard.pacer then guard.pacer:repeat_later(guard, a, b, c) end
    elseif guard then
      guards[id], held[id] = nil, nil
      release(guard)
      if guard.pacer then guard.pacer:leave(guard) end
      finish(guard, a, b, c, d, e, f)
      if guard.pacer then guard.pacer:pump() end
    end
    id, what, a, b, c, d, e, f = core.news()
  end
end

--- The same, and call the functions of on_usage unless `is_alone`.
function loop.settle(is_alone)
  gate.take_news()
  if not is_alone then run_hooks() end
end

kept["xai.client.gate"] = gate
return gate
