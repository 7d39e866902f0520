--- What a turn of a conversation adds to the history, gathered round by round.
--
--   records.new(name, input)     `name` is "respond", "chat" or "message"; `input` a list
--   record.items                 the input, then what the rounds so far have added
--   record:watch(run)            before a run begins: notes the texts of its parts
--   record:note(run)             before each request of a run: adds the round before
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
local table_concat = table.concat

local objects, words = results.objects, results.words

local Record = {}
Record.__index = Record

--- Note a result of a call in `made`, by the call's id.
local function note_result(made, item)
  if item.role == "tool" and item.tool_call_id then
    made[item.tool_call_id] = item
  elseif item.tool_use_id then
    made[item.tool_use_id] = item
  elseif words(item.type) and string_find(item.type, "_call_output$") and item.call_id then
    made[item.call_id] = item
  end
end

--- The results of calls in a body, by id.  Where ids repeat, the last one counts.
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

--- Add an answer with the results that `body` has for its calls; calls without a result
-- were cancelled.
local function add_answer(record, answer, body)
  local name, made, list = record.name, nil, {}
  for _, call in ipairs(readers.calls(answer)) do
    if not call.server then
      made = made or results_in(name, body)
      list[#list + 1] = call.id and made[call.id] or cancelled(name, call)
    end
  end
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
