--- jobs.lua - what takes many calls, in tasks of any host: pages, waits, bulk jobs, budgets, a limiter, a fallback.

local testing = require "xai.testing"

local QUICK = { every = 0.005 }

--- Wait for all tasks: what each returns, as one line.
local function all(tasks)
  local words = {}
  for i, task in ipairs(tasks) do words[i] = tostring((task:wait())) end
  print(table.concat(words, " "))
end

--- Two batches of three requests each, waited for at once and read page by page.
local function read_batches()
  local one = { responses = { model = "grok-4.3", input = "Hi" } }
  local function make()
    local id, requests = assert(client:create_batch { name = "jobs" }).batch_id, {}
    for i = 1, 3 do requests[i] = { batch_request_id = "r" .. i, batch_request = one } end
    assert(client:add_to_batch(id, { batch_requests = requests }))
    assert(client:wait("get_batch", id, QUICK))
    local pages, count = client:each("list_batch_results", id, { limit = 2 }), 0
    local entry, message = pages:next()
    while entry do
      count = count + 1
      entry, message = pages:next()
    end
    return message or count
  end
  all { xai.spawn(make), xai.spawn(make) }
  local entries, models = client:each("list_batches", { limit = 1 }), client:each "list_models"
  local count = 0
  while entries:next() do count = count + 1 end
  print(count >= 2, models:next() ~= nil)
end

--- A deferred answer and a video at once; and a wait that is cancelled in its pause.
local function wait()
  local told = 0
  local function ticket()
    local body = question()
    body.deferred = true
    return assert(client:chat(body)).request_id
  end
  local deferred = xai.spawn(function()
    local answer, _, info = client:wait("get_deferred", ticket(), {
      every = 0.005, on_wait = function() told = told + 1 end,
    })
    return (xai.text(answer) == TEXT and "answered after " or "odd after ") .. info.asked .. "," .. told
  end)
  local video = xai.spawn(function()
    local started = assert(client:generate_video { model = "grok-imagine-video", prompt = "A cat" })
    return client:wait("get_video", started.request_id, QUICK).status
  end)
  all { deferred, video }
  local id, paused = ticket(), false
  local task = xai.spawn(client.wait, client, "get_deferred", id, {
    every = 60, on_wait = function() paused = true end,
  })
  while not paused do xai.sleep(0.002) end
  task:cancel()
  local ok, err = settled(task)
  print(ok, err.kind, err.id == id, err.resumable, err.asked)
end

--- A job whose budget ends, and goes on with its file at a limiter's pace.
local function run_bulk()
  local path, list, here, peak = os.tmpname(), {}, 0, 0
  for i = 1, 9 do list[i] = i end
  local function ask()
    here = here + 1
    peak = math.max(peak, here)
    local answer, message, info = client:chat(question(), options "late-head,3")
    here = here - 1
    return answer and xai.text(answer), message, info
  end
  local budget = xai.budget { calls = 4 }
  local report, _, info = xai.bulk(list, ask, { file = path, at_once = 3, budget = budget })
  print(report, info.kind, info.code, info.report.done, budget.spent.calls, peak)
  local limiter = xai.limiter { requests_per_minute = 60000, at_once = 2 }
  report = assert(xai.bulk(list, ask, { file = path, limiter = limiter }))
  print(report.done, report.failed, report.skipped, report.tokens > 0)
  os.remove(path)
end

--- A job by the service's own batches, and one whose items wait and ask a scripted client.
local function run_others()
  local path = os.tmpname()
  local report = assert(xai.bulk({ 1, 2 }, function(item)
    return { "respond", { model = "grok-4.3", input = "What is " .. item .. " * 7?" } }
  end, { batch = true, client = client, file = path, every = 0.005 }))
  print(report.done, report.failed)
  os.remove(path)
  local fake = testing.client { "one", "two", { kind = "server" } }
  report = assert(xai.bulk({ 1, 2, 3 }, function()
    xai.sleep(0.002)
    local answer, message, failure = fake:chat(question())
    return answer and xai.text(answer), message, failure
  end))
  print(report.done, report.failed, fake.left)
end

--- Seven calls at once, of which a budget pays five; streams, too, one of them left early; and a fallback.
local function share()
  local opts, state = limited()
  local tasks = {}
  for i = 1, 7 do
    tasks[i] = xai.spawn(function()
      local answer, _, info = client:chat(question(), opts)
      return answer and 1 or info.code
    end)
  end
  all(tasks)
  print(state())
  local budget = xai.budget { calls = 2 }
  local function stream() return client:chat(question(true), { budget = budget }) end
  local whole, left = assert(stream()), assert(stream())
  print((read_stream(whole)), select(3, stream()).code)
  left:next()
  left:close()
  print(budget.spent.calls, budget.spent.unknown)
  local body = question()
  body.model = "grok-9"
  local answer, _, info = client:chat(body, { fallback = { { model = "grok-8" }, { model = "grok-4.5" } } })
  print(xai.text(answer), info.fallback)
end

return function()
  read_batches()
  wait()
  run_bulk()
  run_others()
  share()
end
