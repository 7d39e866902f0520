--- Conversations: what client:conversation returns.

local core = require "xai.core"
local options = require "xai.tools.options"
local readers = require "xai.results.readers"
local saved = require "xai.conversation.saved"
local states = require "xai.conversation.state"
local turns = require "xai.conversation.turn"
local wire = require "xai.tools.wire"
local lazy_require = require("xai.runtime.environment").lazy_require

local error, ipairs, pairs, rawget, setmetatable, type = error, ipairs, pairs, rawget, setmetatable, type
local string_format = string.format

local begin, settle = turns.begin, turns.settle
local copy_of = states.copy_of

-- Those of turns.  Of what another function takes it is told which one that is.
local OPTIONS = options.names("schema", "endpoint")

--- The state of a conversation; raises where `talk` is none.
local function state_of(talk, what)
  local state = type(talk) == "table" and rawget(talk, "state")
  if not state then error("talk:" .. what .. ": call it with a colon", 4) end
  turns.move(state)
  settle(state)
  return state
end

--- The same without a turn under way; raises where there is one.
local function idle(talk, what)
  local state = state_of(talk, what)
  if state.run then
    error("talk:" .. what .. ": a turn is under way; read its run to the end, or close it", 3)
  end
  return state
end

-- Methods -------------------------------------------------------------------------------

local new_talk
local methods = {}

--- Ask, and wait for the text of the answer.
-- @param input  a text, a list of content parts, or a list of items
-- @param opts  options of calls and of client:run_tools; `schema`: the answer is a value
--   that fits it.  With on_part or on_event the answer is streamed.
-- @return the text or the value, nil, info; or nil, message, info.  info.result is the answer
function methods.ask(talk, input, opts)
  local state = idle(talk, "ask")
  if type(opts) == "table" then core.check_options("talk:ask", opts, OPTIONS) end
  if type(opts) == "table" and opts.schema ~= nil then
    local turn, wrong = lazy_require "xai.conversation.structured"(state, input, opts, begin)
    if not turn then error("talk:ask: " .. wrong, 2) end
    turn.run:wait()
    settle(state)
    return turn:outcome()
  end
  local run, problem = begin(state, input, opts, false)
  if not run then error("talk:ask: " .. problem, 2) end
  local answer, message, info = run:wait()
  settle(state)
  if answer == nil then return nil, message, info end
  info.result = answer
  return readers.text(answer), nil, info
end

--- Ask, and return a run at once, which streams: its parts, text and result.  The turn is
-- in the history when the run has ended well, whether it was read or not.
function methods.stream(talk, input, opts)
  local state = idle(talk, "stream")
  if type(opts) == "table" then core.check_options("talk:stream", opts, OPTIONS) end
  if type(opts) == "table" and opts.schema ~= nil then error("talk:stream: option 'schema' is one of talk:ask", 2) end
  if type(opts) == "table" and opts.on_part ~= nil then error("talk:stream: option 'on_part' is one of talk:ask", 2) end
  local run, problem = begin(state, input, opts, true)
  if not run then error("talk:stream: " .. problem, 2) end
  local handle = state.handle
  return handle, nil, handle:info(), handle
end

--- A conversation of the same history, which goes its own way from here.
function methods.fork(talk)
  local state = state_of(talk, "fork")
  local fork = copy_of(state)
  local paused = states.paused(state)
  fork.run, fork.record, fork.handle = nil, nil, nil
  fork.failed = paused and { run = paused.run, record = copy_of(paused.record) }
  fork.usage, fork.turns = copy_of(state.usage), {}
  for i, turn in ipairs(state.turns) do fork.turns[i] = copy_of(turn) end
  return new_talk(fork)
end

--- A plain table, which xai.encode can save and client:conversation takes.  It has no
-- functions.  A turn that waits for answers is in it, a turn under way is not.
function methods.dump(talk)
  local state = state_of(talk, "dump")
  return saved.of(state)
end

--- Take the last turn back.  Returns whether there was one.
function methods.undo(talk)
  local state = idle(talk, "undo")
  local list = state.turns
  if not list[1] then return false end
  list[#list], state.failed = nil, nil
  return true
end

--- Take over what the last turn had brought, which failed or was cancelled: the input,
-- whole rounds, and the text so far.  Calls without a result get one that says
-- `cancelled`.
-- @param info  of that failure; may be left out
function methods.keep(talk, info)
  local state = idle(talk, "keep")
  local failed = state.failed
  if info ~= nil and type(info) ~= "table" then
    error("talk:keep: expected the info of a failed turn, got a " .. type(info), 2)
  end
  if not failed or info and info.run ~= failed.run.facts then
    error("talk:keep: " .. (failed and "this is not the info of the last turn" or "the last turn has not failed"), 2)
  end
  failed.record:keep(failed.run)
  state.turns[#state.turns + 1], state.failed = { items = failed.record.items }, nil
  return true
end

--- Drop whole turns from the front until the history has at most `tokens` tokens.  The
-- body's own messages stay.  Returns how many turns went.
-- @param limits  { tokens = n }
function methods.trim(talk, limits)
  local state = idle(talk, "trim")
  local tokens = type(limits) == "table" and limits.tokens
  if type(tokens) ~= "number" or tokens < 0 or tokens ~= tokens then
    error("talk:trim: expected { tokens = n } with a number from 0", 2)
  end
  return lazy_require "xai.conversation.trim"(state, tokens)
end

-- Members ---------------------------------------------------------------------------------

local members = {}

--- The items of the whole history: a new list each time.
function members.items(state) return states.items(state) end

--- The sum of what all turns used, as xai.usage gives it.
function members.usage(state) return copy_of(state.usage) end

--- The calls that wait for an answer, as xai.calls gives them, or nil.
function members.pending(state)
  local paused = states.paused(state)
  return paused and wire.open_calls(state.name, paused.run.facts.body)
end

--- The run of a streamed turn that is under way, or nil.
function members.run(state) return state.handle end

local known = {}
for name in pairs(methods) do known[name] = true end
for name in pairs(members) do known[name] = true end

local Talk = {}

function Talk.__index(talk, name)
  local method = methods[name]
  if method then return method end
  local member = members[name]
  if not member then return lazy_require "xai.runtime.unknown_name"("conversation", name, known) end
  local state = rawget(talk, "state")
  settle(state)
  return member(state)
end

function Talk.__tostring(talk)
  local state = rawget(talk, "state")
  return string_format("xai.conversation (%s, %d turns)", state.name, #state.turns)
end

function new_talk(state) return setmetatable({ state = state }, Talk) end

return new_talk
