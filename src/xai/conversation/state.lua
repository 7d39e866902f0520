--- What a conversation is: a table that knows what it would send next.
--
--   client, name    the function of the client: "respond", "chat" or "message"
--   complete        see xai.client.client
--   body            the body of each request, without the history; its tools may have `run`
--   given           the body's own messages, which always come first
--   turns           a list of { items, id, tokens }: id of the answer, where the service keeps
--                   it; tokens of the history up to here, as the service counted them
--   key             of the prompt cache
--   usage           the sum of all turns, also of those that failed
--   options         for each turn
--   run, record     of the turn under way, see xai.tools.run and xai.conversation.record
--   failed          { run, record } of the last turn, where it failed

local core = require "xai.core"
local results = require "xai.results.result"
local sums = require "xai.results.usage_sum"
local wire = require "xai.tools.wire"

local getmetatable, ipairs, next, pairs, setmetatable, type = getmetatable, ipairs, next, pairs, setmetatable, type
local string_find, string_lower = string.find, string.lower

local array = core.array

local states = {}

local HISTORIES = { respond = "input", chat = "messages", message = "messages" }
local SEALED = "reasoning.encrypted_content"
local DEEPEST = 200 -- tables within tables; the encoder refuses far less deep ones that have no end

states.HISTORIES = HISTORIES

function states.copy_of(t)
  local copy = setmetatable({}, getmetatable(t))
  for key, value in pairs(t) do copy[key] = value end
  return copy
end

local copy_of = states.copy_of

local function own(value, depth)
  if type(value) == "string" then return core.utf8(value) end
  if type(value) ~= "table" or depth > DEEPEST then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = own(item, depth + 1) end
  return copy
end

--- A copy of what the user may change later, with all its texts as UTF-8.
function states.own(value) return own(value, 0) end

local function has(list, value)
  for _, one in ipairs(results.object(list)) do
    if one == value then return true end
  end
  return false
end

--- The tools of a body with those of the options, which take the place of those of
-- their name, or of their type where they have no name.
local function merged_tools(list, more)
  local function name_of(tool)
    return wire.tool_name(tool) or results.object(tool["function"]).name or tool.type
  end
  local all, places = array {}, {}
  local function add(tool)
    local name = type(tool) == "table" and name_of(tool) or nil
    local place = name and places[name] or #all + 1
    if name then places[name] = place end
    all[place] = tool
  end
  for _, tool in ipairs(list or {}) do all[#all + 1] = tool end
  for i, tool in ipairs(all) do
    local name = type(tool) == "table" and name_of(tool)
    if name and not places[name] then places[name] = i end
  end
  for _, tool in ipairs(more) do add(tool) end
  return all
end

--- A body with the tools of the options, too.  Options are checked elsewhere.
function states.with_tools(body, options)
  if not options or type(options.tools) ~= "table" then return body end
  local copy = copy_of(body)
  copy.tools = merged_tools(type(body.tools) == "table" and body.tools or nil, options.tools)
  return copy
end

--- A conversation without turns.  The arguments are checked.
function states.new(client, name, body, options)
  local state = {
    client = client, name = name, body = copy_of(states.with_tools(body, options)), turns = {},
    options = copy_of(options or {}), usage = sums.new(),
  }
  state.options.endpoint, state.options.tools = nil, nil
  state.given = states.own(wire.history(name, body))
  state.body[HISTORIES[name]] = nil
  return state
end

--- Set what each request of a conversation has.  `key`: of the prompt cache, if there is one.
function states.finish(state, key)
  local body = state.body
  state.key = type(body.prompt_cache_key) == "string" and body.prompt_cache_key or key or core.uuid()
  if state.name == "message" then
    local headers = copy_of(state.options.headers or {})
    for name in pairs(headers) do
      if type(name) == "string" and string_lower(name) == "x-grok-conv-id" then return end
    end
    headers["x-grok-conv-id"] = state.key
    state.options.headers = headers
    return
  end
  body.prompt_cache_key = state.key
  if state.name ~= "respond" then return end
  if body.store ~= true then body.store = false end
  if not has(body.include, SEALED) then
    local include = array {}
    for _, word in ipairs(results.object(body.include)) do include[#include + 1] = word end
    include[#include + 1] = SEALED
    body.include = include
  end
end

--- The whole history: a new list.
function states.items(state)
  local all = array {}
  for _, item in ipairs(state.given) do all[#all + 1] = item end
  for _, turn in ipairs(state.turns) do
    for _, item in ipairs(turn.items) do all[#all + 1] = item end
  end
  return all
end

--- The last turn, { run, record }, where it waits for answers; else nil.
function states.paused(state)
  local failed = state.failed
  return failed and failed.run.info.kind == "pending" and failed or nil
end

--- The body of the next request, with its input.  Where the service keeps the history, it
-- is told the id of the last answer instead.
function states.next_body(state, input)
  local last = state.turns[#state.turns]
  local body, id = copy_of(state.body), last and last.id or nil
  local list = id and array {} or states.items(state)
  for _, item in ipairs(input) do list[#list + 1] = item end
  body.previous_response_id = id
  body[HISTORIES[state.name]] = list
  return body
end

--- The body without functions.
function states.plain_body(state)
  local body = copy_of(state.body)
  if type(body.tools) ~= "table" then return body end
  local list = array {}
  for i, tool in ipairs(body.tools) do
    list[i] = type(tool) == "table" and tool.run ~= nil and wire.tool(state.name, tool) or tool
  end
  body.tools = list
  return body
end

-- What the user asks ------------------------------------------------------------------

--- Is it a part of a content, and no item or message?
local function is_part(name, one)
  if one.role ~= nil then return false end
  if name ~= "respond" then return true end
  local kind = results.words(one.type) or "text"
  return string_find(kind, "^input_") ~= nil or string_find(kind, "text$") ~= nil or kind == "image_url"
end

--- The user's input as a list of items; or nil and what is wrong with it.
function states.as_items(name, input)
  if type(input) == "string" then
    if input == "" then return nil, "the input is empty" end
    return array { { role = "user", content = core.utf8(input) } }
  end
  if type(input) ~= "table" then return nil, "the input must be a text or a list, got a " .. type(input) end
  if input.role ~= nil or input.type ~= nil then input = { input } end
  if next(input) == nil then return nil, "the input is empty" end
  if input[1] == nil then return nil, "the input must be a list of parts or items, or one of them" end
  local parts = 0
  for i, one in ipairs(input) do
    if type(one) ~= "table" then return nil, "input[" .. i .. "] must be a table, got a " .. type(one) end
    if is_part(name, one) then parts = parts + 1 end
  end
  if parts == 0 then return array(states.own(input)) end
  if parts < #input then return nil, "the input has both parts of a content and items" end
  return array { { role = "user", content = array(states.own(input)) } }
end

return states
