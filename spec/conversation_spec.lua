--- client:conversation: a history that no failure can tear.

local histories = require "spec.support.histories"
local live = require "spec.support.live"
local programs = require "spec.support.programs"
local scripted = require "spec.support.scripted"
local stages = require "spec.support.stage"
local tool_stage = require "spec.support.tool_stage"
local xai = require "xai"

local answer_of, play = tool_stage.answer, tool_stage.play
local same = assert.same
local s = xai.schema

local NAMES = { "respond", "chat", "message" }
local HISTORIES = { respond = "input", chat = "messages", message = "messages" }

local function weather(run)
  return {
    name = "get_weather", description = "The weather", parameters = s.object(s.string "city"),
    run = run or function() return { celsius = 24 } end,
  }
end

local ROME = { "c1", "get_weather", '{"city":"Rome"}' }
local GONE = scripted.answer(404, { ["Content-Type"] = "application/json" },
  '{"code":"not-found","error":"Response with id r1 was not found."}')
local BROKEN = scripted.answer(500, { ["Content-Type"] = "application/json" }, '{"error":"broken"}')

local function body_of(name, fields)
  local body = { model = "grok-4.5", max_tokens = name == "message" and 100 or nil }
  for key, value in pairs(fields or {}) do body[key] = value end
  return body
end

local function talk_of(client, name, fields, opts)
  local all = { endpoint = name }
  for key, value in pairs(opts or {}) do all[key] = value end
  return client:conversation(body_of(name, fields), all)
end

local function text_answer(name, text, id) return answer_of(name, {}, text, { id = id or "r1" }) end

local function said(list)
  local texts = {}
  for i, item in ipairs(list) do
    local content = item.content
    if type(content) == "table" then content = content[1] and (content[1].text or content[1].type) end
    texts[i] = (item.role or item.type) .. (content and " " .. content or "")
  end
  return texts
end

--- The message of an error, without its place.
local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(err):gsub("^[^:]+:%d+: ", ""))
end

describe("client:conversation", function()
  after_each(function() assert.equal(0, live()) end)

  for _, name in ipairs(NAMES) do
    describe("by " .. name, function()
      it("sends the whole history with each turn, and leaves the caller's body alone", function()
        local tools = { weather() }
        local body = body_of(name, { tools = tools })
        local before = xai.encode(body_of(name))
        local answers = { answer_of(name, { ROME }), text_answer(name, "Warm."), text_answer(name, "Ada.") }
        local got, bodies = play(answers, function(client)
          local talk = client:conversation(body, { endpoint = name })
          local first = talk:ask "I am Ada. Is it warm in Rome?"
          return first, talk:ask "And my name?", talk.items, talk.usage
        end)
        same({ "Warm.", "Ada." }, { got[1], got[2] })
        body.tools = nil
        assert.equal(before, xai.encode(body))
        assert.equal(3, #bodies)
        assert.is_nil(histories.mistake(name, bodies[3][HISTORIES[name]]))
        assert.equal(#got[3], #bodies[3][HISTORIES[name]] + (name == "respond" and 2 or 1))
        same({ 30, 12 }, { got[4].input, got[4].output })
        assert.equal("get_weather", (tools[1].name))
        assert.is_function(tools[1].run)
      end)

      it("has one key for the prompt's cache", function()
        local got, bodies = play({ text_answer(name, "Hi.") }, function(client)
          local talk = talk_of(client, name)
          talk:ask "a"
          talk:ask "b"
          return talk:dump().key
        end)
        assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", got[1])
        if name ~= "message" then
          same({ got[1], got[1] }, { bodies[1].prompt_cache_key, bodies[2].prompt_cache_key })
        else
          assert.is_nil(bodies[1].prompt_cache_key)
        end
      end)

      it("changes the history only by turns that ended well", function()
        local answers = { text_answer(name, "Hi."), answer_of(name, { ROME }), BROKEN, text_answer(name, "Yes.") }
        local got, bodies = play(answers, function(client)
          local talk = talk_of(client, name, { tools = { weather() } })
          talk:ask "a"
          local before = xai.encode(talk.items)
          local text, message, info = talk:ask "b"
          local after = xai.encode(talk.items)
          talk:ask "c"
          return before == after, text, message, info.kind, talk.items
        end)
        same({ true, nil, "server" }, { got[1], got[2], got[4] })
        assert.is_nil(histories.mistake(name, bodies[4][HISTORIES[name]]))
        local texts = table.concat(said(bodies[4][HISTORIES[name]]), ", ")
        assert.matches("user a.*user c", texts)
        assert.is_nil(texts:find("user b", 1, true))
      end)

      it("keeps what a failed turn had brought", function()
        local answers = { answer_of(name, { ROME }), BROKEN, text_answer(name, "Yes.") }
        local got, bodies = play(answers, function(client)
          local talk = talk_of(client, name, { tools = { weather() } })
          local _, _, info = talk:ask "b"
          talk:keep(info)
          talk:ask "c"
          return talk.items
        end)
        local list = bodies[3][HISTORIES[name]]
        assert.is_nil(histories.mistake(name, list))
        assert.equal("user b", said(list)[1])
        assert.equal("user c", said(list)[#list])
        assert.equal(name == "respond" and 5 or 4, #list)
        assert.is_truthy(got[1])
      end)

      it("answers calls that were cancelled when the turn is kept", function()
        local got, bodies = play({ answer_of(name, { ROME }), text_answer(name, "Yes.") }, function(client)
          local is_running = false
          local talk = talk_of(client, name, { tools = { weather(function()
            is_running = true
            xai.sleep(60)
          end) } })
          local task = xai.spawn(function() return talk:ask "b" end)
          while not is_running do xai.sleep(0.01) end
          task:cancel()
          local nothing = #talk.items
          talk:keep()
          return nothing, talk:ask "c"
        end)
        same({ 0, "Yes." }, { got[1], got[2] })
        assert.is_nil(histories.mistake(name, bodies[2][HISTORIES[name]]))
        assert.is_truthy(xai.encode(bodies[2]):find("cancelled", 1, true))
      end)

      it("keeps the input alone where nothing had come", function()
        local _, bodies = play({ BROKEN, text_answer(name, "Yes.") }, function(client)
          local talk = talk_of(client, name)
          local _, _, info = talk:ask "b"
          talk:keep(info)
          talk:ask "c"
        end)
        same({ "user b", "user c" }, said(bodies[2][HISTORIES[name]]))
      end)

      it("keeps a round whose calls were not run any more", function()
        local _, bodies = play({ answer_of(name, { ROME }), text_answer(name, "Yes.") }, function(client)
          local talk = talk_of(client, name, { tools = { weather() } })
          local _, _, info = talk:ask("b", { max_calls = 0 })
          assert.equal("max_calls", info.code)
          talk:keep(info)
          talk:ask "c"
        end)
        local list = bodies[2][HISTORIES[name]]
        assert.is_nil(histories.mistake(name, list))
        assert.is_truthy(xai.encode(list):find("not run", 1, true))
      end)

      it("answers calls that wait for an answer when the turn is kept", function()
        local _, bodies = play({ answer_of(name, { ROME }), text_answer(name, "Yes.") }, function(client)
          local talk = talk_of(client, name, { tools = { weather() } })
          local _, _, info = talk:ask("b", { approve = function() return nil end })
          talk:keep(info)
          talk:ask "c"
        end)
        local list = bodies[2][HISTORIES[name]]
        assert.is_nil(histories.mistake(name, list))
        assert.is_truthy(xai.encode(list):find("cancelled", 1, true))
      end)

      it("keeps the text of a cut answer, and not its calls", function()
        local cut = answer_of(name, { ROME }, "Let me", { stop_reason = name == "message" and "max_tokens" or nil,
          status = name == "respond" and "incomplete" or nil })
        if name == "chat" then cut.choices[1].finish_reason = "length" end
        if name == "respond" then cut.incomplete_details = { reason = "max_output_tokens" } end
        local got, bodies = play({ cut, text_answer(name, "Yes.") }, function(client)
          local talk = talk_of(client, name, { tools = { weather() } })
          local _, _, info = talk:ask "b"
          talk:keep(info)
          talk:ask "c"
          return info.kind
        end)
        assert.equal("truncated", got[1])
        same({ "user b", "assistant Let me", "user c" }, said(bodies[2][HISTORIES[name]]))
      end)

      it("has a tool's error raised, and the history as it was", function()
        local got = play({ answer_of(name, { ROME }) }, function(client)
          local talk = talk_of(client, name, { tools = { weather(function() error("closed", 0) end) } })
          local task = xai.spawn(function() return talk:ask("b", { on_tool_error = "raise" }) end)
          while task:status() ~= "failed" do xai.sleep(0.01) end -- Lua 5.1 cannot wait within pcall
          local ok, err = pcall(task.wait, task)
          return ok, err, #talk.items, talk:keep(), #talk.items
        end)
        same({ false, "closed", 0, true }, { got[1], got[2], got[3], got[4] })
        assert.is_true(got[5] > 2)
      end)

      it("sends no empty message of the assistant", function()
        local _, bodies = play({ text_answer(name, ""), text_answer(name, "Yes.") }, function(client)
          local talk = talk_of(client, name)
          talk:ask "b"
          talk:ask "c"
        end)
        same({ "user b", "user c" }, said(bodies[2][HISTORIES[name]]))
      end)

      it("sends the same when saved and loaded, or forked", function()
        local mine = weather()
        mine.parameters = s.object(s.string "why", s.string "city")
        local given = { { role = name == "respond" and "developer" or "system", content = "Be brief." } }
        local answers = {}
        for i = 1, 3 do answers[i] = text_answer(name, i == 1 and "Nice." or "Ada.", "r" .. i) end
        local got, bodies = play(answers, function(client)
          local talk = talk_of(client, name, { tools = { mine }, [HISTORIES[name]] = given, top_p = 0.5 })
          talk:ask "I am Ada."
          local saved = xai.encode(talk:dump())
          local fork = talk:fork()
          local again = client:conversation(xai.decode(saved), { tools = { mine } })
          fork:ask "And my name?"
          again:ask "And my name?"
          return #talk.items, #fork.items, xai.encode(again:dump().turns[1]) == xai.encode(talk:dump().turns[1])
        end)
        same(bodies[2], bodies[3])
        assert.is_true(got[3])
        assert.is_true(got[1] < got[2])
      end)

      it("takes the last turn back", function()
        local got, bodies = play({ text_answer(name, "Yes.") }, function(client)
          local talk = talk_of(client, name)
          local nothing = talk:undo()
          talk:ask "a"
          talk:ask "b"
          local undone = talk:undo()
          talk:ask "c"
          return nothing, undone
        end)
        same({ false, true }, { got[1], got[2] })
        local texts = table.concat(said(bodies[3][HISTORIES[name]]), ", ")
        assert.matches("user a.*user c", texts)
        assert.is_nil(texts:find("user b", 1, true))
      end)

      it("drops whole turns from the front, and nothing that the body gave", function()
        local given = { { role = name == "respond" and "developer" or "system", content = "Be brief." } }
        local answers = {}
        for i = 1, 4 do
          local call = { "c" .. i, "get_weather", '{"city":"Rome"}' }
          answers[2 * i - 1] = answer_of(name, { call }, nil, { id = "a" .. i })
          answers[2 * i] = text_answer(name, "Warm.", "b" .. i)
        end
        local got, bodies = play(answers, function(client)
          local talk = talk_of(client, name, { tools = { weather() }, [HISTORIES[name]] = given })
          for _, question in ipairs { "one", "two", "three" } do talk:ask(question) end
          local none = talk:trim { tokens = 1e6 }
          local some = talk:trim { tokens = 12 }
          local left = talk.items
          local all = talk:trim { tokens = 0 }
          local rest = #talk.items
          talk:ask "four"
          return none, some, left, all, rest
        end)
        assert.equal(0, got[1])
        assert.is_true(got[2] > 0 and got[2] < 3)
        assert.is_nil(histories.mistake(name, got[3]))
        assert.equal("Be brief.", got[3][1].content)
        assert.equal("user", got[3][2].role)
        same({ 3, 1 }, { got[2] + got[4], got[5] })
        local list = bodies[7][HISTORIES[name]]
        same({ "Be brief.", "four" }, { list[1].content, list[2].content })
      end)

      it("gives a checked value with a schema, and goes on", function()
        local schema = s.object(s.string "city", s.integer "day")
        local value = '{"city":"Oslo","day":3}'
        local first = name == "message" and answer_of(name, { { "c1", "answer", value } }) or text_answer(name, value)
        local got, bodies = play({ first, text_answer(name, "Fine.") }, function(client)
          local talk = talk_of(client, name)
          local found, message, info = talk:ask("Chess on 3 May in Oslo", { schema = schema })
          local text = talk:ask "Thanks"
          return found, message, info.result, text
        end)
        same({ city = "Oslo", day = 3 }, got[1])
        assert.is_nil(got[2])
        assert.is_table(got[3])
        assert.equal("Fine.", got[4])
        local list = bodies[2][HISTORIES[name]]
        assert.is_nil(histories.mistake(name, list))
        assert.matches("Oslo", xai.encode(list[#list - 1]))
        assert.is_nil(bodies[2].tools)
      end)

      it("gives a checked value after the calls of tools, where the endpoint has both", function()
        local opts = { schema = s.object(s.integer "day"), approve = function() return true end }
        if name == "message" then
          local client = xai.new { api_key = "k", base_url = "http://127.0.0.1:9" }
          local talk = talk_of(client, name, { tools = { weather() } })
          assert.equal("talk:ask: option 'schema': the conversation's body has 'tools' already",
            raised(talk.ask, talk, "a", opts))
          return client:close()
        end
        local got, bodies = play({ answer_of(name, { ROME }), text_answer(name, '{"day":3}') }, function(client)
          local talk = talk_of(client, name, { tools = { weather() } })
          return talk:ask("When?", opts), talk.items
        end)
        same({ day = 3 }, got[1])
        assert.is_nil(histories.mistake(name, got[2]))
        assert.is_table(name == "chat" and bodies[2].response_format or bodies[2].text.format)
      end)

      it("asks nobody for leave to answer", function()
        local first = name == "message" and answer_of(name, { { "c1", "answer", '{"day":3}' } })
          or text_answer(name, '{"day":3}')
        local got = play({ first }, function(client)
          local talk = talk_of(client, name, nil, { approve = function() return nil end })
          return (talk:ask("When?", { schema = s.object(s.integer "day") }))
        end)
        same({ day = 3 }, got[1])
      end)

      it("leaves the history as it was where the value does not fit", function()
        local schema = s.object(s.integer "day")
        local value = '{"day":"third"}'
        local first = name == "message" and answer_of(name, { { "c1", "answer", value } }) or text_answer(name, value)
        local got = play({ first }, function(client)
          local talk = talk_of(client, name)
          local found, message, info = talk:ask("When?", { schema = schema })
          return found, message, info.kind, info.code, info.value, #talk.items
        end)
        assert.is_nil(got[1])
        assert.matches("day", got[2])
        same({ "decode", "schema", { day = "third" }, 0 }, { got[3], got[4], got[5], got[6] })
      end)
    end)
  end

  it("keeps nothing at the service by default, and asks for sealed reasoning", function()
    local include = { "web_search_call.action.sources" }
    local _, bodies = play({ text_answer("respond", "Hi.") }, function(client)
      client:conversation(body_of "respond"):ask "a"
      client:conversation(body_of("respond", { include = include, store = false, prompt_cache_key = "mine" })):ask "b"
    end)
    same({ false, { "reasoning.encrypted_content" } }, { bodies[1].store, bodies[1].include })
    same({ false, { "web_search_call.action.sources", "reasoning.encrypted_content" }, "mine" },
      { bodies[2].store, bodies[2].include, bodies[2].prompt_cache_key })
    same({ "web_search_call.action.sources" }, include)
  end)

  it("sends sealed reasoning back as it came", function()
    local _, bodies = play({ text_answer("respond", "Hi.") }, function(client)
      local talk = client:conversation(body_of "respond")
      talk:ask "a"
      talk:ask "b"
    end)
    same(answer_of("respond", {}, "Hi.").output, { bodies[2].input[2], bodies[2].input[3] })
  end)

  describe("with store = true", function()
    local function chain(answers, f)
      return play(answers, function(client)
        return f(client:conversation(body_of("respond", { store = true, tools = { weather() } })), client)
      end)
    end

    it("chains by the id of the last answer", function()
      local answers = { answer_of("respond", { ROME }), text_answer("respond", "Warm.", "r2"),
        text_answer("respond", "Ada.", "r3") }
      local got, bodies = chain(answers, function(talk)
        talk:ask "a"
        talk:ask "b"
        return talk.items, talk:dump().id
      end)
      same({ "r1", "r2" }, { bodies[2].previous_response_id, bodies[3].previous_response_id })
      same({ "user b" }, said(bodies[3].input))
      assert.equal("r3", got[2])
      assert.is_nil(histories.mistake("respond", got[1]))
      assert.equal(9, #got[1])
    end)

    it("sends the whole history where the service has lost it", function()
      local answers = { answer_of("respond", { ROME }), text_answer("respond", "Warm.", "r2"), GONE,
        text_answer("respond", "Ada.", "r9"), text_answer("respond", "Again.", "r10") }
      local got, bodies = chain(answers, function(talk)
        talk:ask "a"
        local text = talk:ask "b"
        talk:ask "c"
        return text
      end)
      assert.equal("Ada.", got[1])
      assert.equal("r2", bodies[3].previous_response_id)
      assert.is_nil(bodies[4].previous_response_id)
      assert.is_nil(histories.mistake("respond", bodies[4].input))
      same({ 7, "user a" }, { #bodies[4].input, said(bodies[4].input)[1] })
      same({ "r9", 1 }, { bodies[5].previous_response_id, #bodies[5].input })
    end)

    it("goes on from the answer that is the last after undo, and sends all after keep and trim", function()
      local answers = { text_answer("respond", "A.", "r1"), text_answer("respond", "B.", "r2"),
        text_answer("respond", "C.", "r3"), BROKEN, text_answer("respond", "E.", "r5"),
        text_answer("respond", "F.", "r6") }
      local _, bodies = chain(answers, function(talk)
        talk:ask "a"
        talk:ask "b"
        talk:undo()
        talk:ask "c"
        talk:ask "d"
        talk:keep()
        talk:ask "e"
        assert.is_true(talk:trim { tokens = 12 } > 0)
        assert.is_truthy(talk.items[1])
        talk:ask "f"
      end)
      assert.equal("r1", bodies[3].previous_response_id)
      assert.is_nil(bodies[5].previous_response_id)
      same({ "user a", "user c", "user d", "user e" },
        { said(bodies[5].input)[1], said(bodies[5].input)[4], said(bodies[5].input)[7], said(bodies[5].input)[8] })
      assert.is_nil(bodies[6].previous_response_id)
      assert.is_true(#bodies[6].input > 1)
      assert.is_nil(xai.encode(bodies[6]):find('"a"', 1, true))
    end)

    it("sends the results of a turn that on_round ended", function()
      local answers = { answer_of("respond", { ROME }), text_answer("respond", "Warm.", "r2") }
      local _, bodies = chain(answers, function(talk)
        talk:ask("a", { on_round = function() return false end })
        talk:ask "b"
      end)
      assert.is_nil(bodies[2].previous_response_id)
      assert.is_nil(histories.mistake("respond", bodies[2].input))
      same({ 5, "user b" }, { #bodies[2].input, said(bodies[2].input)[5] })
    end)

    it("sends the whole history beside instructions, which the service refuses with an id", function()
      local _, bodies = play({ text_answer("respond", "A.", "r1"), text_answer("respond", "B.", "r2") },
        function(client)
          local talk = client:conversation(body_of("respond", { store = true, instructions = "Be brief." }))
          talk:ask "a"
          talk:ask "b"
        end)
      assert.is_nil(bodies[2].previous_response_id)
      same({ "Be brief.", 4 }, { bodies[2].instructions, #bodies[2].input })
    end)

    it("saves its chain", function()
      local _, bodies = chain({ text_answer("respond", "A.", "r1"), text_answer("respond", "B.", "r2") },
        function(talk, client)
          talk:ask "a"
          client:conversation(xai.decode(xai.encode(talk:dump()))):ask "b"
        end)
      same({ "r1", 1 }, { bodies[2].previous_response_id, #bodies[2].input })
    end)
  end)

  it("goes on after a pause with the answers", function()
    for _, name in ipairs(NAMES) do
      local answers = { answer_of(name, { ROME }), text_answer(name, "Warm.", "r2"), text_answer(name, "Ada.", "r3") }
      local got, bodies = play(answers, function(client)
        local talk = talk_of(client, name, { tools = { weather() } })
        local _, _, info = talk:ask("Rome?", { approve = function() return nil end })
        local before = #talk.items
        local text = talk:ask(nil, { answers = { c1 = true } })
        talk:ask "And?"
        return info.kind, before, text
      end)
      same({ "pending", 0, "Warm." }, { got[1], got[2], got[3] })
      local list = bodies[3][HISTORIES[name]]
      assert.is_nil(histories.mistake(name, list))
      assert.is_truthy(xai.encode(list):find("24", 1, true))
    end
  end)

  it("saves a paused turn, which goes on in another process, and tells which calls wait", function()
    for _, name in ipairs(NAMES) do
      for _, store in ipairs(name == "respond" and { false, true } or { false }) do
        local fields = name == "respond" and { store = store } or nil
        local answers = {
          answer_of(name, { ROME }, nil, { id = "r1" }), answer_of(name, { { "c2", "get_weather", '{"city":"Oslo"}' } },
            nil, { id = "r2" }), text_answer(name, "Warm.", "r3"), text_answer(name, "Ada.", "r4"),
        }
        local got, bodies = play(answers, function(client)
          local opts = { tools = { weather() }, approve = function(call) return call.args.city == "Rome" or nil end }
          local talk = talk_of(client, name, fields, opts)
          local none = talk.pending == nil
          talk:ask "Rome? Oslo?"
          local fork = talk:fork()
          local saved = xai.encode(talk:dump())
          local again = client:conversation(xai.decode(saved), { tools = { weather() } })
          assert.equal(saved, xai.encode(again:dump()))
          local call = again.pending[1]
          local problem = raised(again.ask, again, nil)
          local text = again:ask(nil, { answers = { c2 = true } })
          again:ask "And?"
          return none, call, #again.items, problem, text, again.pending == nil, fork.pending[1].id
        end)
        same({ true, "c2", "get_weather", "Oslo" }, { got[1], got[2].id, got[2].name, got[2].args.city })
        same({ "talk:ask: calls wait for an answer; give option 'answers'", "Warm.", true, "c2" },
          { got[4], got[5], got[6], got[7] })
        if store then
          same({ "r2", 1, "r3", 1 }, { bodies[3].previous_response_id, #bodies[3].input, bodies[4].previous_response_id,
            #bodies[4].input })
        else
          assert.is_nil(histories.mistake(name, bodies[4][HISTORIES[name]]))
          local _, results = xai.encode(bodies[4][HISTORIES[name]]):gsub("24", "")
          assert.equal(2, results)
        end
      end
    end
  end)

  it("keeps a paused turn that was saved, with its calls cancelled", function()
    local got = play({ answer_of("respond", { ROME }) }, function(client)
      local talk = talk_of(client, "respond", { tools = { weather() } }, { approve = function() return nil end })
      talk:ask "Rome?"
      local again = client:conversation(xai.decode(xai.encode(talk:dump())))
      again:keep()
      return again.items, again.pending == nil
    end)
    assert.is_nil(histories.mistake("respond", got[1]))
    assert.matches("cancelled", got[1][#got[1]].output)
    assert.is_true(got[2])
  end)

  it("takes more tools for one turn, also for one that goes on", function()
    for _, name in ipairs(NAMES) do
      local again = { "c2", "get_weather", '{"city":"Rome"}' }
      local answers = {
        answer_of(name, { ROME }), answer_of(name, { again }), text_answer(name, "Warm."), text_answer(name, "Hi."),
      }
      local got, bodies = play(answers, function(client)
        local talk = talk_of(client, name)
        local _, _, info = talk:ask("Rome?", { tools = { weather() }, approve = function() return nil end })
        talk = client:conversation(xai.decode(xai.encode(talk:dump())))
        local text = talk:ask(nil, { tools = { weather() }, answers = { c1 = "warm" } })
        talk:ask "And?"
        return info.kind, text
      end)
      same({ "pending", "Warm." }, { got[1], got[2] })
      same({ 1, 1, 1 }, { #bodies[1].tools, #bodies[2].tools, #bodies[3].tools })
      assert.is_nil(bodies[4].tools)
      assert.is_truthy(xai.encode(bodies[3]):find("24", 1, true))
    end
  end)

  it("says where the name of the function belongs, and the messages", function()
    local client = xai.new { api_key = "k", base_url = "http://127.0.0.1:9" }
    local function said_of(...) return raised(client.conversation, client, ...) end
    assert.equal("client:conversation: the body must be a table, got string; "
      .. "the function is named by the option 'endpoint'", said_of("chat", body_of "chat"))
    assert.equal("client:conversation: the body has 'messages'; conversations by respond have 'input'",
      said_of(body_of("respond", { messages = {} })))
    assert.equal("client:conversation: the body has 'input'; conversations by chat have 'messages'",
      said_of(body_of("chat", { input = "Hi" }), { endpoint = "chat" }))
    client:close()
  end)

  it("refuses a saved pause that is none", function()
    local client = xai.new { api_key = "k", base_url = "http://127.0.0.1:9" }
    local function load(paused)
      local dump = client:conversation(body_of "respond"):dump()
      dump.paused = paused
      return raised(client.conversation, client, dump)
    end
    local begin = "client:conversation: this is no saved conversation: paused"
    assert.equal(begin .. " must be a table", load(1))
    assert.equal(begin .. ".items must be a list of tables", load { items = { 1 } })
    assert.equal(begin .. ".answer must be a table", load { items = {} })
    assert.equal(begin .. ".body.input must be a list of tables", load { items = {}, answer = {}, body = {} })
    client:close()
  end)

  it("keeps what xai.ordered marked, through JSON", function()
    local format = { type = "json_schema", name = "a",
      schema = xai.ordered({ "why", "city" }, { city = 1, type = "object", why = 2 }) }
    local client = xai.new { api_key = "k", base_url = "http://127.0.0.1:9" }
    local talk = client:conversation(body_of("respond", { text = { format = format } }))
    local text = xai.encode(talk:dump())
    assert.is_truthy(text:find('{"why":2,"city":1,"type":"object"}', 1, true))
    assert.equal(text, xai.encode(client:conversation(xai.decode(text)):dump()))
    client:close()
  end)

  it("takes texts, content parts and items, and makes texts UTF-8", function()
    local image = { type = "input_image", image_url = "https://a.example/b.png" }
    local picture = { { type = "input_text", text = "Look" }, image }
    local item = { role = "user", content = "From an item" }
    local _, bodies = play({ text_answer("respond", "Hi.") }, function(client)
      local talk = client:conversation(body_of "respond")
      talk:ask "half \195"
      talk:undo()
      talk:ask(picture)
      talk:undo()
      talk:ask { item }
      talk:undo()
      talk:ask(item)
    end)
    assert.equal("half \239\191\189", bodies[1].input[1].content)
    same({ { role = "user", content = picture } }, bodies[2].input)
    same({ item }, bodies[3].input)
    same({ item }, bodies[4].input)
  end)

  it("does not see what the caller changes later", function()
    local given, parts = { { role = "system", content = "Be brief." } }, { { type = "text", text = "a" } }
    local _, bodies = play({ text_answer("chat", "Hi.") }, function(client)
      local talk = talk_of(client, "chat", { messages = given })
      talk:ask(parts)
      given[1].content, parts[1].text = "Be long.", "b"
      talk:ask "c"
    end)
    assert.equal("Be brief.", bodies[2].messages[1].content)
    assert.equal("a", bodies[2].messages[2].content[1].text)
  end)

  it("takes misuse as an error that names the function", function()
    local client = xai.new { api_key = "k", base_url = "http://127.0.0.1:9" }
    local function new(...) return raised(client.conversation, client, ...) end
    assert.equal("client:conversation: the body must be a table, got nil", new())
    assert.equal("client:conversation: no conversation by 'respons'; did you mean 'respond'?",
      new({}, { endpoint = "respons" }))
    assert.equal("client:conversation: the body has 'stream'; talk:stream() streams", new { stream = true })
    assert.matches("^client:conversation: the body has 'previous_response_id'", new { previous_response_id = "r" })
    assert.matches("^client:conversation: unknown option 'max_round'", new({}, { max_round = 1 }))
    assert.equal("client:conversation: unknown option 'endpiont' (did you mean 'endpoint'?)",
      new({}, { endpiont = "chat" }))
    assert.matches("^client:conversation: body.tools%[1%]", new { tools = { { run = print } } })
    assert.matches("^client:conversation: this is no saved conversation: turns%[1%]",
      new { endpoint = "chat", body = {}, turns = { 1 }, key = "a" })
    assert.matches("^client:conversation: this is no saved conversation: no endpoint 'complete'",
      new { endpoint = "complete", body = {}, turns = {}, key = "a" })
    assert.matches("^client:conversation: option 'endpoint': the saved conversation is one of 'chat'",
      new({ endpoint = "chat", body = {}, turns = {}, key = "a" }, { endpoint = "message" }))
    local odd = { endpoint = "chat", body = {}, turns = {}, key = "a", given = { { role = "user", content = "a" } },
      orders = { 1, { path = { "given", 1 }, names = { 2 } }, { path = 3, names = {} }, { path = { "x", "y" } } } }
    assert.equal(1, #client:conversation(odd).items)
    local talk = client:conversation { model = "grok-4.5" }
    assert.equal("talk:ask: the input must be a text or a list, got a nil", raised(talk.ask, talk))
    assert.equal("talk:ask: the input must be a list of parts or items, or one of them",
      raised(talk.ask, talk, { text = "a" }))
    assert.equal("talk:ask: the input is empty", raised(talk.ask, talk, {}))
    assert.equal("talk:ask: the input is empty", raised(talk.ask, talk, ""))
    assert.equal("talk:ask: input[2] must be a table, got a number", raised(talk.ask, talk, { { role = "user" }, 1 }))
    assert.matches("^talk:ask: unknown option 'dedline'", raised(talk.ask, talk, "a", { dedline = 1 }))
    assert.equal("talk:ask: unknown option 'shema' (did you mean 'schema'?)",
      raised(talk.ask, talk, "a", { shema = {} }))
    assert.equal("talk:stream: unknown option 'max_round' (did you mean 'max_rounds'?)",
      raised(talk.stream, talk, "a", { max_round = 1 }))
    assert.equal("talk:ask: option 'answers': no call waits for one", raised(talk.ask, talk, nil, { answers = {} }))
    assert.equal("talk:stream: option 'schema' is one of talk:ask", raised(talk.stream, talk, "a", { schema = {} }))
    assert.equal("talk:keep: the last turn has not failed", raised(talk.keep, talk))
    assert.equal("talk:trim: expected { tokens = n } with a number from 0", raised(talk.trim, talk, 5))
    assert.matches("^talk:ask: call it with a colon", raised(talk.ask, "a"))
    assert.matches("no function 'dumb'.*did you mean 'dump'", raised(function() return talk.dumb end))
    assert.equal("xai.conversation (respond, 0 turns)", tostring(talk))
    client:close()
  end)
end)

describe("a conversation", function()
  local stage

  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  local function new(fields, opts)
    local body = { model = "grok-4.20-0309-non-reasoning" }
    for key, value in pairs(fields or {}) do body[key] = value end
    return stage.client:conversation(body, opts)
  end

  it("streams a turn, which is in the history at its end", function()
    local talk, pieces = new(), {}
    for kind, value in talk:stream("What is Lua?"):parts() do
      if kind == "text" then pieces[#pieces + 1] = value end
    end
    assert.equal(stages.TEXT, table.concat(pieces))
    assert.equal(2, #talk.items)
  end)

  it("has a streamed turn in its history whose end has come, read or not", function()
    local talk = new()
    local run = talk:stream "My name is Ada."
    while not run:info().status do xai.step(0.05) end
    assert.equal(2, #talk.items)
    assert.equal("Your name is Ada.", (talk:ask "What is my name?"))
  end)

  it("refuses a second turn while one is under way", function()
    local talk = new()
    local run = talk:stream("What is Lua?", { headers = { ["x-fault"] = "stall-in-stream,3" } })
    run:next_part()
    assert.equal(run, talk.run)
    for _, f in ipairs { "ask", "stream", "undo", "keep" } do
      assert.equal("talk:" .. f .. ": a turn is under way; read its run to the end, or close it",
        raised(talk[f], talk, "a"))
    end
    assert.equal(0, #talk.items)
    assert.equal(0, #talk:dump().turns)
    run:close()
    assert.is_nil(talk.run)
    assert.equal(stages.TEXT, (talk:ask "What is Lua?"))
  end)

  it("refuses a second turn of another task", function()
    local talk, message = new(), nil
    xai.run(function()
      local first = xai.spawn(function() return talk:ask "My name is Ada." end)
      xai.spawn(function() message = raised(talk.ask, talk, "b") end):wait()
      first:wait()
    end)
    assert.matches("^talk:ask: a turn is under way", message)
    assert.equal(2, #talk.items)
  end)

  it("keeps the text of a streamed turn that was left", function()
    local talk = new()
    local run = talk:stream("What is Lua?", { headers = { ["x-fault"] = "stall-in-stream,6" } })
    local text = ""
    for kind, value in run:parts() do
      if kind == "text" then text = text .. value end
      if #text > 0 then break end
    end
    run:close()
    talk:keep(run:info())
    same({ "user", "assistant" }, { talk.items[1].role, talk.items[2].role })
    assert.equal(text, talk.items[2].content:sub(1, #text))
    assert.is_truthy(talk:ask "Go on")
  end)

  it("keeps the text of a stream that broke", function()
    for _, name in ipairs(NAMES) do
      local talk = new({ max_tokens = name == "message" and 100 or nil }, { endpoint = name })
      local _, message, info = talk:ask("What is Lua?",
        { on_part = function() end, headers = { ["x-fault"] = "cut-stream,8" } })
      assert.is_string(message)
      assert.equal(0, #talk.items)
      talk:keep(info)
      assert.matches("^Lua", talk.items[2].content)
      assert.is_truthy(talk:ask "Go on")
    end
  end)

  it("hands out the parts of a turn as they come", function()
    local kinds, talk = {}, new { tools = { weather() } }
    local text = talk:ask("Is it warm in Rome?", { on_part = function(kind) kinds[kind] = true end })
    assert.matches("24", text)
    for _, kind in ipairs { "text", "call", "result", "round", "usage", "done" } do
      assert.is_true(kinds[kind], kind)
    end
  end)

  it("hands out the events of a turn", function()
    local types, talk = {}, new()
    local text = talk:ask("What is Lua?", { on_event = function(event) types[event.type] = true end })
    assert.equal(stages.TEXT, text)
    assert.is_true(types["response.completed"])
  end)

  it("adds the usage of all turns, also of those that failed", function()
    local talk = new()
    talk:ask "a"
    local first = talk.usage.total
    talk:ask "b"
    assert.is_true(talk.usage.total > first and first > 0)
    local fork = talk:fork()
    fork:ask "c"
    assert.is_true(fork.usage.total > talk.usage.total)
  end)

  it("goes on with a chain whose answer was deleted", function()
    local talk = new { store = true }
    talk:ask "My name is Ada."
    assert(stage.client:delete_response(talk:dump().id))
    assert.equal("Your name is Ada.", (talk:ask "What is my name?"))
    assert.equal(4, #talk.items)
  end)

  it("ends with the client", function()
    local talk = new()
    stage.client:close()
    assert.is_false(pcall(talk.ask, talk, "a"))
    assert.equal(0, #talk.items)
  end)

  it("can be read by the service after whatever happened to it (150 random histories)", function()
    xai.on_error = function() end
    finally(function() xai.on_error = nil end)
    for seed = 1, 150 do histories.run(stage.client, seed) end
  end)
end)

-- That of copas is in copas_spec.lua.
describe("a conversation within", function()
  local uv, cqueues = programs.folder "uv", programs.folder "cqueues"
  setup(function()
    uv:open()
    cqueues:open()
  end)
  teardown(function()
    uv:close()
    cqueues:close()
  end)

  local ADA = "Nice to meet you, Ada.\n"

  it("luv waits in coroutines and blocks elsewhere", function()
    uv:says(ADA .. "Your name is Ada.\nYour name is Eve. 8\ncancelled 8 true 9\n0 true\n", "conversation")
  end)

  it("cqueues waits in its coroutines", function()
    if not pcall(require, "cqueues") then return pending "this Lua has no cqueues" end
    cqueues:says(ADA .. "Your name is Ada.\ntrue\n", "conversation")
  end)

  if _VERSION == "Lua 5.1" and programs.has_neovim() then
    local nvim = programs.neovim "nvim"
    setup(function() nvim:open() end)
    teardown(function() nvim:close() end)

    it("Neovim goes on in tasks, and by itself", function()
      nvim:says(ADA .. "Your name is Ada.\nYour name is Eve. 8 6\n", "conversation")
    end)
  end
end)
