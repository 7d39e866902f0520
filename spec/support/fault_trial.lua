--- fault_trial.lua - what a call makes of a fault of the stand-in server, in a few words.
--
-- An outcome is "ok x2", or "KIND [PHASE] x1 BILLED [partial]": the kind of failure, its phase if it
-- has one, how many requests were sent, whether it was billed, and whether something had come.

local stages = require("spec.support.stage")
local xai = require("xai")

local M = {}

--- Bounds that a trial reaches soon, and an end to all of it; a row's own options on top.
local OPTIONS = { max_retries = 1, deadline = 60, max_body = 2000000, max_event = 1000000 }

function M.options(fault, options, version)
  local all = { http_version = version, headers = { ["x-fault"] = fault } }
  for name, value in pairs(OPTIONS) do all[name] = value end
  for name, value in pairs(options or {}) do all[name] = value end
  return all
end

local function in_words(result, info)
  local words = { result and "ok" or info.kind }
  if info.phase then words[#words + 1] = info.phase end
  words[#words + 1] = "x" .. info.attempts
  if not result then words[#words + 1] = info.billed end
  if info.partial then words[#words + 1] = "partial" end
  return table.concat(words, " ")
end

--- The ways to ask: a POST, a POST whose answer streams, a GET.
M.WAYS = {}

function M.WAYS.plain(client, opts)
  local result, _, info = client:chat(stages.body("chat"), opts)
  return in_words(result, info)
end

function M.WAYS.get(client, opts)
  local result, _, info = client:list_models(opts)
  return in_words(result, info)
end

function M.WAYS.stream(client, opts)
  local stream, _, info = client:chat(stages.body("chat", { stream = true }), opts)
  if not stream then return in_words(nil, info) end
  local events, message, failure = stages.events(stream)
  return in_words(not message and events, failure or stream:info())
end

--- A stream read in another way.
local function stream_by(read)
  return function(client, opts)
    local stream, _, info = client:chat(stages.body("chat", { stream = true }), opts)
    if not stream then return in_words(nil, info) end
    local result, failure = read(stream)
    return in_words(result, failure or stream:info())
  end
end

M.WAYS.result = stream_by(function(stream)
  local result, _, info = stream:result()
  return result, not result and info or nil
end)

M.WAYS.text = stream_by(function(stream)
  local ok, err = pcall(function() for _ in stream:text() do end end) -- luacheck: ignore 542
  return ok, not ok and err or nil
end)

M.ORDER = { "plain", "stream", "get" }

-- However a stream is read, the outcome is the same.
local READINGS = { plain = { "plain" }, get = { "get" }, stream = { "stream", "result", "text" } }

--- The name of a row: its fault and its options.
function M.name(row)
  local words = {}
  for option, value in pairs(row.options or {}) do words[#words + 1] = option .. " = " .. tostring(value) end
  table.sort(words)
  table.insert(words, 1, (row[1]:gsub(";header,retry%-after%-ms,1", "")))
  return table.concat(words, ", ")
end

--- What is to be tried of a row: a list of { way, version, expected outcome }.
function M.cases(row)
  local list = {}
  for i, way in ipairs(M.ORDER) do
    for version, outcomes in pairs { ["1.1"] = row[2], ["2"] = row.h2 or row[2] } do
      if outcomes[i] ~= "-" then list[#list + 1] = { way, version, outcomes[i] } end
    end
  end
  return list
end

--- The same with each way of reading a stream.
function M.readings(row)
  local list = {}
  for _, case in ipairs(M.cases(row)) do
    for _, reading in ipairs(READINGS[case[1]]) do list[#list + 1] = { reading, case[2], case[3] } end
  end
  return list
end

--- A client that shares its connections with no other: it calls the server by a name of its own.
local function lone_client(house)
  house.alone = (house.alone or 0) + 1
  return house:new_client { base_url = house.server.url:gsub("127%.0%.0%.1", "t" .. house.alone .. ".localhost") }
end

--- The outcomes of all rows of a group, by row and then by "WAY VERSION"; all are tried at once.
function M.outcomes(house, group)
  local outcomes = {}
  local function start(row, way, version)
    local client, opts = lone_client(house), M.options(row[1], row.options, version)
    opts.max_retries = group.max_retries or opts.max_retries
    return xai.spawn(function() outcomes[row][way .. " " .. version] = M.WAYS[way](client, opts) end)
  end
  xai.run(function()
    local tasks = {}
    for _, row in ipairs(group.rows) do
      outcomes[row] = {}
      for _, case in ipairs(M.readings(row)) do tasks[#tasks + 1] = start(row, case[1], case[2]) end
    end
    xai.all(tasks)
  end)
  return outcomes
end

-- The README's table ---------------------------------------------------------------------------

--- The outcomes of one way in a group, as a cell: kinds, and what else holds.
local function cell(group, way)
  local kinds, again, once, partial = {}, false, false, false
  for _, row in ipairs(group.rows) do
    local outcome = row[2][way]
    local kind, sent = outcome:match("^(%l[%l_]*).* x(%d)")
    kind = kind or outcome:match("^(%l[%l_]*)")
    if outcome ~= "-" and kind ~= "ok" then
      if not kinds[kind] then kinds[#kinds + 1], kinds[kind] = "`" .. kind .. "`", true end
      again, once = again or sent ~= "1", once or sent == "1"
      partial = partial or outcome:find("partial", 1, true)
    end
  end
  local words = { group.by_status and "by its status" or table.concat(kinds, " ") }
  if again then words[#words + 1] = once and "in part tried again" or "tried again" end
  if partial then words[#words + 1] = "`partial`" end
  return table.concat(words, ", ")
end

--- The lines of the table in README.md.
function M.readme(groups)
  local lines = { "| what happens | a POST | a stream | GET, DELETE |", "| --- | --- | --- | --- |" }
  for _, group in ipairs(groups) do
    lines[#lines + 1] = ("| %s | %s | %s | %s |"):format(group.title, cell(group, 1), cell(group, 2), cell(group, 3))
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
