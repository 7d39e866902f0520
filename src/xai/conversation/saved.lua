--- Conversations as plain tables: what talk:dump() gives and client:conversation takes.
--
-- { endpoint, key, body, given, turns = { { items, id, tokens } }, usage, id }, where id is
-- that of the chain, if there is one.

local core = require "xai.core"
local states = require "xai.conversation.state"

local ipairs, pairs, type = ipairs, pairs, type

local array = core.array

local saved = {}

function saved.is_one(body)
  return type(body.turns) == "table" and type(body.body) == "table" and type(body.endpoint) == "string"
end

--- The plain table of a conversation.
function saved.of(state)
  local turns, last = array {}, state.turns[#state.turns]
  for i, turn in ipairs(state.turns) do
    turns[i] = { items = states.own(turn.items), id = turn.id, tokens = turn.tokens }
  end
  return {
    endpoint = state.name, key = state.key, body = states.own(states.plain_body(state)),
    given = states.own(state.given), turns = turns, usage = states.copy_of(state.usage), id = last and last.id,
  }
end

local function is_list_of_tables(list)
  if type(list) ~= "table" then return false end
  for _, one in ipairs(list) do
    if type(one) ~= "table" then return false end
  end
  return true
end

--- What is wrong with a saved conversation, or nil.
function saved.problem(dump)
  local function wrong(what) return "this is no saved conversation: " .. what end
  if not states.HISTORIES[dump.endpoint] then return wrong("no endpoint '" .. dump.endpoint .. "'") end
  if type(dump.key) ~= "string" then return wrong "key must be a string" end
  if not is_list_of_tables(dump.given or {}) then return wrong "given must be a list of tables" end
  for i, turn in ipairs(dump.turns) do
    if type(turn) ~= "table" or not is_list_of_tables(turn.items) then
      return wrong("turns[" .. i .. "].items must be a list of tables")
    end
    if turn.id ~= nil and type(turn.id) ~= "string" then return wrong("turns[" .. i .. "].id must be a string") end
    if turn.tokens ~= nil and type(turn.tokens) ~= "number" then
      return wrong("turns[" .. i .. "].tokens must be a number")
    end
  end
end

--- A conversation of a saved one, which is sound.
function saved.load(client, dump, options)
  local state = states.new(client, dump.endpoint, states.own(dump.body), options)
  state.given = array(states.own(dump.given or {}))
  for i, turn in ipairs(dump.turns) do
    state.turns[i] = { items = array(states.own(turn.items)), id = turn.id, tokens = turn.tokens }
  end
  for name, n in pairs(type(dump.usage) == "table" and dump.usage or {}) do
    if type(n) == "number" then state.usage[name] = n end
  end
  return state
end

return saved
