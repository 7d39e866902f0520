--- The wire shapes of tools: how each endpoint wants a tool, a call's result, and the
-- history that goes on after an answer.
--
-- `name` is a function of the client: "respond", "chat" or "message".  Bodies and items
-- are never changed: what is given back shares all else with them.

local core = require "xai.core"
local as_input = require("xai.results.as_input").as_input
local readers = require "xai.results.readers"
local results = require "xai.results.result"

local getmetatable, ipairs, next, pairs, setmetatable, type =
  getmetatable, ipairs, next, pairs, setmetatable, type

local table_remove = table.remove

local array, objects = core.array, results.objects

local wire = {}

local FIELDS = { respond = "input", chat = "messages", message = "messages" }

local function copy_of(value)
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = item end
  return copy
end

local function deep_copy(value)
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = deep_copy(item) end
  return copy
end

--- A new list of the items of some lists.
local function joined(...)
  local all = array {}
  for _, list in ipairs { ... } do
    for _, item in ipairs(list) do all[#all + 1] = item end
  end
  return all
end

-- Tools -----------------------------------------------------------------------------

--- A schema of an object, with what the service misses.
local function whole_schema(parameters)
  local schema = copy_of(parameters or {})
  schema.type = schema.type or "object"
  if schema.type == "object" then
    schema.properties = schema.properties or {}
    schema.required = schema.required or array {}
  end
  return schema
end

--- The tool's table without what is ours.
local function plain(tool)
  local copy = copy_of(tool)
  copy.run, copy.serial = nil, nil
  return copy
end

--- A tool with a function, as the endpoint takes it.
function wire.tool(name, tool)
  local copy = plain(tool)
  if tool.type == "shell" then return copy end
  copy.parameters = whole_schema(tool.parameters)
  if name == "message" then
    copy.input_schema, copy.parameters, copy.type = copy.parameters, nil, nil
    copy.description = copy.description or "" -- is needed there
    return copy
  end
  copy.type = nil
  if name == "chat" then return { type = "function", ["function"] = copy } end
  copy.type = "function"
  return copy
end

--- The name by which the model calls a tool that has a function.
function wire.tool_name(tool)
  return tool.type == "shell" and "shell" or tool.name
end

--- Does the body's tool_choice force a call?
function wire.is_forced(choice)
  if type(choice) == "table" then return choice.type ~= "auto" and choice.type ~= "none" end
  return choice == "required"
end

-- Results ---------------------------------------------------------------------------

local function shell_output(call, output)
  local entry = { stdout = output, stderr = "", outcome = { type = "exit", exit_code = 0 } }
  return { type = "shell_call_output", call_id = call.id, output = { entry } }
end

--- The result of a call: `output` is a text; `is_error`: the call failed.
function wire.result(name, call, output, is_error)
  if name == "chat" then return { role = "tool", tool_call_id = call.id, content = output } end
  if name == "message" then
    return { type = "tool_result", tool_use_id = call.id, content = output, is_error = is_error or nil }
  end
  if call.item.type == "shell_call" then return shell_output(call, output) end
  return { type = "function_call_output", call_id = call.id, output = output }
end

-- What a call's result is to name.
local RESULT_IDS = { respond = "call_id", chat = "tool_call_id", message = "tool_use_id" }

local function is_result(name, item)
  if name == "chat" then return item.role == "tool" end
  if name == "message" then return item.type == "tool_result" end
  return item.type == "function_call_output" or item.type == "shell_call_output"
end

-- History ---------------------------------------------------------------------------

--- The history of a body as a list.  A text is the input of a user.
function wire.history(name, body)
  local list = body[FIELDS[name]]
  if type(list) == "string" then return array { { role = "user", content = list } } end
  return joined(list or {})
end

--- The body with another value of a field.
function wire.with(body, field, value)
  local copy = copy_of(body)
  copy[field] = value
  return copy
end

--- The body with another history.
function wire.with_history(name, body, list) return wire.with(body, FIELDS[name], list) end

--- Does the service keep the history, so that the next body names the answer?  It refuses
-- instructions beside that name, as its description says: then all goes back.
function wire.is_chained(name, body, answer)
  if name ~= "respond" or body.store == false or answer.store == false then return false end
  local has_instructions = body.instructions ~= nil and body.instructions ~= core.null
  return type(answer.id) == "string" and (type(body.previous_response_id) == "string" or not has_instructions)
end

local function items_of(calls)
  local items = {}
  for i, call in ipairs(calls) do items[i] = call.item end
  return items
end

--- The body that goes on after an answer, with the results of its calls.  `open`: calls
-- that have no result yet.
function wire.next_body(name, body, answer, made, open)
  if wire.is_chained(name, body, answer) then
    local copy = wire.with_history(name, body, joined(items_of(open), made))
    copy.previous_response_id = answer.id
    return copy
  end
  if name == "message" and made[1] then made = { { role = "user", content = joined(made) } } end
  return wire.with_history(name, body, joined(wire.history(name, body), as_input(answer), made))
end

--- Add a call to a list.  Its arguments are its own: a tool may change them, and the
-- history has them, too.
local function add_call(list, call)
  call.args = deep_copy(call.args)
  list[#list + 1] = call
end

--- The calls in an answer that are to be answered here.
function wire.calls_of(answer)
  local list = {}
  for _, call in ipairs(readers.calls(answer)) do
    if not call.server then add_call(list, call) end
  end
  return list
end

-- Open calls ------------------------------------------------------------------------

--- Count in `answered` how many results in a list name each id, as ids may repeat.
local function note_results(name, list, answered)
  for _, item in ipairs(objects(list)) do
    local id = is_result(name, item) and item[RESULT_IDS[name]]
    if id then answered[id] = (answered[id] or 0) + 1 end
  end
end

--- Take one result of an id off the counts.  Returns whether there was one.
local function take_result(answered, id)
  local n = id and answered[id] or 0
  if n > 0 then answered[id] = n - 1 end
  return n > 0
end

--- The last message, if it has results of calls; and the message before those.
local function last_turn(list)
  local at = #list
  while at > 0 and results.object(list[at]).role == "tool" do at = at - 1 end
  local last = results.object(list[at])
  if last.role == "user" and type(last.content) == "table" then return last, results.object(list[at - 1]) end
  return nil, last
end

--- Take the results off the end of a history.
local function take_results(name, list)
  local first = #list + 1
  while type(list[first - 1]) == "table" and is_result(name, list[first - 1]) do first = first - 1 end
  local taken = {}
  for at = first, #list do taken[#taken + 1], list[at] = list[at], nil end
  return taken
end

-- The calls at the end of a history, and how many results there are of each id.
local LAST = {}

function LAST.respond(list)
  local calls, answered = {}, {}
  for _, item in ipairs(objects(list)) do calls[#calls + 1] = readers.call_of_item(item) end
  note_results("respond", list, answered)
  return calls, answered
end

function LAST.chat(list)
  local calls, answered = {}, {}
  local _, message = last_turn(list)
  for i, item in ipairs(objects(message.tool_calls)) do calls[i] = readers.call_of_tool(item) end
  note_results("chat", take_results("chat", joined(list)), answered)
  return calls, answered
end

function LAST.message(list)
  local calls, answered = {}, {}
  local reply, message = last_turn(list)
  if reply then note_results("message", reply.content, answered) end
  if reply and next(answered) == nil or message.role ~= "assistant" then return calls, answered end
  for _, block in ipairs(objects(message.content)) do calls[#calls + 1] = readers.call_of_block(block) end
  return calls, answered
end

--- The calls at the end of a body's history that have no result: a list as xai.calls
-- gives it.
function wire.open_calls(name, body)
  local calls, answered = LAST[name](wire.history(name, body))
  local open = {}
  for _, call in ipairs(calls) do
    if call.id and not call.server and not take_result(answered, call.id) then add_call(open, call) end
  end
  return open
end

--- Is the item of a response a call that has a result now?
local function is_answered(item, answered)
  local call = type(item) == "table" and readers.call_of_item(item)
  return call and not call.server and take_result(answered, call.id)
end

--- Results in the order of these calls; those of other calls stand first.
local function in_order(name, calls, made)
  local sorted, by_id, field = array {}, {}, RESULT_IDS[name]
  for _, call in ipairs(calls) do by_id[call.id or false] = {} end
  for _, item in ipairs(made) do
    local list = by_id[item[field]] or sorted
    list[#list + 1] = item
  end
  for _, call in ipairs(calls) do
    sorted[#sorted + 1] = table_remove(by_id[call.id or false], 1)
  end
  return sorted
end

--- The history without the calls that have a result now.
local function without_answered(list, made)
  local answered, kept = {}, array {}
  note_results("respond", made, answered)
  for _, item in ipairs(list) do
    if not is_answered(item, answered) then kept[#kept + 1] = item end
  end
  return kept
end

--- The body in which open calls have these results.  All results of the last turn are in
-- the order of its calls.
function wire.answered(name, body, made)
  if not made[1] then return body end
  local list = wire.history(name, body)
  local calls = LAST[name](list)
  if name == "message" then
    local message = copy_of(last_turn(list) or { role = "user" })
    if last_turn(list) then list[#list] = nil end
    message.content = in_order(name, calls, joined(message.content or {}, made))
    return wire.with_history(name, body, joined(list, { message }))
  end
  made = in_order(name, calls, joined(take_results(name, list), made))
  if name == "respond" and body.previous_response_id ~= nil then list = without_answered(list, made) end
  return wire.with_history(name, body, joined(list, made))
end

return wire
