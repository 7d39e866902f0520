--- fault_trial.lua - what a call makes of a fault of the stand-in server, in a few words.
--
-- An outcome is "ok x2", or "KIND [PHASE] x1 BILLED [partial]": the kind of failure, its phase if it
-- has one, how many attempts were made, whether it was billed, and whether something had come.

local json = require("standin.json")
local stages = require("spec.support.stage")
local xai = require("xai")

local M = {}

-- Waits between attempts are those of the library where the server cannot say "1 ms".
local SOON = ";header,retry-after-ms,1"

--- Bounds that a trial reaches soon; a row's own options on top.
local OPTIONS = { max_retries = 2, deadline = 10, max_body = 2000000, max_event = 1000000 }

local function options_of(row, fault, version)
  local all = { http_version = version, headers = { ["x-fault"] = fault .. (row.hint and SOON or "") } }
  for name, value in pairs(OPTIONS) do all[name] = value end
  for name, value in pairs(row.options or {}) do all[name] = value end
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

local function read_events(stream)
  local events, message, info = stages.events(stream)
  return not message and events or nil, info or stream:info()
end

local WAYS = {}

function WAYS.plain(client, opts)
  local result, _, info = client:chat(stages.body("chat"), opts)
  return in_words(result, info)
end

function WAYS.get(client, opts)
  local result, _, info = client:list_models(opts)
  return in_words(result, info)
end

function WAYS.stream(client, opts)
  local stream, _, info = client:chat(stages.body("chat", { stream = true }), opts)
  if not stream then return in_words(nil, info) end
  return in_words(read_events(stream))
end

--- The outcomes of a row, by "WAY VERSION".  All are tried at once; each on a connection of its own.
function M.outcomes(house, row)
  local outcomes, tasks = {}, {}
  xai.run(function()
    for way, try in pairs(WAYS) do
      for _, version in ipairs { "1.1", "2" } do
        local name = way .. " " .. version
        local client = house:client(options_of(row, row[1], version))
        tasks[#tasks + 1] = row.expected[name] and xai.spawn(function() outcomes[name] = try(client) end)
      end
    end
    xai.all(tasks)
  end)
  return outcomes
end

M.json = json
return M
