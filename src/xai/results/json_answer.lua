--- The growing value of a structured answer, from the parts of a stream.
--
-- The answer is the text of the first choice: of several messages in a response the last
-- one.  In a stream of messages it is the arguments of the first call of a tool, or the text where
-- there is none.

local answer = require "xai.schema.answer"
local forms = require "xai.schema.forms"
local json_reader = require "xai.results.json_reader"
local parts = require "xai.results.parts"
local plan = require "xai.schema.plan"

local setmetatable, type = setmetatable, type
local find = string.find

local JsonAnswer = {}
JsonAnswer.__index = JsonAnswer

--- A piece of the text `key`; another key is that of another text, which counts from now on.
function JsonAnswer:feed(key, piece)
  if key ~= self.key then
    self.key, self.reader, self.is_empty, self.problem = key, json_reader.new(), true, nil
  end
  if self.problem then return end
  local ok, problem = self.reader:feed(piece)
  if not ok then self.problem = problem end
  self.is_empty = self.is_empty and not find(piece, "%S")
end

--- A piece of the arguments of a call, or all of them.
function JsonAnswer:feed_call(call, piece)
  if not self.reads_calls or call.server then return end
  local id = call.id or call
  if not self.call then
    self.call = id
    self:feed(self, piece)
  elseif self.call == id then
    self:feed(self, piece)
  end
end

--- Take a part.
function JsonAnswer:add(kind, value, more)
  if kind == "text" then
    if not self.call and not (more and more.choice) then self:feed(more and more.output or 1, value) end
  elseif kind == "arguments" then
    self:feed_call(more, value)
  elseif kind == "call" then
    -- One that came in pieces is whole already.
    if not self.call then self:feed_call(value, find(value.arguments, "%S") and value.arguments or "{}") end
  elseif kind == "done" then
    self.meaning, self.word = value, more
  end
end

--- The value, if it has changed since it was told; nil if not.
function JsonAnswer:changed_value()
  if self.problem then return nil end
  local value, is_changed = self.reader:value()
  if is_changed then return value end
end

--- What is wrong with the answer, whose stream has ended well?  nil if nothing.
function JsonAnswer:judge(stream, result, value)
  local is_whole = not self.problem and self.reader:is_whole()
  if not is_whole or self.meaning ~= "stop" and self.meaning ~= "calls" then
    local form = forms[stream.name]
    local refusal = form and form.refusal(result) or nil
    local problem = answer.unreadable(result, self.meaning, self.word, refusal)
    if problem then return problem end
  end
  if is_whole then return self.schema and answer.misfit(self.schema, value, false) or nil end
  return answer.no_json(self.problem or (self.is_empty and "there is no text" or "its end is missing"), value)
end

--- The stream has ended well: the last value, or what is wrong.
function JsonAnswer:conclude(stream)
  self.is_over = true
  local value, is_changed
  if not self.problem then
    local ok, problem = self.reader:feed " " -- a number ends where the text does
    if ok then value, is_changed = self.reader:value(true) else self.problem = problem end
  end
  local result, message, info = stream:result()
  if result ~= nil then
    local problem = self:judge(stream, result, value)
    if not problem then return is_changed and value or nil end
    result, message, info = answer.failure(problem, info, result)
    info.partial = info.result
  end
  self.message, self.info = message, info
  return result, message, info
end

--- The value when more of it has come; nil at the end; nil, message, info on a failure.
function JsonAnswer:next(stream)
  if self.is_over then return nil, self.message, self.info end
  repeat
    local value = self:changed_value()
    if value ~= nil then return value end
    local kind, part, more = stream:next_part()
    if kind then
      self:add(kind, part, more)
    elseif more then
      self.is_over, self.message, self.info = true, part, more
      return nil, part, more
    end
  until not kind
  return self:conclude(stream)
end

local json_answer = {}

--- What is wrong with a schema, or nil.
function json_answer.wrong_schema(schema)
  if type(schema) ~= "table" then return "the schema must be a table, got " .. type(schema) end
  local made, problem = plan.of(schema)
  return not made and problem or nil
end

--- The structured answer of a stream, which may have been read in part or as a whole; nil
-- where it has none.
function json_answer.new(stream)
  local self = setmetatable({ reads_calls = stream.name == "message" }, JsonAnswer)
  self.key, self.reader, self.is_empty = 1, json_reader.new(), true
  local whole = stream.over and (stream.whole or stream.merged) or nil
  local maker
  if whole then
    maker = parts.new(stream.request, stream.name)
  else
    maker = parts.resume(stream.request, stream.name, function(...) self:add(...) end)
  end
  if not maker then return nil end
  if whole then
    maker:whole(whole)
  elseif stream.over and not stream.message then
    maker:finish()
  end
  stream.maker = maker
  return self
end

return json_answer
