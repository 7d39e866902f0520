--- random.lua - the program that spec/torture/random runs.

local uv = require("luv")
local core = require("xai.core")
local groups = require("spec.faults")
local live = require("spec.support.live")
local stages = require("spec.support.stage")
local styles = require("spec.torture.styles")
local trial = require("spec.support.fault_trial")
local xai = require("xai")

local CALLS, SEED, ONLY = tonumber(arg[1]) or 10000, tonumber(arg[2]) or os.time() % 1000000, tonumber(arg[3])
local AT_ONCE = 48
local MOST_LATE = 0.1 -- seconds beyond its deadline that a call may last, while this process is let run
local MOST_GROWTH = 8 * 1024 -- KiB of the process from the first half to the end

-- Chance: the same on every Lua, and each call has its own, so that it can be repeated alone.
local function dice(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return math.floor(state / 2147483647 * n) + 1
  end
end

-- How long this process was kept from running: a task looks every few milliseconds, and what passed
-- beyond that without costing time of the processor was the machine's.
local LOOK = 0.005
local kept_from_running, looked_at, looked_cost = 0, core.now(), os.clock()

local function look()
  local at, cost = core.now(), os.clock()
  local lost = at - looked_at - LOOK - (cost - looked_cost)
  if lost > LOOK then kept_from_running = kept_from_running + lost end
  looked_at, looked_cost = at, cost
  return kept_from_running
end

local function watch_the_machine(is_over)
  look()
  while not is_over() do
    xai.sleep(LOOK)
    look()
  end
end

-- What may be asked, and what may come -------------------------------------------------------------

--- Every row of the table in every way, as a flat list; and calls that nothing happens to.
local function list_cases()
  local list = {}
  for _, group in ipairs(groups) do
    for _, row in ipairs(group.rows) do
      for _, case in ipairs(trial.cases(row)) do
        list[#list + 1] = { row = row, group = group, way = case[1], version = case[2], expected = case[3] }
      end
    end
  end
  local healthy = { row = { "" }, group = { rows = {} }, expected = "ok x1" }
  for i = 1, #list do
    if i % 4 == 0 then
      list[#list + 1] = { row = healthy.row, group = healthy.group, expected = healthy.expected,
        way = list[i].way, version = list[i].version }
    end
  end
  return list
end

-- Right JSON of the wrong shape has no text to compare.
local SHAPELESS = { ["empty-object"] = true, ["null-choices"] = true, ["wrong-shape"] = true }

--- The text of a whole result.
local function text_of(result)
  local choice = type(result) == "table" and type(result.choices) == "table" and result.choices[1]
  return choice and choice.message and choice.message.content
end

--- What is wrong with a right answer, or nil.
local function check_result(case, came)
  if case.way == "get" then
    return not (type(came.result) == "table" and came.result.object == "list" or SHAPELESS[case.row[1]])
      and "not a list of models" or nil
  end
  if SHAPELESS[case.row[1]] then return nil end
  local whole = text_of(came.result)
  if whole and whole ~= stages.TEXT then return "another text: " .. whole end
  if not whole and came.result ~= true then return "no text in the result" end
  -- A service that ignores `stream` gives one event that is the whole result.
  if came.text and came.text ~= stages.TEXT and case.row[1] ~= "ignore-stream" then
    return "other words: " .. came.text
  end
end

local BROKEN = { connection = true, truncated = true }

--- Is this kind of failure right for the case?  When a connection broke, it is chance how much of
-- what came before was still read.
local function is_allowed(case, kind)
  local expected = case.expected:match("^%S+")
  return kind == expected or BROKEN[kind] and BROKEN[expected]
end

local function check_failure(case, failed)
  if not is_allowed(case, failed.kind) then return "failed: " .. tostring(failed) end
  local partial = text_of(failed.partial)
  if partial and case.row[1]:find("^endless,") then -- its first word again and again
    if partial:gsub("Lua", "") ~= "" then return "another text without end: " .. partial end
  elseif partial and stages.TEXT:sub(1, #partial) ~= partial then return "another text in partial: " .. partial end
  if type(failed.message) ~= "string" or failed.message:find("[\r\n]") then return "no message of one line" end
end

--- Where the table knows of failures only: text is found without decoding what is nested deeply, and
-- a fault that happens once may be gone by the next attempt.
local function may_succeed(case)
  return case.way == "stream" and case.row[1]:find("^deep") or case.row[1]:find(";times,", 1, true)
end

--- A call that was given up early may have ended before, or by that.
local GIVEN_UP = { cancelled = true, closed = true }

local latest = 0

--- Did the call last too long?  `waited` is how long the process was kept from running meanwhile.
local function is_late(info, opts, waited)
  local late = info.elapsed - opts.deadline
  latest = math.max(latest, late)
  return late > MOST_LATE + waited
end

--- What is wrong with the outcome of a call, or nil.
local function check(case, came, opts, waited)
  local info = came.info
  if info and is_late(info, opts, waited) then return "lasted " .. info.elapsed .. " s" end
  if info and info.attempts > 2 * (opts.max_retries + 1) then return info.attempts .. " attempts" end
  local failed = came.failed
  if came.left then
    return failed and not GIVEN_UP[failed.kind] and check_failure(case, failed) or nil
  end
  if failed then return check_failure(case, failed) end
  if case.expected:sub(1, 3) ~= "ok " and not may_succeed(case) then return "succeeded" end
  return check_result(case, came)
end

local function count_fds()
  local count = 0
  local scan = uv.fs_scandir("/proc/self/fd")
  while scan and uv.fs_scandir_next(scan) do count = count + 1 end
  return count
end

-- One call ---------------------------------------------------------------------------------------------

local house = stages.open { breath = 60 }
local cases = list_cases()

local function options_of(case, i)
  local opts = trial.options(case.row[1], case.row.options, case.version)
  opts.max_retries = case.group.max_retries or opts.max_retries
  if not opts.headers["x-fault"]:find("%S") then opts.headers = nil end
  return opts, i
end

local fds_before = count_fds() -- the server is up, nothing was called

local shared = house:new_client()

--- By HTTP/1.1 calls share connections.  By HTTP/2 a fault may end a connection and all that is on
-- it: there each call has one of its own.
local function client_of(case, i)
  if case.version == "1.1" then return shared end
  local name = "h" .. i % 997 .. ".localhost"
  return xai.new { api_key = stages.KEY, base_url = house.server.url:gsub("127%.0%.0%.1", name) }
end

local function one_call(i)
  local roll = dice(SEED * 20011 + i * 7919)
  for _ = 1, 4 do roll(1) end
  local case = cases[roll(#cases)]
  local names = styles.names(case.way)
  local style = names[roll(#names)]
  local client, opts = client_of(case, i), options_of(case, i)
  local before = look()
  local ok, came = pcall(styles[case.way][style], client, opts, roll)
  local wrong
  if ok then wrong = check(case, came, opts, look() - before) else wrong = "raised: " .. tostring(came) end
  if client ~= shared and (not ok or not came.left) then client:close() end -- others are dropped with their call
  return wrong and ("call %d: %s %s %s %s: %s (expected %s)"):format(i, trial.name(case.row), case.way, case.version,
    style, wrong, case.expected)
end

-- The run ----------------------------------------------------------------------------------------------

local function resident()
  local file = io.open("/proc/self/statm")
  local pages = file and file:read("*a"):match("^%d+ (%d+)")
  if file then file:close() end
  return pages and tonumber(pages) * 4 or 0
end

local passed, problems = 0, {}

local function note(problem)
  if not problem then
    passed = passed + 1
    return
  end
  problems[#problems + 1] = problem
  print("FAILED " .. problem)
end

local function run(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = i end
  xai.run(function()
    local calls = xai.spawn(xai.map, list, function(i)
      note(one_call(i))
      if i % 100 == 0 then collectgarbage() end
    end, AT_ONCE)
    xai.spawn(watch_the_machine, function()
      local status = calls:status()
      return status == "done" or status == "failed"
    end)
    calls:wait()
  end)
  collectgarbage()
end

local function expect(what, wanted, is)
  if is ~= wanted then note(("%s: %s instead of %s"):format(what, tostring(is), tostring(wanted))) end
end

--- Wait until the server has seen the end of all that was dropped.
local function open_at_server()
  local open
  for _ = 1, 200 do
    open = assert(shared:request { path = "/_/open" }).open
    if open == 0 then break end
    xai.step(0.01)
  end
  return open
end

--- A stream that was read to its end counts until its connection has come to rest.
local function calls_under_way()
  for _ = 1, 200 do
    if xai.active() == 0 then break end
    xai.step(0.01)
  end
  return xai.active()
end

local function main()
  print(("random: %d calls, seed %d, libcurl %s"):format(CALLS, SEED, core.libcurl():match("^libcurl/(%S+)")))
  if ONLY then return run(ONLY, ONLY) end
  local kib = {}
  for quarter = 1, 4 do
    run(math.floor(CALLS * (quarter - 1) / 4) + 1, math.floor(CALLS * quarter / 4))
    live()
    kib[quarter] = resident()
  end
  expect("answers that the server is still giving", 0, open_at_server())
  house:settle()
  expect("calls under way", 0, calls_under_way())
  expect("live objects", 0, live())
  local growth = kib[4] - math.max(kib[1], kib[2])
  if CALLS >= 2000 and growth > MOST_GROWTH then note("the process grew by " .. growth .. " KiB") end
  core.close()
  expect("file descriptors", fds_before, count_fds())
  print(("random: %d file descriptors as before, %s KiB after each quarter"):format(count_fds(),
    table.concat(kib, " ")))
  print(("random: at most %.3f s beyond a deadline; the machine was busy elsewhere for %.1f s"):format(latest,
    kept_from_running))
end

main()
house:close()
if #problems > 0 then
  print(("again: spec/torture/random %d %d, or one call of it with its number behind"):format(CALLS, SEED))
end
print(("%d passed, %d failed"):format(passed, #problems))
os.exit(#problems == 0 and 0 or 1)
