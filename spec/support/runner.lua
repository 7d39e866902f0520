--- runner.lua - run C test programs and spec files, some at a time: see spec/run.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"
package.path = here .. "?.lua;" .. package.path

local uv = require("luv")
local session = require("session")

-- Settings ---------------------------------------------------------------------------------------

local function words(name)
  local list = {}
  for word in (os.getenv(name) or ""):gmatch("%S+") do list[#list + 1] = word end
  return list
end

local LUA = os.getenv("LUA") or "lua"
local UNDER, UNDER_LUA = words("UNDER"), words("UNDER_LUA")
local LIMIT = tonumber(os.getenv("LIMIT")) or (#UNDER_LUA > 0 and 1800 or 300)

-- Specs wait more than they compute, but under a watcher.
local CORES = math.min(math.max(#(uv.cpu_info() or {}), 1), 4)
local JOBS = tonumber(os.getenv("JOBS")) or math.max(#UNDER_LUA > 0 and CORES or CORES + 1, 2)

-- The current spec is written there, so that one that hangs can be named.
local NOW = "XAI_SPEC_NOW"

local function slurp(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a") or ""
  file:close()
  return text
end

-- Jobs -------------------------------------------------------------------------------------------
-- A job is { name, command, read }: read(log, code) gives the counts and what to say of it.

local function join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, word in ipairs(list) do all[#all + 1] = word end
  end
  return all
end

local function read_program(log, code)
  local closing = log:match("([^\n]*)\n*$")
  return { passed = code == 0 and 1 or 0, failed = code == 0 and 0 or 1, skipped = 0, words = closing }
end

local COUNTS = "(%d+) success%a* / (%d+) failures? / (%d+) errors? / (%d+) pending : [^\n]*\n"

--- The counts are those of busted's closing line.  No such line, or an exit code that they do not
-- explain, is one failure more.
local function read_specs(log, code)
  local passed, failures, errors, skipped = log:match(COUNTS)
  local result = {
    passed = tonumber(passed or 0), failed = tonumber(failures or 0) + tonumber(errors or 0),
    skipped = tonumber(skipped or 0),
  }
  result.words = result.passed .. " passed"
  if result.skipped > 0 then result.words = result.words .. ", " .. result.skipped .. " skipped" end
  if result.failed > 0 then result.words = result.words .. ", " .. result.failed .. " failed" end
  if not passed or code ~= 0 and result.failed == 0 then
    result.failed, result.words = result.failed + 1, result.words .. ", exit code " .. code
  end
  return result
end

--- What busted says of the specs that it skipped.
local function reasons(log)
  local list = {}
  for line in (log:match(COUNTS .. "(.*)$") and log:gsub("^.-" .. COUNTS, "") or ""):gmatch("[^\n]+") do
    if not line:find("^Pending ") then list[#list + 1] = "           " .. line end
  end
  return list
end

local function program_job(path)
  return { name = path, command = join(UNDER, { path }), read = read_program, reasons = function() return {} end }
end

local function spec_job(path)
  local command = join(UNDER_LUA, { LUA, os.getenv("BUSTED"), "-o", "plainTerminal", path })
  return { name = path, command = command, read = read_specs, reasons = reasons }
end

-- These take longest: they are started first, so that the end is not a wait for one of them.
local LONGEST = { "spec/memory_spec.lua", "spec/cases/memory_spec.lua", "spec/fault_table_spec.lua",
  "spec/run_spec.lua", "spec/cases/interrupt_spec.lua", "spec/random_spec.lua", "spec/cases/reload_spec.lua",
  "spec/newcomer_spec.lua", "spec/hosts_spec.lua", "spec/bulk_kill_spec.lua", "spec/bulk_batch_spec.lua" }

local rank = {}
for i, path in ipairs(LONGEST) do rank[path] = i end

local function by_length(a, b)
  local one, other = rank[a] or #LONGEST + 1, rank[b] or #LONGEST + 1
  if one ~= other then return one < other end
  return a < b
end

--- The spec files that the words of SPECS name, each once; those that take longest first.
local function spec_files()
  local list, seen = {}, {}
  for _, word in ipairs(words("SPECS")) do
    local found = false
    local pipe = io.popen("find '" .. word .. "' -name '*_spec.lua' 2>/dev/null | LC_ALL=C sort")
    for path in pipe:lines() do
      found = true
      if not seen[path] then list[#list + 1], seen[path] = path, true end
    end
    pipe:close()
    if not found then list[#list + 1] = word end -- a file of another name; or busted says what is wrong
  end
  table.sort(list, by_length)
  return list
end

-- Running ----------------------------------------------------------------------------------------

local Run = { passed = 0, failed = 0, skipped = 0, failures = {}, sessions = {}, busy = 0 }

local function say(...)
  io.stdout:write(...)
  io.stdout:write("\n")
  io.stdout:flush()
end

local function add_failure(result, reason)
  result.failed, result.words = math.max(result.failed, 1), reason
end

--- Judge a job that has ended.
local function judge(job, ended)
  local log = slurp(job.log)
  local result = job.read(log, ended.code)
  if ended.late then
    local now = slurp(job.now)
    add_failure(result, ("not ended after %g s%s"):format(LIMIT, now ~= "" and ", in: " .. now or ""))
  elseif #ended.left > 0 then
    add_failure(result, result.words .. ", and left running: " .. ended.left[1].command)
  end
  return result, log
end

local function report(job, result, log, seconds)
  local good = result.failed == 0
  say(("%-8s %-34s %s, %.1f s"):format(good and "ok" or "FAILED", job.name, result.words, seconds))
  if good then
    for _, line in ipairs(job.reasons(log)) do say(line) end
    return
  end
  Run.failures[#Run.failures + 1] = job.name .. ": " .. result.words
  -- Set in, so that no count in it is taken for that of the whole.
  say((("\n" .. log):gsub("\n*$", ""):gsub("\n([^\n])", "\n    %1"):sub(2)), "\n")
end

local start_next

local function finish(job, ended)
  Run.sessions[ended], Run.busy = nil, Run.busy - 1
  local result, log = judge(job, ended)
  Run.passed, Run.failed, Run.skipped = Run.passed + result.passed, Run.failed + result.failed,
    Run.skipped + result.skipped
  report(job, result, log, (uv.now() - job.began) / 1000)
  os.remove(job.log)
  os.remove(job.now)
  start_next()
end

local function start(job, number)
  job.log, job.now = Run.dir .. "/" .. number .. ".log", Run.dir .. "/" .. number .. ".now"
  job.began, Run.busy = uv.now(), Run.busy + 1
  local command = join({ NOW .. "=" .. job.now }, job.command)
  Run.sessions[session.start(command, job.log, LIMIT, function(ended) finish(job, ended) end)] = true
end

function start_next()
  while Run.busy < JOBS and Run.next <= #Run.jobs do
    Run.next = Run.next + 1
    start(Run.jobs[Run.next - 1], Run.next - 1)
  end
  if Run.busy == 0 then uv.stop() end
end

local function remove_folder()
  for number = 1, #Run.jobs do
    os.remove(Run.dir .. "/" .. number .. ".log")
    os.remove(Run.dir .. "/" .. number .. ".now")
  end
  uv.fs_rmdir(Run.dir)
end

--- A signal that ends this ends all that runs.
local function watch(name, number)
  local handle = uv.new_signal()
  handle:start(name, function()
    for running in pairs(Run.sessions) do running:destroy() end
    remove_folder()
    say("\nspec/run was interrupted")
    os.exit(128 + number)
  end)
  handle:unref()
end

local function main(programs)
  Run.jobs, Run.next = {}, 1
  for _, path in ipairs(programs) do Run.jobs[#Run.jobs + 1] = program_job(path) end
  for _, path in ipairs(spec_files()) do Run.jobs[#Run.jobs + 1] = spec_job(path) end
  Run.dir = assert(uv.fs_mkdtemp((os.getenv("TMPDIR") or "/tmp") .. "/xai-spec-XXXXXX"))
  for name, number in pairs { sighup = 1, sigint = 2, sigterm = 15 } do watch(name, number) end
  say("Testing on ", LUA)
  start_next()
  if Run.busy > 0 then uv.run() end
  remove_folder()
  if #Run.failures > 0 then say("\nFailed:\n  ", table.concat(Run.failures, "\n  ")) end
  say(("\n%d passed, %d failed, %d skipped"):format(Run.passed, Run.failed, Run.skipped))
  os.exit(Run.failed == 0 and Run.passed > 0 and 0 or 1)
end

main(arg)
