--- client.lua - xai.testing.client: a client whose answers a test has written.

local xai = require "xai"

local answers = require "xai.testing.answers"

--- What a test may look at: what the function was asked with.
local function entry_of(name, body, first, second)
  local takes_id = type(first) == "string"
  local entry = { name = name, id = takes_id and first or nil }
  if name == "request" then
    entry.method, entry.path, entry.query = first.method, first.path, first.query
    entry.body = body and (xai.decode(body) or body)
  elseif body then
    entry.body = xai.decode(body)
  else
    local query = takes_id and second or first
    entry.query = type(query) == "table" and query or nil
  end
  return entry
end

local Script = {}
Script.__index = Script

--- The next answer of the list; of a function, what it gives.  Else nil and what is wrong.
local function take(script, entry)
  local n, answer = #script.list, script.list[script.used + 1]
  if answer == nil then
    return nil, ("the script has %d answer%s, and this is call %d"):format(n, n == 1 and "" or "s", script.used + 1)
  end
  script.used = script.used + 1
  script.fields.left = n - script.used
  if type(answer) == "function" then answer = answer(entry.name, entry.body, entry) end
  return answer
end

--- What is asked, as answers.lua wants to know it.
local function request_of(entry, path, body, asks_stream)
  local value = entry.body
  if type(value) ~= "table" then value = {} end
  return {
    name = entry.name, path = path, body = value, text = body or "", streams = asks_stream or value.stream == true,
  }
end

--- What a tape gives for the next answer; or nil and what is wrong.
local function make(script, entry, request)
  script.requests[#script.requests + 1] = entry
  local answer, problem = take(script, entry)
  if problem then return nil, problem end
  request.number = script.used
  local ok, made = pcall(answers.make, answer, request)
  if ok then return made end
  if type(made) == "table" and made.wrong then return nil, ("answer %d: %s"):format(script.used, made.wrong) end
  error(made, 0)
end

local WARM = { head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }

--- What a client's option `tape` is asked: see src/bind/tape.h.
function Script:answer(name, method, path, body, first, second, held)
  if method == "HEAD" then return WARM end -- client:warm
  local streams = name == "request" and first.stream == true
  local again
  local function next_answer(sent)
    local entry = entry_of(name, sent, first, second)
    local made, problem = make(self, entry, request_of(entry, path, sent, streams))
    if made then made.again = again end
    return made, problem
  end
  -- Another attempt: after a failure, with the body of a fallback or the same again.
  function again(_, sent)
    local made, problem = next_answer(sent ~= "" and sent or nil)
    return made, problem and ("client:%s: %s"):format(name, problem)
  end
  if held then return { again = again } end
  return next_answer(body)
end

--- Give a client a metatable of its own, whose fields come before the methods.
local function add_fields(client, fields)
  local old, new = debug.getmetatable(client), {}
  for name, value in pairs(old) do
    if type(name) == "string" and name:sub(1, 2) == "__" then new[name] = value end
  end
  new.__index = setmetatable(fields, { __index = old.__index })
  debug.setmetatable(client, new)
end

local function misuse(text)
  error("testing.client: " .. text, 4)
end

--- A client with these answers: see types.lua.
local function new(list, options)
  if type(list) ~= "table" then misuse("the answers must be a list, got a " .. type(list)) end
  if options ~= nil and type(options) ~= "table" then misuse("options must be a table, got a " .. type(options)) end
  local script = setmetatable({ list = {}, used = 0, requests = {} }, Script)
  for i = 1, #list do script.list[i] = list[i] end
  local all = { api_key = "xai-scripted", base_url = "https://api.x.ai", max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  all.tape = script
  script.fields = { requests = script.requests, left = #script.list }
  local ok, client = pcall(xai.new, all)
  if not ok then misuse((tostring(client):gsub("^.-xai%.new: ", ""))) end
  add_fields(client, script.fields)
  return client
end

return new
