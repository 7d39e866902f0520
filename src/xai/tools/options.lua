--- What a run of tools is given: its body, options and tools, checked before anything is
-- sent.

local core = require "xai.core"
local plan = require "xai.schema.plan"
local wire = require "xai.tools.wire"

local error, getmetatable, ipairs, next, pairs, pcall, rawget, select, type =
  error, getmetatable, ipairs, next, pairs, pcall, rawget, select, type
local string_find, string_format, string_sub = string.find, string.format, string.sub

local options = {}

-- Options ---------------------------------------------------------------------------

local function is_whole(value, least)
  return type(value) == "number" and value >= least and value % 1 == 0
end

local function is_callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and rawget(meta, "__call") ~= nil
end

local function count_from(least)
  return { "a whole number from " .. least, function(value) return is_whole(value, least) end }
end

local FUNCTION = { "a function", is_callable }
local TABLE = { "a table", function(value) return type(value) == "table" end }

-- The options of a run beside those of its calls: what each must be.
local OWN = {
  max_rounds = count_from(1), max_calls = count_from(0), parallel = count_from(1),
  approve = FUNCTION, on_round = FUNCTION, answers = TABLE, tools = TABLE,
  on_tool_error = { "\"raise\"", function(value) return value == "raise" end },
}

--- The names of the options of runs, with more of them: a set.
function options.names(...)
  local names = {}
  for name in pairs(OWN) do names[name] = true end
  for _, name in ipairs { ... } do names[name] = true end
  return names
end

--- The message of an error that the core has raised, from `what` on; or nil.
local function words_of(err, what)
  local at = type(err) == "string" and string_find(err, what .. ":", 1, true)
  return at and string_sub(err, at + #what + 2) or nil
end

--- Call a function of the core.  Returns as pcall, but its misuse as nil and the words.
function options.guarded(what, f, ...)
  local ok, first, second = pcall(f, ...)
  if ok then return first, second end
  local words = words_of(first, what)
  if not words then error(first, 0) end
  return nil, words
end

local function split(opts)
  local own, rest = {}, {}
  for name, value in pairs(opts) do
    if OWN[name] then own[name] = value else rest[name] = value end
  end
  return own, rest
end

--- The options of the run, and those of its calls.
local function read(what, opts, is_streamed)
  if opts == nil then return {}, {} end
  if type(opts) ~= "table" then return nil, "options must be a table, got " .. type(opts) end
  local _, problem = options.guarded(what, core.check_options, what, opts, OWN)
  if problem then return nil, problem end
  for name, must in pairs(OWN) do
    if opts[name] ~= nil and not must[2](opts[name]) then
      return nil, string_format("option '%s' must be %s, got %s", name, must[1], type(opts[name]))
    end
  end
  if opts.on_done ~= nil then return nil, "option 'on_done' is one of client:start" end
  if opts.raw then return nil, "option 'raw': raw answers have no calls that could be run" end
  if opts.on_event and not is_streamed then return nil, "option 'on_event' needs stream = true in the body" end
  if opts.on_event and opts.on_part then return nil, "options 'on_event' and 'on_part' exclude each other" end
  return split(opts)
end

-- Tools -----------------------------------------------------------------------------

--- What is wrong with a tool that has a function, or nil.
local function problem_of(tool)
  local name = wire.tool_name(tool)
  if not is_callable(tool.run) then return ".run must be a function, got " .. type(tool.run) end
  if type(name) ~= "string" or name == "" then return " has a function and no name" end
  if tool.parameters == nil then return nil end
  local problem
  if type(tool.parameters) == "table" then
    problem = select(2, plan.of(tool.parameters))
  else
    problem = "the schema must be a table, got a " .. type(tool.parameters)
  end
  return problem and string_format(" ('%s').parameters: %s", name, problem) or nil
end

local function is_list(value)
  return type(value) == "table" and (next(value) == nil or value[1] ~= nil)
end

--- Add the functions of a list of tools to `functions`, by name.  `where` names the list.
-- Returns what is wrong, or nil.
local function add_functions(functions, list, where)
  if not is_list(list) then return where .. " must be a list, got a " .. type(list) end
  for i, tool in ipairs(list) do
    local place = string_format("%s[%d]", where, i)
    if type(tool) ~= "table" then return place .. " must be a table, got a " .. type(tool) end
    if tool.run ~= nil then
      local problem = problem_of(tool)
      if problem then return place .. problem end
      local name = wire.tool_name(tool)
      if functions[name] and functions[name] ~= tool then
        return string_format("%s: there is another tool '%s'", place, name)
      end
      functions[name] = tool
    end
  end
end

--- The tools of a body as the endpoint takes them; the same list where none has a function.
local function wire_tools(name, list)
  local wired, is_ours = core.array {}, false
  for i, tool in ipairs(list) do
    local has_function = type(tool) == "table" and tool.run ~= nil
    wired[i] = has_function and wire.tool(name, tool) or tool
    is_ours = is_ours or has_function
  end
  return is_ours and wired or list
end

--- Note the functions of a body's tools in `functions`.  Returns the body as it is sent, a
-- copy where it had functions; or nil and what is wrong.
function options.prepare_tools(name, body, functions)
  if body.tools == nil then return body end
  local problem = add_functions(functions, body.tools, "body.tools")
  if problem then return nil, problem end
  local wired = wire_tools(name, body.tools)
  return wired == body.tools and body or wire.with(body, "tools", wired)
end

-- Bodies ----------------------------------------------------------------------------

local HISTORIES = { respond = "input", chat = "messages", message = "messages" }

--- What is wrong with the body of a run, or nil.
local function problem_of_body(name, body)
  if not HISTORIES[name] then
    return "the function must be \"respond\", \"chat\" or \"message\", got "
      .. (type(name) == "string" and "\"" .. name .. "\"" or "a " .. type(name))
  end
  if type(body) ~= "table" then return "the body must be a table, got " .. type(body) end
  local history = body[HISTORIES[name]]
  if history ~= nil and type(history) ~= "table" and not (name == "respond" and type(history) == "string") then
    return HISTORIES[name] .. " must be a list, got a " .. type(history)
  end
  if name == "respond" and body.store == false and type(body.previous_response_id) == "string" then
    return "previous_response_id with store = false: the rounds' history would be in two places; leave one out"
  end
end

--- A copy of the body for the run.
local function own_body(name, body)
  local copy = {}
  for key, value in pairs(body) do copy[key] = value end
  if name == "chat" and body.stream == true and body.stream_options == nil then
    copy.stream_options = { include_usage = true }
  end
  return copy
end

--- What a run is made of; or nil and what is wrong with its arguments.
function options.settings(what, client, name, body, opts)
  local problem = problem_of_body(name, body)
  if problem then return nil, problem end
  local own, rest = read(what, opts, body.stream == true)
  if not own then return nil, rest end
  local settings = {
    functions = {}, body = own_body(name, body), answers = own.answers,
    max_rounds = own.max_rounds or 10, max_calls = own.max_calls or 100, parallel = own.parallel or 8,
    approve = own.approve, on_round = own.on_round, raises = own.on_tool_error == "raise",
    call_options = rest, listen = rest.on_part, seconds = rest.deadline or core.deadline(client),
  }
  rest.deadline, rest.on_part = 0, nil -- the run has one of its own for all
  problem = own.tools and add_functions(settings.functions, own.tools, "option 'tools'")
  if problem then return nil, problem end
  settings.body, problem = options.prepare_tools(name, settings.body, settings.functions)
  if problem then return nil, problem end
  return settings
end

return options
