--- client:run_tools: whatever ends a run, the service takes the body that is left.
--
-- Runs with random tools, ended at random moments in random ways; XAI_SEED repeats one.

local stages = require "spec.support.stage"
local xai = require "xai"

local stage

local SEED = tonumber(os.getenv "XAI_SEED") or os.time()
local RUNS = tonumber(os.getenv "XAI_RUNS") or 150

local s = xai.schema

--- A generator of its own: whole numbers from 1 to n.
local function new_random(seed)
  local state = seed % 2147483647 + 1
  return function(n)
    state = state * 48271 % 2147483647
    return state % n + 1
  end
end

local function tool_of(random)
  local ways = {
    function(args) return args end,
    function() return nil, "not today" end,
    function() error "so wrong" end,
    function() error { "an object" } end,
    function() return print end,
    function() xai.sleep(random(3) / 1000) return "\255 broken" end,
    function() xai.await(function() end) end,
    function() return (stage.client:chat { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }) end,
    function() return "" end,
  }
  return {
    name = "get_weather", description = "The weather", parameters = s.object(s.string "city"), serial = random(4) == 1,
    run = function(args) return ways[random(#ways)](args) end,
  }
end

local FAULTS = { "cut,200", "cut,1500", "stall-in-stream,4", "status,500", "status,429" }

local function request(random)
  local name = ({ "respond", "chat", "message" })[random(3)]
  local question = { { role = "user", content = "Is it warmer in Oslo, in Rome or in Paris?" } }
  local body = { model = "grok-4.5", tools = { tool_of(random) }, stream = random(2) == 1 }
  if name == "respond" then
    body.input, body.store = question, random(2) == 1
  else
    body.messages = question
  end
  if name == "message" then body.max_tokens = 100 end
  local opts = { deadline = random(3) == 1 and random(40) / 1000 or 0.3, parallel = random(3), max_rounds = random(3) }
  if random(5) == 1 then opts.max_calls = random(3) end
  if random(5) == 1 then opts.headers = { ["x-fault"] = FAULTS[random(#FAULTS)] } end
  if random(4) == 1 then
    opts.approve = function()
      local verdict = random(3)
      if verdict < 3 then return verdict == 1, "no" end
    end
  end
  return name, body, opts
end

--- Run it, and end it at a random moment.  Returns info.run, and how it ended.
local function run_and_end(random, name, body, opts)
  local facts, ended
  local task = xai.spawn(function()
    local run, message, info = stage.client:run_tools(name, body, opts)
    if body.stream and run then
      for _ = 1, random(60) do
        if not run:next_part() then break end
      end
      if random(2) == 1 then run:close() end
      run, message, info = run:result()
    end
    facts, ended = info.run, run and "done" or message
  end)
  local cancel_at = random(3) == 1 and random(40)
  local steps = 0
  while not ended and task:status() ~= "cancelled" do
    if task:status() == "failed" then task:wait() end
    steps = steps + 1
    if steps == cancel_at then task:cancel() end
    xai.step(0.002)
  end
  if ended then return facts, ended end
  local _, err = pcall(task.wait, task)
  return err.run, err.kind
end

describe("the body that a run of tools leaves", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)

  it("is taken by the service, whatever has ended the run", function()
    local ways = {}
    for i = 1, RUNS do
      stage:enter()
      local random = new_random(SEED + i)
      local name, body, opts = request(random)
      local facts, ended = run_and_end(random, name, body, opts)
      local what = ("%s, seed %d, %s"):format(name, SEED + i, tostring(ended))
      if facts then -- else it was cancelled before it began
        local saved = xai.decode(xai.encode(facts.body))
        ways[#ways + 1] = ended
        saved.stream, saved.stream_options = nil, nil
        if facts.pending then
          local answers = {}
          for _, call in ipairs(facts.pending) do answers[call.id] = ({ "fine", false })[random(2)] end
          local _, message, info = stage.client:run_tools(name, saved, { answers = answers, max_rounds = 1 })
          assert(message == nil or info.code == "max_rounds", what .. ": " .. tostring(message))
          saved = xai.decode(xai.encode(info.run.body))
        end
        saved.tools = nil
        table.insert(saved.input or saved.messages, { role = "user", content = "What is Lua?" })
        local answer, message = stage.client[name](stage.client, saved)
        assert(answer, what .. ": " .. tostring(message))
      end
      stage:leave()
    end
    assert.is_true(#ways > RUNS / 2)
  end)
end)
