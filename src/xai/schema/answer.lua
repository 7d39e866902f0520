--- What may be wrong with a structured answer, and the failures that say so.
--
-- A problem is a table { kind, code, message, value, mistakes, partial, asks }, of which
-- all but `asks` go into the failure.  `asks` is what the model is told where it may be
-- asked again.

local check = require "xai.check"
local core = require "xai.core"
local json = require "xai.client.json"
local mistake_text = require("xai.schema.mistakes").message
local readers = require "xai.results.readers"
local root = require "xai.schema.root"

local ipairs, next, tostring = ipairs, next, tostring
local concat, gsub = table.concat, string.gsub

local MOST_TOLD = 20 -- mistakes that the model is told of
local AGAIN = "\nAnswer again: the whole answer as JSON that fits the schema, and nothing else."

local answer = {}

--- The problem of an answer that is not to be read at all, or nil.
-- @param meaning, word  as xai.finish gives them
-- @param refusal  the words of a refusal, or nil
function answer.unreadable(result, meaning, word, refusal)
  if refusal or meaning == "filter" then
    return {
      kind = "decode", code = "refusal",
      message = "the model refused" .. (refusal and ": " .. refusal or " (" .. tostring(word) .. ")"),
    }
  end
  -- One that says nothing about its end is not known to be cut.
  if word and (meaning == "length" or meaning == "incomplete") then
    return { kind = "truncated", message = "the answer was cut off (" .. word .. ")", partial = result }
  end
end

--- The problem of an answer whose text is no JSON.
function answer.no_json(reason, value)
  reason = gsub(reason, "^not JSON: ", "")
  return {
    kind = "decode", code = "json", message = "the answer is not JSON: " .. reason, value = value,
    asks = "Your answer is not JSON: " .. reason .. AGAIN,
  }
end

--- The problem of an answer in place of which the model called tools.
function answer.of_calls(names)
  return { kind = "decode", code = "json", message = "the model called " .. names .. " and gave no answer" }
end

local function of_mistakes(value, message, mistakes, is_wrapped)
  local told, own = {}, {}
  for i, one in ipairs(mistakes) do
    if i <= MOST_TOLD then told[i] = "\n- " .. (one.path == "" and "" or one.path .. ": ") .. one.message end
    own[i] = { path = is_wrapped and root.path(one.path) or one.path, message = one.message }
  end
  if is_wrapped then value, message = root.value(value), mistake_text(own) end
  return {
    kind = "decode", code = "schema", message = "the answer does not fit the schema: " .. message,
    value = value, mistakes = own, asks = "Your answer does not fit the schema:" .. concat(told) .. AGAIN,
  }
end

--- The problem of a value that does not fit the schema that was sent, or nil.
-- @param is_wrapped  is the schema a wrapper?  See xai.schema.root
function answer.misfit(schema, value, is_wrapped)
  local fits, message, mistakes = check(schema, value)
  return not fits and of_mistakes(value, message, mistakes, is_wrapped) or nil
end

--- The user's value in a text, or in the `value` that it is already; or nil and the problem.
-- @param schema, is_wrapped  as above
function answer.read(text, value, schema, is_wrapped)
  if value == nil then
    if text == "" then return nil, answer.no_json "there is no text" end
    local reason
    value, reason = json.decode(text)
    if value == nil then return nil, answer.no_json(reason) end
  end
  local problem = answer.misfit(schema, value, is_wrapped)
  if problem then return nil, problem end
  if is_wrapped then return root.value(value) end
  return value
end

--- The user's value in the result of a call; or nil and the problem.  The third value is the
-- text of the answer.
-- @param form  of the endpoint, see xai.schema.forms
-- @param schema, is_wrapped  as above
function answer.value_of(form, result, schema, is_wrapped)
  local meaning, word = readers.finish(result)
  local problem = answer.unreadable(result, meaning, word, form.refusal(result))
  if problem then return nil, problem end
  local text, found = form.answer(result)
  local calls = form.open_calls(result)
  if text == "" and calls then return nil, answer.of_calls(calls) end
  local value
  value, problem = answer.read(text, found, schema, is_wrapped)
  if problem and calls then problem.asks = nil end -- calls must be answered first
  return value, problem, text
end

--- nil, message, info of a problem: `info` has the facts about the last call.
function answer.failure(problem, facts, result)
  local info = core.failure(problem.kind, problem.message)
  for key, value in next, facts do info[key] = value end
  info.request_id, info.retryable, info.billed = facts.request_id, false, "yes"
  info.code, info.value, info.mistakes = problem.code, problem.value, problem.mistakes
  info.partial, info.phase, info.result = problem.partial, problem.phase, result
  return nil, tostring(info), info
end

return answer
