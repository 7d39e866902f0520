--- What a turn of a conversation adds to the history, gathered round by round.
--
--   records.new(name, input)     `name` is "respond", "chat" or "message"; `input` a list
--   record.items                 the input, then what the rounds so far have added
--   record:watch(run)            before a run begins: notes the texts of its parts
--   record:note(run)             before on_round and each request: adds the round before
--   record:conclude(run)         the run ended well: adds its last answer
--   record:keep(run)             the run failed: adds what it had brought, well formed
--
-- Answers and results are taken as they were sent.  What the user changes in run.body
-- between rounds is not in the history.

local core = require "xai.core"
local json = require "xai.client.json"
local readers = require "xai.results.readers"
local results = require "xai.results.result"
local wire = require "xai.tools.wire"

local ipairs, setmetatable, type = ipairs, setmetatable, type
local string_find = string.find
local table_concat, table_remove = table.concat, table.remove

local objects, words = results.objects, results.words

local Record = {}
Record.__index = Record

--- Note a result of a call in `made`: a list for each id of calls.
local function note_result(made, item)
  local id = item.tool_use_id
  if item.role == "tool" then
    id = item.tool_call_id
  elseif words(item.type) and string_find(item.type, "_call_output$") then
    id = item.call_id
  end
  if id == nil then return end
  local list = made[id] or {}
  made[id], list[#list + 1] = list, item
end

--- The results of calls in a body: a list for each id of calls.
local function results_in(name, body)
  local made = {}
  for _, item in ipairs(objects(wire.history(name, body))) do
    note_result(made, item)
    if name == "message" then
      for _, block in ipairs(objects(item.content)) do note_result(made, block) end
    end
  end
  return made
end

local function cancelled(name, call)
  local text = "cancelled"
  return wire.result(name, call, name == "message" and text or json.encode { error = text }, true)
end

--- The results that `body` has for these calls, in their order.  Where ids repeat, the last
-- results count.  Calls without one were cancelled.
local function results_of(name, calls, body)
  local made, list = calls[1] and results_in(name, body), {}
  for i = #calls, 1, -1 do
    local found = made[calls[i].id or false]
    list[i] = found and table_remove(found) or cancelled(name, calls[i])
  end
  return list
end

--- Add an answer with the results that `body` has for its calls.
local function add_answer(record, answer, body)
  local name = record.name
  local list = results_of(name, wire.calls_of(answer), body)
  local before = wire.with_history(name, { store = false }, record.items)
  record.items = wire.history(name, wire.next_body(name, before, answer, list, {}))
  record.known = answer
end

local function add_text(record, text)
  if not words(text) then return end
  record.items = wire.history(record.name, wire.with_history(record.name, {}, record.items)) -- its own list
  record.items[#record.items + 1] = { role = "assistant", content = core.utf8(text) }
end

--- The answer that a run has brought and that is not in the history yet, or nil.
local function new_answer(record, run)
  local answer = run.answer or record.paused
  if answer ~= record.known then return answer end
end

function Record:watch(run)
  local listen = run.listen
  self.texts = {}
  if not listen then return end
  function run.listen(kind, value, more)
    if kind == "text" and not (type(more) == "table" and more.choice) then self.texts[#self.texts + 1] = value end
    return listen(kind, value, more)
  end
end

function Record:conclude(run)
  local answer = new_answer(self, run)
  if answer then add_answer(self, answer, run.facts.body) end
end

function Record:note(run)
  self:conclude(run)
  self.texts = {} -- they are in that answer
end

--- The last answer is this text, whatever form it had.
function Record:say(run, text)
  add_text(self, text)
  self.known = run.answer
end

--- The run waits for answers: another one goes on with this record.
function Record:pause(run)
  self.paused = run.answer or self.paused
end

function Record:keep(run)
  local info, answer = run.info, new_answer(self, run)
  local partial = info.partial
  if answer and info.kind == "truncated" then
    add_text(self, readers.text(answer)) -- its calls are cut
  elseif answer then
    add_answer(self, answer, run.facts.body)
  elseif type(partial) == "table" and partial ~= run.answer then
    add_text(self, readers.text(partial))
  else
    add_text(self, table_concat(self.texts))
  end
end

local records = {}

function records.new(name, input)
  return setmetatable({ name = name, items = input, known = nil, paused = nil, texts = {} }, Record)
end

return records
