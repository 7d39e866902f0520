--- client:run_tools against tools, callbacks and models that misbehave.

local live = require "spec.support.live"
local scripted = require "spec.support.scripted"
local tool_stage = require "spec.support.tool_stage"
local xai = require "xai"

local answer_of, body_of, play = tool_stage.answer, tool_stage.body, tool_stage.play
local same = assert.same
local s = xai.schema

local NAMES = { "respond", "chat", "message" }
local ROME, OSLO = { "c1", "get_weather", '{"city":"Rome"}' }, { "c2", "get_weather", '{"city":"Oslo"}' }
local OSLO_AGAIN = { "c1", "get_weather", '{"city":"Oslo"}' } -- with an id that was used

local function weather(run)
  return {
    name = "get_weather", description = "The weather", parameters = s.object(s.string "city"),
    run = run or function(args) return args.city end,
  }
end

--- A body that is sent whole each time, whose history can be seen.
local function stateless(name, fields)
  local body = body_of(name, fields)
  if name == "respond" then body.store = false end
  return body
end

local function last(name) return answer_of(name, {}, "It is warm.", { id = "r2" }) end

--- The ids and texts of the results in a body, in order.
local function results_in(name, body)
  local found = {}
  local function add(id, text) found[#found + 1] = id and id .. " " .. text or nil end
  for _, item in ipairs(name == "respond" and body.input or body.messages) do
    add(item.type == "function_call_output" and item.call_id or item.tool_call_id, item.output or item.content)
    for _, block in ipairs(type(item.content) == "table" and item.content or {}) do
      add(block.tool_use_id, block.content)
    end
  end
  return found
end

local function saved(body) return xai.decode(xai.encode(body)) end

--- Go on from a pause, with leave for the call of this id.
local function go_on(client, name, body, id)
  local answer = client:run_tools(name, saved(body), { tools = { weather() }, answers = { [id] = true } })
  assert.is_table(answer)
end

describe("client:run_tools", function()
  after_each(function() assert.equal(0, live()) end)

  describe("ends the request that nobody has waited for", function()
    it("when its run is closed at once", function()
      play({ scripted.stall }, function(client)
        local run = client:run_tools("respond", body_of("respond", { stream = true }))
        assert.equal(1, xai.active())
        run:close()
        assert.equal(0, xai.active())
        assert.equal("cancelled", (select(3, run:result())).kind)
      end)
    end)

    it("when its run is closed in its first part", function()
      local _, bodies = play({ answer_of("respond", { ROME }), last "respond" }, function(client)
        local task, ran
        task = xai.spawn(function()
          client:run_tools("respond", body_of("respond", { tools = { weather(function() ran = true end) } }), {
            on_part = function() pcall(xai.sleep, 0.2) end,
          })
        end)
        xai.sleep(0.05)
        task:cancel()
        assert.is_false((pcall(task.wait, task)))
        xai.sleep(0.05)
        same({ 0 }, { xai.active(), ran })
      end)
      assert.is_true(#bodies <= 1)
    end)
  end)

  describe("runs and sends nothing after its end, though the end was survived", function()
    it("in on_part", function()
      local ran
      local _, bodies = play({ answer_of("respond", { ROME }, "Hm"), last "respond" }, function(client)
        local is_told
        local task = xai.spawn(function()
          client:run_tools("respond", body_of("respond", { tools = { weather(function() ran = true end) } }), {
            on_part = function(kind)
              if kind ~= "text" then return end
              is_told = true
              pcall(xai.sleep, 10)
            end,
          })
        end)
        while not is_told do xai.sleep(0.01) end
        task:cancel()
        assert.is_false((pcall(task.wait, task)))
        xai.sleep(0.05)
      end)
      same({ 1 }, { #bodies, ran })
    end)

    it("in on_round", function()
      local _, bodies = play({ answer_of("respond", { ROME }), last "respond" }, function(client)
        local run
        run = client:run_tools("respond", body_of("respond", { stream = true, tools = { weather() } }), {
          on_round = function() pcall(run.close, run) end,
        })
        assert.equal("cancelled", (select(3, run:result())).kind)
        xai.sleep(0.05)
      end)
      assert.equal(1, #bodies)
    end)

    it("in approve", function()
      local ran
      local _, bodies = play({ answer_of("respond", { ROME, OSLO }), last "respond" }, function(client)
        local run
        run = client:run_tools("respond",
          body_of("respond", { stream = true, tools = { weather(function() ran = true end) } }), {
            parallel = 1,
            approve = function()
              pcall(run.close, run)
              return true
            end,
          })
        assert.equal("cancelled", (select(3, run:result())).kind)
        xai.sleep(0.05)
      end)
      same({ 1 }, { #bodies, ran })
    end)
  end)

  for _, name in ipairs(NAMES) do
    describe("by " .. name, function()
      it("gives a tool arguments of its own", function()
        local seen
        local got, bodies = play({ answer_of(name, { ROME }), last(name) }, function(client)
          return client:run_tools(name, stateless(name, { tools = { weather(function(args, call)
            args.city, args.more = nil, print
            seen = call.arguments
            return "fine"
          end) } }))
        end)
        assert.is_table(got[1])
        assert.equal('{"city":"Rome"}', seen)
        local sent = xai.encode(bodies[2])
        assert.matches("Rome", sent, 1, true)
        assert.not_matches("more", sent, 1, true)
      end)

      it("leaves a saved body as it was, whatever a tool does to its arguments", function()
        play({ answer_of(name, { ROME }), last(name) }, function(client)
          local tool = weather(function(args)
            args.city = nil
            return "fine"
          end)
          local _, _, info = client:run_tools(name, stateless(name, { tools = { tool } }), { approve = function() end })
          local body = saved(info.run.body)
          local before = xai.encode(body)
          assert.is_table((client:run_tools(name, body, { tools = { tool }, answers = { c1 = true } })))
          assert.equal(before, xai.encode(body))
        end)
      end)

      it("goes on from a pause where an id was used in an earlier round", function()
        local answers = { answer_of(name, { ROME }), answer_of(name, { OSLO_AGAIN }), last(name) }
        local _, bodies = play(answers, function(client)
          local asked = 0
          local _, _, info = client:run_tools(name, stateless(name, { tools = { weather() } }), {
            approve = function()
              asked = asked + 1
              return asked < 2 or nil
            end,
          })
          same({ "pending", 1 }, { info.kind, #info.run.pending })
          go_on(client, name, info.run.body, "c1")
        end)
        same({ "c1 Rome", "c1 Oslo" }, results_in(name, bodies[3]))
      end)

      it("keeps the results of all calls where an answer has one id twice, also after a pause", function()
        local _, bodies = play({ answer_of(name, { ROME, OSLO_AGAIN, OSLO }), last(name) }, function(client)
          local _, _, info = client:run_tools(name, stateless(name, { tools = { weather() } }), {
            approve = function(call) return call.id == "c1" or nil end,
          })
          assert.equal("pending", info.kind)
          go_on(client, name, info.run.body, "c2")
        end)
        same({ "c1 Rome", "c1 Oslo", "c2 Oslo" }, results_in(name, bodies[2]))
      end)

      it("goes on from a pause where the second call of one id waits", function()
        local _, bodies = play({ answer_of(name, { ROME, OSLO_AGAIN }), last(name) }, function(client)
          local _, _, info = client:run_tools(name, stateless(name, { tools = { weather() } }), {
            approve = function(call) return call.args.city == "Rome" or nil end,
          })
          assert.equal("pending", info.kind)
          go_on(client, name, info.run.body, "c1")
        end)
        same({ "c1 Rome", "c1 Oslo" }, results_in(name, bodies[2]))
      end)

      it("keeps both results in a conversation where an answer has one id twice", function()
        play({ answer_of(name, { ROME, OSLO_AGAIN }), answer_of(name, { ROME }), last(name) }, function(client)
          local talk = client:conversation({ model = "grok-4.5", max_tokens = 100, tools = { weather() } },
            { endpoint = name })
          assert.equal("It is warm.", (talk:ask "Hi"))
          same({ "c1 Rome", "c1 Oslo", "c1 Rome" }, results_in(name, { input = talk.items, messages = talk.items }))
        end)
      end)

      it("keeps results in a conversation though on_round has left them out of the body", function()
        local field = name == "respond" and "input" or "messages"
        local body = { model = "grok-4.5", max_tokens = 100, tools = { weather() } }
        play({ answer_of(name, { ROME }), last(name) }, function(client)
          local talk = client:conversation(body, { endpoint = name })
          local text = talk:ask("Hi", { on_round = function(run)
            run.body[field] = { { role = "user", content = "Rome is fine." } }
          end })
          assert.equal("It is warm.", text)
          same({ "c1 Rome" }, results_in(name, { [field] = talk.items }))
        end)
        play({ answer_of(name, { ROME }) }, function(client)
          local talk = client:conversation(body, { endpoint = name })
          local task = xai.spawn(talk.ask, talk, "Hi", { on_round = function(run) run.body = 5 end })
          while task:status() ~= "failed" do xai.sleep(0.01) end
          assert.is_true(talk:keep())
          same({ "c1 Rome" }, results_in(name, { [field] = talk.items }))
          assert.is_false((pcall(task.wait, task)))
        end)
      end)

      it("keeps the text of a round once, where on_round has raised", function()
        play({ answer_of(name, { ROME }, "Hm") }, function(client)
          local talk = client:conversation({ model = "grok-4.5", max_tokens = 100, tools = { weather() } },
            { endpoint = name })
          local run = talk:stream("Hi", { on_round = function() error "no more" end })
          while talk.run do xai.sleep(0.01) end
          assert.equal("cancelled", run:info().kind)
          assert.is_true(talk:keep())
          assert.equal(1, select(2, xai.encode(talk.items):gsub("Hm", "")))
        end)
      end)

      it("tells the model of a function that gives nothing that it has run", function()
        local got, bodies = play({ answer_of(name, { ROME }), last(name) }, function(client)
          return client:run_tools(name, stateless(name, { tools = { weather(function() end) } }))
        end)
        same({ "c1 null" }, results_in(name, bodies[2]))
        same({ true }, { got[3].run.calls[1].ok, got[3].run.calls[1].result })
      end)
    end)
  end

  it("counts what a stream has told of its usage when a callback raised", function()
    local events = {
      { type = "message_start", message = { id = "m1", type = "message", role = "assistant", content = xai.array {},
        usage = { input_tokens = 10, output_tokens = 0 } } },
      { type = "content_block_start", index = 0, content_block = { type = "text", text = "" } },
      { type = "content_block_delta", index = 0, delta = { type = "text_delta", text = "It is" } },
    }
    local bytes = {}
    for i, event in ipairs(events) do bytes[i] =
        "event: " .. event.type .. "\ndata: " .. xai.encode(event) .. "\n\n" end
    local said = scripted.answer(200, { ["Content-Type"] = "text/event-stream" }, table.concat(bytes))
    play({ said }, function(client)
      local talk = client:conversation({ model = "grok-4.5", max_tokens = 100 }, { endpoint = "message" })
      local task = xai.spawn(talk.ask, talk, "Hi", {
        on_part = function(kind) if kind == "text" then error "no more" end end,
      })
      repeat xai.sleep(0.005) until task:status() == "failed"
      assert.is_false((pcall(task.wait, task)))
      assert.equal(10, talk.usage.input)
    end)
  end)

  it("gives a message back with an object where the model had other arguments", function()
    for _, input in ipairs { "null", "5", "[1]", "true" } do
      local got, bodies = play({ answer_of("message", { { "c1", "get_weather", input } }), last "message" },
        function(client) return client:run_tools("message", body_of("message", { tools = { weather() } })) end)
      assert.is_table(got[1])
      assert.matches('"input":{}', xai.encode(bodies[2].messages[2]), 1, true)
    end
  end)

  it("tells the model of null in place of arguments", function()
    local _, bodies = play({ answer_of("chat", { { "c1", "get_weather", "null" } }), last "chat" }, function(client)
      return client:run_tools("chat", body_of("chat", { tools = { weather() } }))
    end)
    same({ 'c1 {"error":"the arguments must be an object, got null"}' }, results_in("chat", bodies[2]))
  end)

  it("raises where a tool, or on_round, waits for its own run", function()
    local ways = {
      ["run:result"] = function(run) run:result() end,
      ["run:next_part"] = function(run) repeat until not run:next_part() end,
    }
    for what, wait_for in pairs(ways) do
      for _, place in ipairs { "run", "on_round" } do
        local words = what .. ": a tool or a callback cannot wait for its own run"
        local got = play({ answer_of("chat", { ROME }), last "chat" }, function(client)
          local run, problem
          local function wait_here() wait_for(run) end
          run = client:run_tools("chat", body_of("chat", {
            stream = true, tools = { weather(place == "run" and wait_here or nil) },
          }), { on_round = place == "on_round" and wait_here or nil })
          while not run:info().kind and #run:info().run.calls == 0 do xai.sleep(0.01) end
          local function keep(_, ...) problem = (...) end
          if place == "run" then return run:result() end
          while not run:info().kind do xai.sleep(0.01) end
          keep(pcall(run.result, run))
          return problem
        end)
        assert.matches(words, place == "run" and got[3].run.calls[1].result or got[1], 1, true)
      end
    end
  end)

  it("leaves a body of the user alone that on_round gives it", function()
    local got, bodies = play({ answer_of("chat", { ROME }), last "chat" }, function(client)
      local own
      local other = { name = "other", run = print }
      local answer = client:run_tools("chat", body_of("chat", { tools = { weather() } }), {
        on_round = function(run)
          own = { model = "grok-4.5", messages = run.body.messages, tools = { other } }
          run.body = own
        end,
      })
      return answer, own.tools[1] == other
    end)
    assert.is_table(got[1])
    assert.is_true(got[2])
    assert.equal("other", bodies[2].tools[1]["function"].name)
  end)

  it("takes a tool from on_round in place of one of its name", function()
    local got = play({ answer_of("chat", { ROME }), answer_of("chat", { OSLO }), last "chat" }, function(client)
      return client:run_tools("chat", body_of("chat", { tools = { weather() } }), {
        on_round = function(run) run.body.tools = { weather(function() return "another" end) } end,
      })
    end)
    same({ "Rome", "another" }, { got[3].run.calls[1].result, got[3].run.calls[2].result })
  end)

  it("names itself, and no file of its own, where a later request is misused", function()
    local function problem_of(tool, opts)
      local said = { answer_of("chat", { ROME }), last "chat" }
      local ok, problem = pcall(play, said, function(client)
        local run = tool(client)
        return client:run_tools("chat", body_of("chat", { tools = { weather(run) } }), opts)
      end)
      assert.is_false(ok)
      return problem
    end
    local function plain() end
    local opts = { on_round = function(run) run.body.messages = { { content = print } } end }
    assert.equal("client:run_tools: messages[1].content is a function, which JSON cannot express",
      problem_of(plain, opts))
    assert.equal("client:run_tools: the client is closed", problem_of(function(client)
      return function() client:close() end
    end))
  end)

  describe("and its deadline", function()
    it("take the client's, which bounds the whole run", function()
      local got = play({ answer_of("respond", { ROME }), last "respond" }, function(client)
        return client:run_tools("respond", body_of("respond", { tools = { weather(function() xai.sleep(20) end) } }))
      end, { deadline = 0.3 })
      same({ "limit", "deadline" }, { got[3].kind, got[3].code })
    end)

    it("take that of the options instead, also where a request is under way", function()
      for _, seconds in ipairs { 60, 0 } do
        local bytes = scripted.answer(200, { ["Content-Type"] = "application/json" }, xai.encode(last "chat"))
        local got = play({ scripted.slowly(bytes:sub(1, 20), bytes:sub(21)) }, function(client)
          return client:run_tools("chat", body_of "chat", { deadline = seconds })
        end, { deadline = 0.01 })
        assert.is_table(got[1], got[2])
      end
    end)
  end)
end)
