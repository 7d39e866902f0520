--- client:run_tools: rounds of requests and calls.

local live = require "spec.support.live"
local scripted = require "spec.support.scripted"
local tool_stage = require "spec.support.tool_stage"
local xai = require "xai"

local answer_of, body_of, play = tool_stage.answer, tool_stage.body, tool_stage.play
local same = assert.same
local s = xai.schema

local NAMES = { "respond", "chat", "message" }

local function weather(run)
  return {
    name = "get_weather", description = "The weather", parameters = s.object(s.string "city"),
    run = run or function(args) return { celsius = args.city == "Rome" and 24 or 9 } end,
  }
end

--- Answers with these calls, then with a text.
local function two_rounds(name, calls, more)
  return { answer_of(name, calls, nil, more), answer_of(name, {}, "It is warm.", { id = "r2" }) }
end

local ROME, OSLO = { "c1", "get_weather", '{"city":"Rome"}' }, { "c2", "get_weather", '{"city":"Oslo"}' }

--- The results in a request: list of { id, output }.
local function results_in(name, body)
  local list = {}
  local history = name == "respond" and body.input or body.messages
  for _, item in ipairs(type(history) == "table" and history or {}) do
    if item.type == "function_call_output" then list[#list + 1] = { item.call_id, item.output } end
    if item.role == "tool" then list[#list + 1] = { item.tool_call_id, item.content } end
    if name == "message" and item.role == "user" and type(item.content) == "table" then
      for _, block in ipairs(item.content) do
        if block.type == "tool_result" then list[#list + 1] = { block.tool_use_id, block.content, block.is_error } end
      end
    end
  end
  return list
end

--- One round with these calls: what the run returned, and the results that were sent.
local function try(name, calls, tools, opts, fields)
  fields = fields or {}
  fields.tools = tools
  local got, bodies = play(two_rounds(name, calls), function(client)
    return client:run_tools(name, body_of(name, fields), opts)
  end)
  return got[1], got[2], got[3], bodies[2] and results_in(name, bodies[2]), bodies
end

describe("client:run_tools", function()
  after_each(function() assert.equal(0, live()) end)

  for _, name in ipairs(NAMES) do
    describe("with " .. name, function()
      it("runs what the model calls and returns the answer without calls", function()
        local answer, message, info, results = try(name, { ROME, OSLO }, { weather() })
        assert.equal("It is warm.", xai.text(answer))
        assert.is_nil(message)
        same({ { "c1", '{"celsius":24}' }, { "c2", '{"celsius":9}' } }, results)
        same({ 2, 20, 8 }, { info.run.rounds, info.run.usage.input, info.run.usage.output })
        assert.equal(name ~= "message" and 2 or nil, info.run.usage.usd)
        assert.equal(200, info.status)
        local call = info.run.calls[1]
        same({ "c1", "get_weather", true, { celsius = 24 } }, { call.id, call.name, call.ok, call.result })
        assert.is_number(call.seconds)
      end)

      it("writes the tools as the endpoint takes them, and leaves the others as they are", function()
        local other = { type = "web_search" }
        local mine = weather()
        local body = body_of(name, { tools = { mine, other } })
        local _, bodies = play({ answer_of(name, {}, "Hi") }, function(client)
          return client:run_tools(name, body)
        end)
        local parameters = { type = "object", properties = { city = { type = "string" } }, required = { "city" },
          additionalProperties = false }
        local inner = { name = "get_weather", description = "The weather", parameters = parameters }
        if name == "chat" then inner = { type = "function", ["function"] = inner } end
        if name == "respond" then inner.type = "function" end
        if name == "message" then inner.parameters, inner.input_schema = nil, parameters end
        same({ inner, other }, bodies[1].tools)
        assert.equal(mine, body.tools[1])
        assert.is_function(mine.run)
      end)

      it("never changes the body of its caller", function()
        local tools = { weather() }
        local body = body_of(name, { tools = tools, tool_choice = "auto", stream = false })
        local history = body.input or body.messages
        play(two_rounds(name, { ROME }), function(client) return client:run_tools(name, body) end)
        assert.equal(history, body.input or body.messages)
        assert.equal(1, #(body.messages or { 1 }))
        assert.equal(tools, body.tools)
        assert.is_nil(body.previous_response_id)
        assert.is_nil(body.stream_options)
      end)

      it("tells the model of errors, nil and a message, and what is no JSON, by their first line", function()
        local function failing(n, run) return { name = "f" .. n, run = run } end
        local calls = { { "c1", "f1", "{}" }, { "c2", "f2", "{}" }, { "c3", "f3", "{}" } }
        local answer, _, info, results = try(name, calls, {
          failing(1, function() error("so wrong\nsecond line", 0) end),
          failing(2, function() return nil, "not today" end),
          failing(3, function() return print end),
        })
        assert.equal("It is warm.", xai.text(answer))
        if name == "message" then
          same({ { "c1", "so wrong", true }, { "c2", "not today", true } }, { results[1], results[2] })
        else
          same({ { "c1", '{"error":"so wrong"}' }, { "c2", '{"error":"not today"}' } }, { results[1], results[2] })
        end
        assert.matches("the tool's result is no JSON", results[3][2], 1, true)
        for i = 1, 3 do assert.is_false(info.run.calls[i].ok) end
      end)

      it("tells the model the mistakes of wrong arguments and unknown names, and runs the others", function()
        local ran = {}
        local tool = weather(function(args)
          ran[#ran + 1] = args.city
          return "fine"
        end)
        local wrong, unknown = { "c1", "get_weather", '{"city":5}' }, { "c2", "get_wether", "{}" }
        local right = { "c3", "get_weather", '{"city":"Rome"}' }
        local _, _, _, results = try(name, { wrong, unknown, right }, { tool })
        same({ "Rome" }, ran)
        assert.matches("city: expected a string, got", results[1][2], 1, true)
        assert.matches("there is no tool 'get_wether'; the tools are: get_weather", results[2][2], 1, true)
        same({ "c3", "fine" }, { results[3][1], results[3][2] })
      end)

      it("gives a function empty arguments where there are none", function()
        local given
        try(name, { { "c1", "now", name == "message" and "{}" or "" } }, { { name = "now", run = function(args)
          given = args
          return "noon"
        end } })
        same({}, given)
      end)

      it("sends results in the order of the calls, whichever ends first", function()
        local _, _, _, results = try(name, { ROME, OSLO }, { weather(function(args, call)
          if args.city == "Rome" then xai.sleep(0.02) end
          return call.id
        end) })
        same({ { "c1", "c1" }, { "c2", "c2" } }, results)
      end)

      it("forces a call in the first round only", function()
        local choice = name == "respond" and { type = "function", name = "get_weather" }
          or name == "chat" and "required" or { type = "any" }
        local _, _, _, _, bodies = try(name, { ROME }, { weather() }, nil, { tool_choice = choice })
        same(choice, bodies[1].tool_choice)
        assert.is_nil(bodies[2].tool_choice)
        local free = name ~= "message" and "auto" or nil
        _, _, _, _, bodies = try(name, { ROME }, { weather() }, nil, { tool_choice = free })
        assert.equal(free, bodies[2].tool_choice)
      end)

      it("ends with kind limit after max_rounds, and goes on from its body", function()
        local answers = { answer_of(name, { ROME }), answer_of(name, { OSLO }), answer_of(name, {}, "At last.") }
        local got, bodies = play(answers, function(client)
          local _, _, info = client:run_tools(name, body_of(name, { tools = { weather() } }), { max_rounds = 2 })
          same({ "limit", "max_rounds", 2 }, { info.kind, info.code, info.run.rounds })
          assert.equal("c2", xai.calls(info.partial)[1].id)
          local saved = xai.decode(xai.encode(info.run.body))
          return client:run_tools(name, saved, { tools = { weather() } })
        end)
        assert.equal("At last.", xai.text(got[1]))
        assert.equal(3, #bodies)
        assert.equal("c2", results_in(name, bodies[3])[name == "respond" and 1 or 2][1])
      end)

      it("ends with all that a failure tells, its words first", function()
        local function told(message, info)
          assert.equal(tostring(info), message)
          assert.equal(info.kind .. ": " .. info.message, message)
          same({ "string", 1, 0, "number" }, { type(info.url), info.attempts, info.resends, type(info.elapsed) })
          same({ false, "yes" }, { info.retryable, info.billed })
        end
        play({ answer_of(name, { ROME }) }, function(client)
          local body = body_of(name, { tools = { weather() } })
          local _, message, info = client:run_tools(name, body, { max_rounds = 1 })
          told(message, info)
          _, message, info = client:run_tools(name, body, { approve = function() return nil end })
          told(message, info)
          local _, early, begun = client:run_tools(name, info.run.body,
            { tools = { weather() }, answers = { c1 = "warm" }, deadline = 1e-9 })
          same({ "limit", false }, { begun.kind, begun.retryable })
          assert.equal(tostring(begun), early)
        end)
      end)

      it("runs none of the calls that would pass max_calls", function()
        local count, calls = 0, {}
        for i = 1, 10000 do calls[i] = { "c" .. i, "f", "{}" } end
        local tool = { name = "f", run = function() count = count + 1 end }
        local _, _, info = try(name, calls, { tool })
        same({ "limit", "max_calls", 0 }, { info.kind, info.code, count })
        assert.equal(10000, #results_in(name, info.run.body))
      end)

      it("never runs the calls of a cut answer", function()
        local ran = false
        local reason = { reason = "max_output_tokens" }
        local cut = name == "respond" and { status = "incomplete", incomplete_details = reason }
          or name == "message" and { stop_reason = "max_tokens" } or {}
        local answer = answer_of(name, { ROME }, nil, cut)
        if name == "chat" then answer.choices[1].finish_reason = "length" end
        local got = play({ answer }, function(client)
          return client:run_tools(name, body_of(name, { tools = { weather(function() ran = true end) } }))
        end)
        same({ "truncated", false, 1 }, { got[3].kind, ran, got[3].run.rounds })
        assert.equal("c1", xai.calls(got[3].partial)[1].id)
      end)

      it("raises a tool's error with on_tool_error", function()
        local mine = { "my own" }
        local ok, problem = pcall(try, name, { ROME, OSLO }, { weather(function(args)
          if args.city == "Rome" then error(mine) end
          xai.sleep(100)
        end) }, { on_tool_error = "raise" })
        same({ false, mine }, { ok, problem })
      end)

      it("returns the failure of a request with what was done before", function()
        local got = play({ answer_of(name, { ROME }), scripted.answer(400, {}, '{"error":"no"}') }, function(client)
          return client:run_tools(name, body_of(name, { tools = { weather() } }))
        end)
        same({ "bad_request", 2, 1 }, { got[3].kind, got[3].run.rounds, #got[3].run.calls })
        same({ { "c1", '{"celsius":24}' } }, results_in(name, got[3].run.body))
      end)
    end)
  end
end)
