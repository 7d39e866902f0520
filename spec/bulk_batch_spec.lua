--- xai.bulk with batch = true: the same items through the service's own batches.

local programs = require "spec.support.programs"
local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same

local stage

local function slurp(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text
end

local paths = {}

local function new_path()
  local path = os.tmpname()
  os.remove(path)
  paths[#paths + 1] = path
  return path
end

local function range(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

local function product(item) return item .. " * 7 = " .. item * 7 end

local function request(item, model)
  if type(model) ~= "string" then model = "grok-4.3" end
  return { "respond", { model = model, input = "What is " .. item .. " * 7?" } }
end

--- The values in the file by key, each of which must be there once; and the errors.
local function outcomes(path)
  local values, errors = {}, {}
  for line in slurp(path):gmatch "[^\n]+" do
    local record = xai.decode(line)
    if record.value ~= nil then
      assert.is_nil(values[record.key], line)
      values[record.key] = record.value
    elseif record.error then
      errors[record.key] = record.error
    end
  end
  return values, errors
end

--- What all batches of the server have answered: text -> how often.
local function answered(client)
  local times, count = {}, 0
  for batch in client:each "list_batches" do
    for entry in client:each("list_batch_results", batch.batch_id) do
      local answer = xai.batch_result(entry)
      if answer then
        local text = xai.text(answer)
        times[text], count = (times[text] or 0) + 1, count + 1
      end
    end
  end
  return times, count
end

local function control(body)
  return assert(stage.client:request { path = "/_/batches", method = "POST", body = body })
end

local function run(items, f, opts)
  local all = { batch = true, client = stage.client, every = 0.002 }
  for name, value in pairs(opts or {}) do all[name] = value end
  all.file = all.file or new_path()
  local report, message, info = xai.bulk(items, f or request, all)
  return report, message, info, all.file
end

describe("xai.bulk with batch = true", function()
  setup(function() stage = stages.open { rates = 0 } end)
  teardown(function()
    stage:close()
    for _, path in ipairs(paths) do os.remove(path) end
  end)
  before_each(function()
    stage:reset()
    stage:enter()
  end)
  after_each(function() stage:leave() end)

  it("sends the requests that f gives in a batch, and keeps the text of each answer", function()
    local told = {}
    local report, message, info, path = run(range(9), request, {
      on_done = function(key, value, words)
        assert.is_nil(words)
        told[key] = value
      end,
    })
    assert.is_nil(message)
    assert.equal(report, info.report)
    same({ 9, 0, 0 }, { report.done, report.failed, report.skipped })
    local values = outcomes(path)
    for i = 1, 9 do same({ product(i), product(i) }, { values[i], told[i] }) end
    assert.is_true(report.usd > 0 and report.tokens > 0)
    local count = 0
    for _ in stage.client:each "list_batches" do count = count + 1 end
    assert.equal(1, count)
    local again = run(range(9), error, { file = path })
    same({ 0, 0, 9 }, { again.done, again.failed, again.skipped })
  end)

  it("works in a task, and takes an iterator, other functions and other keys", function()
    xai.run(function()
      local i, path = 0, new_path()
      local report = run(function()
        i = i + 1
        xai.sleep(0)
        return i <= 3 and { id = "k" .. i } or nil
      end, function(_, index)
        if index == 1 then
          return { "chat", { model = "grok-4.3", messages = { { role = "user", content = "What is Lua?" } } } }
        elseif index == 2 then
          return { "generate_image", { model = "grok-imagine-image", prompt = "a cat" } }
        end
        return { "generate_video", { model = "grok-imagine-video", prompt = "a cat" } }
      end, { file = path, key = function(item) return item.id end })
      assert.equal(3, report.done)
      local values = outcomes(path)
      assert.equal(stages.TEXT, values.k1)
      assert.is_string(values.k2.data[1].url)
      assert.is_string(values.k3.video.url)
    end)
  end)

  it("keeps what read(result, item) gives, also of items of a run before", function()
    local path = new_path()
    control { hold = true }
    local task = xai.spawn(function()
      run(range(4), request, { file = path, read = error })
    end)
    repeat xai.step(0.01) until slurp(path):find '"request":"4"' and #stage:received() > 4
    task:cancel()
    control { hold = false }
    for batch in stage.client:each "list_batches" do control { id = batch.batch_id, hold = false } end
    local report = run(range(4), error, {
      file = path, read = function(answer, item)
        if item == 2 then return nil, "not this" end
        if item == 3 then return end
        return { item = item, id = type(answer.id) }
      end,
    })
    same({ 2, 2 }, { report.done, report.failed })
    local values, errors = outcomes(path)
    same({ { item = 1, id = "string" }, { item = 4, id = "string" } }, { values[1], values[4] })
    same({ "not this", "read gave no value" }, { errors[2], errors[3] })
  end)

  it("raises what read raises; the answer is read again later, and not asked for again", function()
    local path = new_path()
    assert.has_error(function() run(range(3), request, { file = path, read = function() error("broken", 0) end }) end,
      "broken")
    assert.equal(3, run(range(3), error, { file = path }).done)
    local _, count = answered(stage.client)
    assert.equal(3, count)
  end)

  for _, form in ipairs { "object", "text", "message" } do
    it("tells failures one by one, in the service's form '" .. form .. "', and tries them again", function()
      control { fail = { "2", "5" }, form = form }
      local report, _, _, path = run(range(6))
      same({ 4, 2 }, { report.done, report.failed })
      local _, errors = outcomes(path)
      for _, key in ipairs { 2, 5 } do assert.matches("This request was told to fail", errors[key]) end
      control { fail = xai.array {} }
      report = run(range(6), request, { file = path })
      same({ 2, 0, 4 }, { report.done, report.failed, report.skipped })
      local values = outcomes(path)
      for i = 1, 6 do assert.equal(product(i), values[i]) end
    end)
  end

  it("tells a batch that was refused as a whole from its one field", function()
    control { refuse = "The team is not allowed to do this." }
    local told = 0
    local report, _, _, path = run(range(3), request, { on_done = function(_, _, _, info)
      told = told + 1
      assert.equal("api", info.kind)
    end })
    same({ 0, 3, 3 }, { report.done, report.failed, told })
    local _, errors = outcomes(path)
    for i = 1, 3 do assert.equal("the batch was refused: The team is not allowed to do this.", errors[i]) end
    stage:reset()
    assert.equal(3, run(range(3), request, { file = path }).done)
  end)

  it("fails what an expired batch leaves, and tries it again", function()
    local path = new_path()
    control { hold = true }
    local is_expired
    local report = run(range(3), request, { file = path, progress = nil, on_done = function() end, key = function(item)
      if item == 3 and not is_expired then
        is_expired = true
        xai.spawn(function()
          repeat xai.sleep(0.005) until slurp(path):find '"request":"3"'
          xai.sleep(0.02)
          for batch in stage.client:each "list_batches" do control { id = batch.batch_id, expire = true } end
        end)
      end
      return item
    end })
    same({ 0, 3 }, { report.done, report.failed })
    local _, errors = outcomes(path)
    assert.equal("the batch has expired", errors[1])
    stage:reset()
    assert.equal(3, run(range(3), request, { file = path }).done)
  end)

  it("finds the requests that are bad among those that are added at once", function()
    local report, _, _, path = run(range(11), function(item)
      if item == 1 then error("no request", 0) end
      if item == 2 then return nil, "nothing to ask" end
      if item == 3 then return { "chat", { model = "grok-4.3", messages = { "\255" } } } end
      if item == 4 then return nil end
      return request(item, (item == 6 or item == 9) and "grok-4.5" or nil) -- which takes part in no batch
    end)
    same({ 5, 6 }, { report.done, report.failed })
    local values, errors = outcomes(path)
    same({ "no request", "nothing to ask", "the function gave no value" }, { errors[1], errors[2], errors[4] })
    assert.matches("^the request cannot be written: [^/:]*UTF%-8", errors[3])
    for _, key in ipairs { 6, 9 } do assert.matches("HTTP 400", errors[key]) end
    for _, key in ipairs { 5, 7, 8, 10, 11 } do assert.equal(product(key), values[key]) end
  end)

  it("sends more than the service takes at once in portions", function()
    local report, _, _, path = run(range(1203))
    assert.equal(1203, report.done)
    local times, count = answered(stage.client)
    assert.equal(1203, count)
    local values = outcomes(path)
    for i = 1, 1203 do
      assert(times[product(i)] == 1)
      assert(values[i] == product(i))
    end
    local adds = 0
    for _, one in ipairs(stage:received()) do
      if one.method == "POST" and one.path:find "/requests$" then adds = adds + 1 end
    end
    assert.equal(3, adds)
  end)

  it("goes on over lost answers and busy servers, and does nothing twice", function()
    for _, fault in ipairs {
      "status,503", "status,429", "status,500", "reset-before-head", "close-before-head", "close-in-body",
      "short-length",
    } do
      stage:reset()
      local count_of = {}
      -- The first two calls of each function fail; what they ask for is done or not.
      local client = setmetatable({}, { __index = function(_, name)
        local function with_fault(...)
          count_of[name] = (count_of[name] or 0) + 1
          local arguments = { ... }
          if count_of[name] <= 2 then arguments[#arguments + 1] = { headers = { ["x-fault"] = fault } } end
          return stage.client[name](stage.client, (table.unpack or unpack)(arguments)) -- luacheck: ignore 143 113
        end
        return function(_, ...)
          if name ~= "each" then return with_fault(...) end
          return stage.client:each(...)
        end
      end })
      local report, message = run(range(5), request, { client = client })
      assert.is_nil(message, fault)
      assert.equal(5, report.done, fault)
      local times, count = answered(stage.client)
      assert.equal(5, count)
      for i = 1, 5 do assert.equal(1, times[product(i)]) end
    end
  end)

  it("stops by a failure that trying again does not help, with the report; and goes on later", function()
    local path = new_path()
    local wrong = stage:new_client { api_key = "xai-wrong" }
    local report, message, info = run(range(3), request, { client = wrong, file = path })
    assert.is_nil(report)
    assert.matches("Incorrect API key", message)
    same({ "authentication", 0, 0 }, { info.kind, info.report.done, info.report.failed })
    assert.equal(3, run(range(3), request, { file = path }).done)
  end)

  it("stops after so many failures", function()
    control { fail = { "1", "2", "3", "4", "5" } }
    local report, _, info = run(range(9), request, { stop_after = 2 })
    assert.is_nil(report)
    same({ "limit", "stop_after", 2 }, { info.kind, info.code, info.report.failed })
  end)

  it("leaves a file that needs batch = true", function()
    local path = new_path()
    control { hold = true }
    local task = xai.spawn(function() run(range(2), request, { file = path }) end)
    repeat xai.step(0.01) until slurp(path):find '"request":"2"'
    task:cancel()
    xai.step(0)
    assert.has_error(function() xai.bulk(range(2), request, { file = path }) end,
      "xai.bulk: file '" .. path .. "': batches of the service have requests of it; go on with batch = true")
    control { hold = false }
    for batch in stage.client:each "list_batches" do control { id = batch.batch_id, hold = false } end
    assert.equal(2, run(range(2), request, { file = path }).done)
    assert.equal(1, xai.bulk({ 1, 2, 3 }, tostring, { file = path }).done)
  end)

  it("loses a torn line wherever it is torn, and goes on", function()
    local _, _, _, whole = run(range(2))
    local text = slurp(whole)
    for cut = 1, #text - 1, 7 do
      local path = new_path()
      local file = assert(io.open(path, "wb"))
      file:write(text:sub(1, cut))
      file:close()
      local report = run(range(2), request, { file = path })
      same({ 2, 0 }, { report.done + report.skipped, report.failed })
      local values = outcomes(path)
      same({ product(1), product(2) }, { values[1], values[2] })
      os.remove(path)
    end
  end)

  it("is told by misuse what it needs", function()
    for _, case in ipairs {
      { "batch = true needs a file, from which the job goes on", { batch = true } },
      { "option 'at_once' has no use with batch = true", { batch = true, at_once = 1, file = "x" } },
      { "option 'budget' has no use with batch = true", { batch = true, budget = xai.budget(), file = "x" } },
      { "option 'read' needs batch = true", { read = print } },
      { "option 'client' needs batch = true", { client = stage.client } },
      { "option 'every' must be a number of seconds above 0, got 0", { batch = true, every = 0 } },
    } do
      local ok, err = pcall(xai.bulk, {}, print, case[2])
      assert.is_false(ok)
      assert.equal("xai.bulk: " .. case[1], (err:gsub("^[^:]*:%d+: ", "")))
    end
    for _, case in ipairs {
      { "with batch = true the function must give { name, body }, got a string", "text" },
      { "with batch = true the function must give { name, body }, got another table", { model = "x" } },
      { "no batch has requests of 'message'; there are chat, respond, generate_image, edit_image, "
        .. "generate_video, edit_video, extend_video", { "message", {} } },
    } do
      assert.has_error(function() run({ 1 }, function() return case[2] end) end, "xai.bulk: " .. case[1])
    end
  end)

  it("takes the key from the environment where there is no client", function()
    local path = new_path()
    local code = ([[print(require("xai").bulk({ 1 }, function() return { "respond", { model = "grok-4.3", input =
      "What is 1 * 7?" } } end, { batch = true, file = "%s", every = 0.002 }).done)]]):format(path)
    local said = programs.code(code, { XAI_BASE_URL = stage.server.url, XAI_API_KEY = "xai-spec" })
    assert.equal("1\n", said)
    assert.equal("1 * 7 = 7", outcomes(path)[1])
  end)
end)

describe("a bulk job by batches that is killed", function()
  local COUNT = 5

  setup(function() stage = stages.open { rates = 0 } end)
  teardown(function() stage:close() end)
  before_each(function()
    stage:reset()
    stage:enter()
  end)
  after_each(function() stage:leave() end)

  --- Run the job; `step` is where it kills itself.
  local function job(path, step)
    local environment = { XAI_BASE_URL = stage.server.url, XAI_API_KEY = "xai-spec" }
    return programs.shell(programs.with(environment,
      ("%s spec/programs/bulk_batches.lua %s %d %s"):format(programs.lua, path, COUNT, step or "")))
  end

  local function check(path, what)
    local values, errors = outcomes(path)
    local times, count = answered(stage.client)
    for i = 1, COUNT do
      assert.equal(product(i), values[i], what)
      assert.equal(1, times[product(i)], what)
    end
    same({ COUNT, nil }, { count, next(errors) }, what)
  end

  it("at any step goes on where the service is, and does nothing twice", function()
    local step = 0
    local is_whole
    repeat
      step = step + 1
      stage:reset()
      local path = new_path()
      is_whole = job(path, step):find "^whole" ~= nil
      if not is_whole then assert.matches("^whole %d 0 %d", job(path)) end
      check(path, "killed at step " .. step)
      os.remove(path)
    until is_whole
    assert.is_true(step > 30, step)
  end)

  it("again and again, at every step of what is left, does nothing twice", function()
    for first = 1, 12 do
      stage:reset()
      local path, step = new_path(), first
      local is_whole
      repeat
        is_whole = job(path, step):find "^whole" ~= nil
        step = step + 3
      until is_whole or step > 200
      check(path, "killed from step " .. first)
      os.remove(path)
    end
  end)
end)
