--- client:run_tools: what it refuses, approval and pauses, streams, and every way to end a run.

local live = require "spec.support.live"
local programs = require "spec.support.programs"
local scripted = require "spec.support.scripted"
local stages = require "spec.support.stage"
local tool_stage = require "spec.support.tool_stage"
local xai = require "xai"

local answer_of, body_of, play = tool_stage.answer, tool_stage.body, tool_stage.play
local same = assert.same
local s = xai.schema

local NAMES = { "respond", "chat", "message" }
local ROME, OSLO = { "c1", "get_weather", '{"city":"Rome"}' }, { "c2", "get_weather", '{"city":"Oslo"}' }

local function weather(run)
  return {
    name = "get_weather", description = "The weather", parameters = s.object(s.string "city"),
    run = run or function(args) return args.city .. " is fine" end,
  }
end

local function two_rounds(name, calls)
  return { answer_of(name, calls), answer_of(name, {}, "It is warm.", { id = "r2" }) }
end

--- Play these calls in one round: what f(client, bodies) returned, and the requests' bodies.
local function play_calls(name, calls, f)
  local got, bodies = play(two_rounds(name, calls), f)
  return got[1], got[2], got[3], bodies
end

--- The ids of the results in a body, in order, and their outputs.
local function results_in(name, body)
  local ids, outputs = {}, {}
  local function add(id, output) ids[#ids + 1], outputs[#outputs + 1] = id, output end
  for _, item in ipairs(name == "respond" and body.input or body.messages) do
    if item.type == "function_call_output" then add(item.call_id, item.output) end
    if item.role == "tool" then add(item.tool_call_id, item.content) end
    for _, block in ipairs(name == "message" and type(item.content) == "table" and item.content or {}) do
      if block.type == "tool_result" then add(block.tool_use_id, block.content) end
    end
  end
  return ids, outputs
end

local function saved(body) return xai.decode(xai.encode(body)) end

describe("client:run_tools", function()
  after_each(function() assert.equal(0, live()) end)

  describe("refuses, before anything is sent, naming the field,", function()
    local client

    before_each(function()
      client = xai.new { api_key = "xai-spec-0123456789abcdef", base_url = "https://127.0.0.1:1" }
    end)
    after_each(function() client:close() end)

    local function refuses(words, name, body, opts)
      local ok, problem = pcall(function() client:run_tools(name, body, opts) end)
      assert.is_false(ok)
      assert.equal("client:run_tools: " .. words, (problem:gsub("^.-:%d+: ", "")))
      assert.matches("tools_run_spec", problem)
      assert.equal(0, xai.active())
    end

    local function refuses_tools(words, ...)
      for _, streamed in ipairs { false, true } do
        refuses(words, "respond", body_of("respond", { tools = { ... }, stream = streamed }))
      end
    end

    local function nothing() end

    it("names of other functions", function()
      refuses('the function must be "respond", "chat" or "message", got "tokenize"', "tokenize", {})
      refuses('the function must be "respond", "chat" or "message", got a table', {}, {})
    end)

    it("bodies of other shapes", function()
      refuses("the body must be a table, got nil", "chat")
      refuses("the body must be a table, got string", "respond", "Hi")
      refuses("messages must be a list, got a string", "chat", { messages = "Hi" })
      refuses("previous_response_id with store = false: the rounds' history would be in two places; leave one out",
        "respond", { input = "Hi", store = false, previous_response_id = "r1" })
      refuses("messages[1].content is a function, which JSON cannot express", "chat",
        { messages = { { role = "user", content = print } }, stream = true })
    end)

    it("a tool without a name", function()
      refuses_tools("body.tools[1] has a function and no name", { run = nothing })
      refuses_tools("body.tools[1] has a function and no name", { name = "", run = nothing })
      refuses_tools("body.tools[2] has a function and no name", { type = "web_search" }, { name = 5, run = nothing })
    end)

    it("two tools of one name", function()
      local one, other = { name = "a", run = nothing }, { name = "a", run = print }
      refuses_tools("body.tools[2]: there is another tool 'a'", one, other)
    end)

    it("what is no function, no tool, no list", function()
      refuses_tools("body.tools[1].run must be a function, got string", { name = "a", run = "b" })
      refuses_tools("body.tools[1] must be a table, got a string", "get_weather")
      refuses("body.tools must be a list, got a string", "respond", { input = "", tools = "all" })
      refuses("body.tools must be a list, got a table", "respond", { input = "", tools = weather() })
    end)

    it("parameters that are no schema", function()
      for _, value in ipairs { "none", 5, { "a" }, { type = "objekt" }, { properties = 5 } } do
        local ok, problem = pcall(client.run_tools, client, "respond",
          body_of("respond", { tools = { { name = "a", parameters = value, run = nothing } } }))
        assert.is_false(ok)
        assert.matches("body.tools[1] ('a').parameters: ", problem, 1, true)
      end
    end)

    it("parameters that contain or refer to themselves without an end", function()
      local loop = { type = "object", properties = {} }
      loop.properties.more = loop
      for _, value in ipairs { loop, { ["$ref"] = "#" } } do
        local ok, problem = pcall(client.run_tools, client, "respond",
          body_of("respond", { tools = { { name = "a", parameters = value, run = nothing } } }))
        assert.is_false(ok)
        assert.matches("^[^\n]*client:run_tools: ", problem)
      end
    end)

    it("misspelt and wrong options, also for a run that is handed out", function()
      for _, streamed in ipairs { false, true } do
        local body = body_of("respond", { stream = streamed })
        refuses("unknown option 'max_round' (did you mean 'max_rounds'?)", "respond", body, { max_round = 1 })
        refuses("unknown option 'timeot' (did you mean 'timeout'?)", "respond", body, { timeot = 1 })
        refuses("option 'timeout' must be a number of seconds, got string", "respond", body, { timeout = "1" })
        refuses("option 'max_rounds' must be a whole number from 1, got number", "respond", body, { max_rounds = 0 })
        refuses("option 'parallel' must be a whole number from 1, got number", "respond", body, { parallel = 1.5 })
        refuses("option 'approve' must be a function, got boolean", "respond", body, { approve = true })
        refuses('option \'on_tool_error\' must be "raise", got string', "respond", body, { on_tool_error = "rise" })
        refuses("option 'on_done' is one of client:start", "respond", body, { on_done = nothing })
        refuses("option 'raw': raw answers have no calls that could be run", "respond", body, { raw = true })
        refuses("option 'answers': no call 'c9' waits in the body", "respond", body, { answers = { c9 = true } })
        refuses("options must be a table, got number", "respond", body, 5)
      end
      refuses("option 'on_event' needs stream = true in the body", "respond", body_of "respond", { on_event = nothing })
    end)
  end)

  describe("with respond", function()
    it("names the answer and sends results only, unless store is false", function()
      local _, _, info, bodies = play_calls("respond", { ROME }, function(client)
        return client:run_tools("respond", body_of("respond", { tools = { weather() } }))
      end)
      assert.equal("r1", bodies[2].previous_response_id)
      same({ { type = "function_call_output", call_id = "c1", output = "Rome is fine" } }, bodies[2].input)
      same({ "r2", 0 }, { info.run.body.previous_response_id, #info.run.body.input })
    end)

    it("sends all back as it came, reasoning first, with store = false", function()
      local _, _, _, bodies = play_calls("respond", { ROME }, function(client)
        return client:run_tools("respond", body_of("respond", { store = false, tools = { weather() } }))
      end)
      assert.is_nil(bodies[2].previous_response_id)
      local input = bodies[2].input
      same({ role = "user", content = "Hi" }, input[1])
      same({ type = "reasoning", id = "rs_1", summary = {}, encrypted_content = "sealed" }, input[2])
      same({ type = "function_call", id = "fc_c1", call_id = "c1", name = "get_weather",
        arguments = '{"city":"Rome"}', status = "completed" }, input[3])
      same({ type = "function_call_output", call_id = "c1", output = "Rome is fine" }, input[4])
      assert.equal(4, #input)
    end)

    it("sends all back beside instructions, which the service refuses with previous_response_id", function()
      local _, _, _, bodies = play_calls("respond", { ROME }, function(client)
        return client:run_tools("respond", body_of("respond", { instructions = "Be brief.", tools = { weather() } }))
      end)
      assert.is_nil(bodies[2].previous_response_id)
      same({ "Be brief.", 4 }, { bodies[2].instructions, #bodies[2].input })
    end)

    it("answers shell calls of a tool that has the type", function()
      local answer = answer_of("respond", {})
      answer.output[2] = { type = "shell_call", call_id = "s1", action = { type = "exec", commands = { "ls" } } }
      local function run(action) return action.commands[1] end
      local shell = { type = "shell", environment = { type = "local" }, run = run }
      local _, bodies = play({ answer, answer_of("respond", {}, "Done.") }, function(client)
        return client:run_tools("respond", body_of("respond", { tools = { shell } }))
      end)
      same({ { type = "shell", environment = { type = "local" } } }, bodies[1].tools)
      same({ { type = "shell_call_output", call_id = "s1", output = {
        { stdout = "ls", stderr = "", outcome = { type = "exit", exit_code = 0 } } } } }, bodies[2].input)
    end)
  end)

  describe("runs calls", function()
    --- The most that ran at once, of n calls.
    local function most_at_once(n, opts, serial)
      local now, most, calls = 0, 0, {}
      for i = 1, n do calls[i] = { "c" .. i, "f", "{}" } end
      play_calls("chat", calls, function(client)
        return client:run_tools("chat", body_of("chat", { tools = { { name = "f", serial = serial, run = function()
          now = now + 1
          most = math.max(most, now)
          xai.sleep(0.001)
          now = now - 1
          return "fine"
        end } } }), opts)
      end)
      return most
    end

    it("eight at once, or as many as `parallel` says, and serial ones alone", function()
      assert.equal(8, most_at_once(20))
      assert.equal(3, most_at_once(20, { parallel = 3 }))
      assert.equal(1, most_at_once(5, nil, true))
    end)

    it("as tasks, which may sleep, await and call the client", function()
      local answers = { answer_of("chat", { { "c1", "ask", "{}" } }), answer_of("chat", {}, "inner"),
        answer_of("chat", {}, "outer") }
      local got, bodies = play(answers, function(client)
        return client:run_tools("chat", body_of("chat", { tools = { { name = "ask", run = function()
          xai.sleep(0)
          xai.await(function(done) done() end)
          return xai.text(assert(client:chat(body_of "chat")))
        end } } }))
      end)
      assert.equal("outer", xai.text(got[1]))
      same({ { "c1" }, { "inner" } }, { results_in("chat", bodies[3]) })
    end)

    it("with arguments of 10 MB", function()
      local text = ("x"):rep(10e6)
      local size
      play_calls("chat", { { "c1", "f", '{"text":"' .. text .. '"}' } }, function(client)
        return client:run_tools("chat", body_of("chat", { tools = { { name = "f",
          parameters = s.object(s.string "text"), run = function(args)
            size = #args.text
            return "long"
          end } } }))
      end)
      assert.equal(10e6, size)
    end)

    it("up to limits whose messages count one and many", function()
      local function message(opts, calls)
        return play({ answer_of("chat", calls) }, function(client)
          return client:run_tools("chat", body_of("chat", { tools = { weather() } }), opts)
        end)[2]
      end
      assert.equal("limit: no answer without calls in 1 round", message({ max_rounds = 1 }, { ROME }))
      assert.equal("limit: no answer without calls in 2 rounds", message({ max_rounds = 2 }, { ROME }))
      assert.equal("limit: 1 call, at most 0 may run", message({ max_calls = 0 }, { ROME }))
      assert.equal("limit: 2 calls, at most 1 may run", message({ max_calls = 1 }, { ROME, OSLO }))
      local function pause() end
      assert.equal("pending: 1 call waits for an answer", message({ approve = pause }, { ROME }))
    end)

    it("up to max_calls, which counts those of all rounds", function()
      local got = play({ answer_of("chat", { ROME, OSLO }), answer_of("chat", { { "c3", "get_weather", ROME[3] } }) },
        function(client)
          return client:run_tools("chat", body_of("chat", { tools = { weather() } }), { max_calls = 2 })
        end)
      same({ "limit", "max_calls", 2 }, { got[3].kind, got[3].code, #got[3].run.calls })
      same({ "c1", "c2", "c3" }, (results_in("chat", got[3].run.body)))
    end)
  end)

  for _, name in ipairs(NAMES) do
    describe("with " .. name, function()
      it("asks for approval in the call's own task, and tells the model why not", function()
        local asked = {}
        local _, _, info, bodies = play_calls(name, { ROME, OSLO }, function(client)
          return client:run_tools(name, body_of(name, { tools = { weather() } }), { approve = function(call)
            asked[#asked + 1] = call.arguments
            xai.sleep(0.001)
            return call.id == "c1", "not Oslo"
          end })
        end)
        assert.equal(2, #asked)
        local ids, outputs = results_in(name, bodies[2])
        same({ "c1", "c2" }, ids)
        assert.equal("Rome is fine", outputs[1])
        assert.matches("not Oslo", outputs[2], 1, true)
        same({ true, false }, { info.run.calls[1].ok, info.run.calls[2].ok })
      end)

      for _, way in ipairs { "true", "false", "a result" } do
        it("pauses, and goes on from a saved body with the answer " .. way, function()
          local ran = {}
          local tools = { weather(function(args)
            ran[#ran + 1] = args.city
            return args.city .. " is fine"
          end) }
          local answer, message, info, bodies = play_calls(name, { ROME, OSLO }, function(client)
            local result, words, paused = client:run_tools(name, body_of(name, { tools = tools, tool_choice =
              name == "message" and { type = "any" } or "required" }), { approve = function(call)
              if call.id == "c1" then return true end
            end })
            same({ "pending", "pending: 1 call waits for an answer" }, { paused.kind, words })
            assert.is_nil(result)
            same({ "c2", 1 }, { paused.run.pending[1].id, #paused.run.pending })
            same({ "Rome" }, ran)
            local body = saved(paused.run.body)
            local _, still = client:run_tools(name, body, { tools = tools })
            assert.equal("pending: 1 call waits for an answer", still)
            local answers = { ["true"] = true, ["false"] = false, ["a result"] = { celsius = 9 } }
            return client:run_tools(name, body, { tools = tools, answers = { c2 = answers[way] } })
          end)
          assert.equal("It is warm.", xai.text(answer), message)
          same(way == "true" and { "Rome", "Oslo" } or { "Rome" }, ran)
          local ids, outputs = results_in(name, bodies[2])
          same({ "c1", "c2" }, ids)
          local pattern = way == "true" and "^Oslo is fine$" or way == "false" and "did not allow" or '^{"celsius":9}$'
          assert.matches(pattern, outputs[2])
          assert.equal(1, info.run.rounds)
          assert.is_nil(bodies[2].tool_choice)
          if name == "respond" then
            assert.equal("r1", bodies[2].previous_response_id)
            assert.equal(2, #bodies[2].input)
          end
        end)
      end

      it("sends the results of a turn in the order of its calls, also those that came later", function()
        local _, _, info, bodies = play_calls(name, { ROME, OSLO }, function(client)
          local tools = { weather() }
          local body = body_of(name, { tools = tools, store = name ~= "respond" and nil })
          local _, _, paused = client:run_tools(name, body, { approve = function(call)
            if call.id == "c2" then return true end
          end })
          return client:run_tools(name, saved(paused.run.body), { tools = tools, answers = { c1 = true } })
        end)
        same({ "c1", "c2" }, (results_in(name, bodies[2])))
        same({ "c1", "c2" }, (results_in(name, info.run.body)))
      end)

      it("leaves a body that has the answer, to which a question is added", function()
        local _, _, info = play_calls(name, { ROME }, function(client)
          local fields = { tools = { weather() }, store = name ~= "respond" and nil }
          return client:run_tools(name, body_of(name, fields))
        end)
        local list = info.run.body.input or info.run.body.messages
        local last = list[#list]
        assert.equal("assistant", last.role)
        assert.equal("It is warm.", type(last.content) == "table" and last.content[1].text or last.content)
      end)

      it("keeps what has no answer pending, also without approve", function()
        local _, _, info = play_calls(name, { ROME, OSLO }, function(client)
          local opts = { approve = function() end }
          local _, _, paused = client:run_tools(name, body_of(name, { tools = { weather() } }), opts)
          assert.equal("2 calls wait for an answer", paused.message)
          return client:run_tools(name, saved(paused.run.body), { tools = { weather() }, answers = { c1 = true } })
        end)
        same({ "pending", "c2" }, { info.kind, info.run.pending[1].id })
        same({ "c1" }, (results_in(name, info.run.body)))
      end)

      it("lets on_round change the body, and end the run", function()
        local seen
        local answer, _, _, bodies = play_calls(name, { ROME }, function(client)
          return client:run_tools(name, body_of(name, { tools = { weather() } }), { on_round = function(run)
            seen = { run.rounds, #run.calls, run.usage.input }
            xai.sleep(0.001)
            run.body.model = "grok-4.6"
            run.body.tools = { { name = "other", run = print } }
          end })
        end)
        same({ 1, 1, 10 }, seen)
        same({ "It is warm.", "grok-4.6" }, { xai.text(answer), bodies[2].model })
        local tool = bodies[2].tools[1]
        assert.equal("other", (tool["function"] or tool).name)
        answer, _, _, bodies = play_calls(name, { ROME }, function(client)
          local opts = { on_round = function() return false end }
          return client:run_tools(name, body_of(name, { tools = { weather() } }), opts)
        end)
        same({ "c1", 1 }, { xai.calls(answer)[1].id, #bodies })
      end)

      it("ends at its deadline, while a tool never returns", function()
        local got = play({ answer_of(name, { ROME, OSLO }) }, function(client)
          return client:run_tools(name, body_of(name, { tools = { weather(function(args)
            if args.city == "Rome" then return "done" end
            xai.await(function() end)
          end) } }), { deadline = 0.1 })
        end)
        same({ "limit", "deadline", "c1" }, { got[3].kind, got[3].code, xai.calls(got[3].partial)[1].id })
        local ids, outputs = results_in(name, got[3].run.body)
        same({ "c1", "c2", "done" }, { ids[1], ids[2], outputs[1] })
        assert.matches("cancelled", outputs[2], 1, true)
      end)

      it("ends at its deadline, while a request is under way", function()
        local got = play({ answer_of(name, { ROME }), scripted.stall }, function(client)
          return client:run_tools(name, body_of(name, { tools = { weather() } }), { deadline = 0.1 })
        end)
        same({ "limit", "deadline", 2 }, { got[3].kind, got[3].code, got[3].run.rounds })
        same({ "c1" }, (results_in(name, got[3].run.body)))
      end)

      for _, where in ipairs { "a tool runs", "a request is under way" } do
        it("ends with all its tools when its task is cancelled while " .. where, function()
          local task, went_on
          local answers = { answer_of(name, { ROME, OSLO }), scripted.stall }
          local is_tool = where == "a tool runs"
          play(answers, function(client, bodies)
            task = xai.spawn(function()
              client:run_tools(name, body_of(name, { tools = { weather(function(args)
                if args.city == "Oslo" and is_tool then
                  xai.await(function() end)
                  went_on = true
                end
                return "fine"
              end) } }))
            end)
            repeat xai.sleep(0.002) until #bodies() == (is_tool and 1 or 2)
            xai.sleep(0.03)
            task:cancel()
            repeat xai.sleep(0) until task:status() == "cancelled"
          end)
          local ok, err = pcall(task.wait, task)
          same({ false, "cancelled" }, { ok, err.kind })
          local ids, outputs = results_in(name, err.run.body)
          same({ "c1", "c2", "fine" }, { ids[1], ids[2], outputs[1] })
          if is_tool then assert.matches("cancelled", outputs[2], 1, true) else assert.equal("fine", outputs[2]) end
          assert.is_nil(went_on)
        end)
      end

      it("hands out nothing and sends nothing after a tool has cancelled its own run", function()
        local task
        local _, bodies = play(two_rounds(name, { ROME, OSLO }), function(client)
          task = xai.spawn(function()
            client:run_tools(name, body_of(name, { tools = { weather(function() task:cancel() end) } }))
          end)
          repeat xai.sleep(0) until task:status() == "cancelled"
        end)
        local _, err = pcall(task.wait, task)
        same({ "c1", "c2" }, (results_in(name, err.run.body)))
        assert.equal(1, #bodies)
      end)

      it("raises what on_part, approve or on_round raise", function()
        for _, option in ipairs { "on_part", "approve", "on_round" } do
          local ok, problem = pcall(play_calls, name, { ROME }, function(client)
            return client:run_tools(name, body_of(name, { tools = { weather() } }),
              { [option] = function() error("of " .. option, 0) end })
          end)
          same({ false, "of " .. option }, { ok, problem })
        end
      end)
    end)
  end
end)

describe("a run of tools with stream = true", function()
  local stage

  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  local function body(name, fields)
    local all = body_of(name, { stream = true, tools = { weather() } })
    local question = "Is it warmer in Oslo or in Rome?"
    if name == "respond" then all.input = question else all.messages[1].content = question end
    for key, value in pairs(fields or {}) do all[key] = value end
    return all
  end

  local TEXT = "Here is what I found. Oslo: Oslo is fine; Rome: Rome is fine."

  for _, name in ipairs(NAMES) do
    describe("of " .. name, function()
      it("hands out the parts of all rounds, with one usage and one done", function()
        local run, message, info = stage.client:run_tools(name, body(name))
        assert.is_nil(message)
        assert.is_table(info.run)
        local count, text, results = {}, {}, {}
        for kind, value, more in run:parts() do
          count[kind] = (count[kind] or 0) + 1
          if kind == "text" then text[#text + 1] = value end
          if kind == "result" then results[#results + 1] = { value.arguments, more } end
          if kind == "usage" then assert.equal(run:info().run.usage.total, value.total) end
          if kind == "done" then same({ "stop" }, { value }) end
        end
        same({ 2, 2, 2, 1, 1 }, { count.round, count.call, count.result, count.usage, count.done })
        assert.equal(TEXT, table.concat(text))
        table.sort(results, function(a, b) return a[1] < b[1] end)
        same({ '{"city":"Oslo"}', "Oslo is fine" }, results[1])
        local answer, words, facts = run:result()
        same({ TEXT, 2 }, { xai.text(answer), facts.run.rounds })
        assert.is_nil(words)
        assert.is_true(facts.run.usage.input > 0)
        assert.is_nil((run:next_part()))
        stages.rest()
      end)

      it("is read as text, and as a result", function()
        local pieces = {}
        for text in stage.client:run_tools(name, body(name)):text() do pieces[#pieces + 1] = text end
        assert.equal(TEXT, table.concat(pieces))
        assert.equal(TEXT, xai.text((stage.client:run_tools(name, body(name)):result())))
        stages.rest()
      end)

      it("returns its result with on_part and with on_event", function()
        local kinds, events = {}, 0
        local answer = stage.client:run_tools(name, body(name), { on_part = function(kind) kinds[kind] = true end })
        assert.equal(TEXT, xai.text(answer))
        same({ true, true, true, true }, { kinds.round, kinds.result, kinds.text, kinds.done })
        answer = stage.client:run_tools(name, body(name), { on_event = function() events = events + 1 end })
        assert.equal(TEXT, xai.text(answer))
        assert.is_true(events > 10)
        stages.rest()
      end)

      it("is read in a task by next_part while others go on", function()
        local text, others = {}, 0
        xai.run(function()
          xai.spawn(function()
            local run = stage.client:run_tools(name, body(name))
            local kind, value = run:next_part()
            while kind do
              if kind == "text" then text[#text + 1] = value end
              kind, value = run:next_part()
            end
            text.over = true
          end)
          while not text.over do
            others = others + 1
            xai.sleep(0)
          end
        end)
        assert.equal(TEXT, table.concat(text))
        assert.is_true(others > 2)
        stages.rest()
      end)

      it("is read by a loop within a task, also where its iterator cannot yield", function()
        local text = {}
        xai.run(function()
          for kind, value in stage.client:run_tools(name, body(name)):parts() do
            if kind == "text" then text[#text + 1] = value end
          end
        end)
        assert.equal(TEXT, table.concat(text))
        stages.rest()
      end)

      it("is closed at any moment, with a body that goes on", function()
        for stop = 1, 40, 3 do
          local run = stage.client:run_tools(name, body(name, { store = name ~= "respond" and nil }))
          local kind
          for _ = 1, stop do
            kind = run:next_part()
            if not kind then break end
          end
          run:close()
          local value, message, info = run:result()
          if value == nil then
            same({ "cancelled", "cancelled: the run was closed" }, { info.kind, message })
            local again = info.run.body
            again.stream = nil
            local answer = assert(stage.client:run_tools(name, again, { tools = { weather() } }))
            assert.matches("^Here is what I found. Oslo: .*; Rome: .*%.$", xai.text(answer))
          end
          while run:next_part() do end -- luacheck: ignore 542
        end
        xai.step(0)
        stages.rest()
      end)

      it("raises in its loop what a tool raises, with on_tool_error", function()
        local mine = {}
        local run = stage.client:run_tools(name, body(name, { tools = { weather(function() error(mine) end) } }),
          { on_tool_error = "raise" })
        local ok, problem = pcall(function() for _ in run:parts() do end end) -- luacheck: ignore 542
        same({ false, true }, { ok, problem == mine })
        ok, problem = pcall(run.result, run)
        same({ false, true }, { ok, problem == mine })
        stages.rest()
      end)

      it("raises the error object where it fails, and gives it in place of a part", function()
        local run = stage.client:run_tools(name, body(name), { max_rounds = 1 })
        local ok, problem = pcall(function() for _ in run:parts() do end end) -- luacheck: ignore 542
        same({ false, "limit", "max_rounds" }, { ok, problem.kind, problem.code })
        local kind, message, info = run:next_part()
        same({ "limit", tostring(problem) }, { info.kind, message })
        assert.is_nil(kind)
        stages.rest()
      end)
    end)
  end

  it("asks chat for the usage, unless the body has stream_options", function()
    local run = stage.client:run_tools("chat", body "chat")
    run:result()
    same({ include_usage = true }, run:info().run.body.stream_options)
    run = stage.client:run_tools("chat", body("chat", { stream_options = { include_usage = false } }))
    run:result()
    same({ include_usage = false }, run:info().run.body.stream_options)
    assert.equal(0, run:info().run.usage.input)
    stages.rest()
  end)
end)

-- That of copas is in copas_spec.lua.
describe("a run of tools within", function()
  local OSLO_AND_ROME = "Here is what I found. Oslo: Oslo %s; Rome: Rome %s."

  local function found(words) return (OSLO_AND_ROME:gsub("%%s", words)) end

  local uv, cqueues, interrupt = programs.folder "uv", programs.folder "cqueues", programs.folder "interrupt"
  setup(function()
    uv:open()
    cqueues:open()
    interrupt:open()
  end)
  teardown(function()
    uv:close()
    cqueues:close()
    interrupt:close()
  end)

  it("luv: tools wait for its timers", function()
    local text = found "by a timer" .. "\n"
    uv:says(text .. text .. text .. "cancelled 2 true 0\ntrue\n", "tools")
  end)

  it("cqueues: its coroutines go on meanwhile", function()
    if not pcall(require, "cqueues") then return pending "this Lua has no cqueues" end
    cqueues:says(found "in a loop" .. " true\ncancelled 0\ntrue\n", "tools")
  end)

  it("the interpreter: Ctrl-C ends it while it waits, and the next run is as any", function()
    interrupt:says("false cancelled interrupted 2 1\nfalse cancelled interrupted 0 1\n"
      .. "false cancelled interrupted 2\n" .. "Here is what I found. Oslo: Oslo; Rome: Rome.\n", "run_of_tools")
  end)

  if _VERSION == "Lua 5.1" and programs.has_neovim() then
    local nvim = programs.neovim "nvim"
    setup(function() nvim:open() end)
    teardown(function() nvim:close() end)

    it("Neovim: an approval waits for the user", function()
      nvim:says("Here is what I found. Oslo: Oslo is sunny; Rome: error the user said no.\n"
        .. found "is sunny" .. "\ncancelled 2 0\n", "tools")
    end)
  end
end)

describe("a run of tools that nobody holds any more", function()
  for _, name in ipairs(NAMES) do
    it("asks no more with " .. name, function()
      local ran = 0
      local tool = weather(function()
        ran = ran + 1
        xai.sleep(0.001)
        collectgarbage()
        collectgarbage()
      end)
      local _, bodies = play(two_rounds(name, { ROME }), function(client)
        client:run_tools(name, body_of(name, { tools = { tool }, stream = true }))
        repeat xai.sleep(0.001) until ran == 1
        xai.sleep(0.05)
      end)
      same({ 1, 1 }, { ran, #bodies })
    end)
  end
end)

describe("a run of tools in frames of xai.update", function()
  it("goes on frame by frame, while a tool waits for a click", function()
    local click, got
    play(two_rounds("chat", { ROME }), function(client)
      local function by_click() return xai.await(function(done) click = done end) end
      xai.spawn(function() got = client:run_tools("chat", body_of("chat", { tools = { weather(by_click) } })) end)
      repeat xai.sleep(0) until click
      click "clicked"
      repeat xai.sleep(0) until got
    end)
    assert.equal("It is warm.", xai.text(got))
  end)
end)
