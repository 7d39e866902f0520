--- Conversations as plain tables: what talk:dump() gives and client:conversation takes.
--
-- { endpoint, key, body, given, turns = { { items, id, tokens } }, usage, id, orders, paused },
-- where id is that of the chain, if there is one.  paused = { items, answer, body } is the turn
-- that waits for answers: what it has added, the answer whose calls wait, and the body that
-- goes on, without tools.  orders has what xai.ordered marked, as JSON
-- does not keep it: a list of { path, names }.

local core = require "xai.core"
local records = require "xai.conversation.record"
local results = require "xai.results.result"
local states = require "xai.conversation.state"

local getmetatable, ipairs, next, pairs, type = getmetatable, ipairs, next, pairs, type

local array = core.array

local saved = {}

-- Orders ------------------------------------------------------------------------------

--- The list of names that xai.ordered left in a metatable, or nil.
local function names_in(meta)
  if type(meta) ~= "table" or meta.__name ~= "xai.ordered" then return nil end
  for _, value in next, meta do
    if type(value) == "table" then return value end
  end
end

local DEEPEST = 200 -- tables within tables; what has no end cannot be sent

--- Add to `orders` what is marked in a value.  `path` has its place, `depth` keys.
local function note_orders(orders, value, path, depth)
  local names = names_in(getmetatable(value))
  if names then
    local place = array {}
    for i = 1, depth do place[i] = path[i] end
    orders[#orders + 1] = { path = place, names = array(states.own(names)) }
  end
  if depth >= DEEPEST then return end
  for key, member in pairs(value) do
    if type(member) == "table" then
      path[depth + 1] = key
      note_orders(orders, member, path, depth + 1)
    end
  end
end

local function is_list_of(kind, list)
  if type(list) ~= "table" then return false end
  for _, one in ipairs(list) do
    if type(one) ~= kind then return false end
  end
  return true
end

--- Mark the tables of a copy of a saved conversation again.
local function mark_again(dump)
  for _, order in ipairs(results.object(dump.orders)) do
    local place = dump
    order = results.object(order)
    for _, key in ipairs(results.object(order.path)) do place = results.object(place)[key] end
    if place ~= dump and type(place) == "table" and is_list_of("string", order.names) then
      core.ordered(order.names, place)
    end
  end
end

-- Saving and loading --------------------------------------------------------------------

function saved.is_one(body)
  return type(body.turns) == "table" and type(body.body) == "table" and type(body.endpoint) == "string"
end

--- The turn that waits for answers, as it is saved; or nil.
local function paused_of(state)
  local paused = states.paused(state)
  if not paused then return nil end
  local body = states.copy_of(paused.run.facts.body)
  body.tools = nil -- they are in the conversation's body
  return states.own { items = paused.record.items, answer = paused.record.paused, body = body }
end

--- The same from a saved one.
local function paused_again(name, paused)
  local record = records.new(name, array(paused.items))
  record.paused = paused.answer
  return { run = { info = { kind = "pending" }, facts = { body = paused.body } }, record = record }
end

--- The plain table of a conversation.
function saved.of(state)
  local turns, last = array {}, state.turns[#state.turns]
  for i, turn in ipairs(state.turns) do
    turns[i] = { items = states.own(turn.items), id = turn.id, tokens = turn.tokens }
  end
  local dump = {
    endpoint = state.name, key = state.key, body = states.own(states.plain_body(state)),
    given = states.own(state.given), turns = turns, usage = states.copy_of(state.usage), id = last and last.id,
    paused = paused_of(state),
  }
  local orders = array {}
  note_orders(orders, dump, {}, 0)
  dump.orders = orders[1] and orders or nil
  return dump
end

local function wrong_pause(name, paused, wrong)
  if type(paused) ~= "table" then return wrong "paused must be a table" end
  if not is_list_of("table", paused.items) then return wrong "paused.items must be a list of tables" end
  if type(paused.answer) ~= "table" then return wrong "paused.answer must be a table" end
  local history = type(paused.body) == "table" and paused.body[states.HISTORIES[name]]
  if not is_list_of("table", history) then
    return wrong("paused.body." .. states.HISTORIES[name] .. " must be a list of tables")
  end
end

--- What is wrong with a saved conversation, or nil.
function saved.problem(dump)
  local function wrong(what) return "this is no saved conversation: " .. what end
  if not states.HISTORIES[dump.endpoint] then return wrong("no endpoint '" .. dump.endpoint .. "'") end
  if type(dump.key) ~= "string" then return wrong "key must be a string" end
  if not is_list_of("table", dump.given or {}) then return wrong "given must be a list of tables" end
  for i, turn in ipairs(dump.turns) do
    if type(turn) ~= "table" or not is_list_of("table", turn.items) then
      return wrong("turns[" .. i .. "].items must be a list of tables")
    end
    if turn.id ~= nil and type(turn.id) ~= "string" then return wrong("turns[" .. i .. "].id must be a string") end
    if turn.tokens ~= nil and type(turn.tokens) ~= "number" then
      return wrong("turns[" .. i .. "].tokens must be a number")
    end
  end
  return dump.paused ~= nil and wrong_pause(dump.endpoint, dump.paused, wrong) or nil
end

--- A conversation of a saved one, which is sound.
function saved.load(client, dump, options)
  dump = states.own(dump)
  mark_again(dump)
  local state = states.new(client, dump.endpoint, dump.body, options)
  state.given = array(dump.given or {})
  for i, turn in ipairs(dump.turns) do
    state.turns[i] = { items = array(turn.items), id = turn.id, tokens = turn.tokens }
  end
  for name, n in pairs(type(dump.usage) == "table" and dump.usage or {}) do
    if type(n) == "number" then state.usage[name] = n end
  end
  if dump.paused then state.failed = paused_again(dump.endpoint, dump.paused) end
  return state
end

return saved
