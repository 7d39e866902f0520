--- client:parse: an answer as a value that fits a JSON schema.

local core = require("xai.core")
local raised = require("spec.support.raised")
local scripted = require("spec.support.scripted")
local stages = require("spec.support.stage")
local xai = require("xai")

local s = xai.schema
local same = assert.same
local stage

local MODEL = "grok-4.5"
local PROMPT = "Chess in Oslo on 3 May with Anna"
local EVENT = s.object(
  s.string("why", "how you know"), s.string "city", s.integer("day", { minimum = 1, maximum = 31 }),
  s.enum("kind", { "party", "work" }), s.list("people", s.string()), s.optional(s.string "note"))
local VALUE = { city = "Oslo", day = 3, kind = "party", people = { "May" }, why = "Anna" }

local NAMES = { "respond", "chat", "message" }

local function body_of(name, fields)
  local body = { model = MODEL }
  if name == "respond" then
    body.input = PROMPT
  else
    body.messages = { { role = "user", content = PROMPT } }
    if name == "message" then body.max_tokens = 1000 end
  end
  for key, value in pairs(fields or {}) do body[key] = value end
  return body
end

--- The options of a call with a fault.
local function with(fault, options)
  local all = { headers = { ["x-fault"] = fault } }
  for key, value in pairs(options or {}) do all[key] = value end
  return all
end

local function parse(name, fault, options, schema)
  return stage.client:parse(name, body_of(name), schema or EVENT, with(fault, options))
end

--- The bodies of the requests to the API since the last reset.
local function bodies()
  local list = {}
  for _, request in ipairs(stage:received()) do
    if request.path:sub(1, 3) == "/v1" then list[#list + 1] = xai.decode(request.body) end
  end
  return list
end

local function last_text() return stage:last_request().body end

--- A response with these items.
local function response(items, fields)
  local answer = { id = "resp_1", object = "response", status = "completed", model = MODEL, output = items }
  for key, value in pairs(fields or {}) do answer[key] = value end
  return scripted.answer(200, { ["Content-Type"] = "application/json" }, xai.encode(answer))
end

local function said(text, kind)
  local part = kind == "refusal" and { type = kind, refusal = text } or { type = "output_text", text = text }
  return { type = "message", id = "msg_1", role = "assistant", status = "completed", content = { part } }
end

--- What client:parse("respond") returns, in a task, for these answers; and how many requests there were.
local function answered(answers, options, schema, client_options, fields)
  return scripted.in_task(answers, client_options, function(client)
    local value, message, info = client:parse("respond", body_of("respond", fields), schema or EVENT, options)
    return value, message, info
  end)
end

describe("client:parse", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function()
    stage:enter()
    stage:reset()
  end)
  after_each(function() stage:leave() end)

  describe("with an answer that fits", function()
    for _, name in ipairs(NAMES) do
      it("gives its value for " .. name, function()
        local body = body_of(name)
        local before = xai.encode(body)
        local value, message, info = stage.client:parse(name, body, EVENT)
        same({ VALUE, nil }, { value, message })
        assert.equal(before, xai.encode(body))
        assert.equal(200, info.status)
        assert.equal(0, info.repairs)
        same(xai.usage(info.result), info.usage)
        assert.is_string(info.result.model)
      end)

      it("keeps the order of the members on the wire for " .. name, function()
        parse(name)
        local text, at = last_text(), 0
        for _, member in ipairs { "why", "city", "day", "kind", "people", "note" } do
          local found = text:find('"' .. member .. '":{', at + 1, true)
          assert.is_truthy(found, member)
          at = found
        end
      end)
    end

    it("asks for it in the endpoint's own way", function()
      local function sent(name, fields)
        stage:reset()
        assert(stage.client:parse(name, body_of(name, fields), EVENT))
        return bodies()[1]
      end
      local body = sent("respond", { text = { verbosity = "low" } })
      same({ "json_schema", true, "object", "low" },
        { body.text.format.type, body.text.format.strict, body.text.format.schema.type, body.text.verbosity })
      body = sent "chat"
      same({ "json_schema", true, "object" }, { body.response_format.type, body.response_format.json_schema.strict,
        body.response_format.json_schema.schema.type })
      body = sent "message"
      same({ type = "tool", name = body.tools[1].name }, body.tool_choice)
      same({ "object", 1 }, { body.tools[1].input_schema.type, #body.tools })
    end)

    it("sends the empty list of required members, and the empty properties, that messages need", function()
      local schema = { type = "object" }
      same({}, (parse("message", nil, nil, schema)))
      assert.matches('"input_schema":{"properties":{},"required":[],"type":"object"}', last_text(), 1, true)
      same({ type = "object" }, schema)
    end)

    it("takes a schema written by hand", function()
      local schema = { type = "object", properties = { city = { ["$ref"] = "#/$defs/c" } }, required = { "city" },
        ["$defs"] = { c = { type = "string" } } }
      same({ city = "Oslo" }, (parse("respond", nil, nil, schema)))
    end)

    it("gives its parts to on_part", function()
      local kinds = {}
      assert(parse("respond", nil, { on_part = function(kind) kinds[#kinds + 1] = kind end }))
      assert.equal("done", kinds[#kinds])
    end)

    it("takes the last message of several", function()
      local results = answered { response { said '{"why":1}', said(xai.encode(VALUE)) } }
      same(VALUE, results[1])
    end)

    it("reads an answer of a gateway that says nothing about its end", function()
      local results = scripted.in_task({
        scripted.answer(200, { ["Content-Type"] = "application/json" },
          xai.encode { choices = { { message = { role = "assistant", content = xai.encode(VALUE) } } } }),
      }, nil, function(client) return client:parse("chat", body_of "chat", EVENT) end)
      same(VALUE, results[1])
    end)
  end)

  describe("with a root that is no object", function()
    for _, name in ipairs(NAMES) do
      it("sends it as a member of one and gives the member, for " .. name, function()
        same({ { city = "Oslo" } }, (parse(name, nil, nil, s.list(s.object(s.string "city")))))
        same("Oslo", (parse(name, nil, nil, s.string())))
      end)
    end

    it("moves its references, wherever they lead", function()
      local tree = {
        anyOf = { { type = "array", items = { ["$ref"] = "#" } }, { ["$ref"] = "#/$defs/leaf" },
          { ["$ref"] = "#/anyOf/1" } },
        ["$defs"] = { leaf = { type = "object", properties = { ["$ref"] = { type = "string" } },
          default = { ["$ref"] = "#" } } },
      }
      local before = xai.encode(tree)
      parse("respond", nil, nil, tree)
      local schema = bodies()[1].text.format.schema
      same("#/properties/value", schema.properties.value.anyOf[1].items["$ref"])
      same("#/$defs/leaf", schema.properties.value.anyOf[2]["$ref"])
      same("#/properties/value/anyOf/1", schema.properties.value.anyOf[3]["$ref"])
      same({ type = "string" }, schema["$defs"].leaf.properties["$ref"])
      same({ ["$ref"] = "#" }, schema["$defs"].leaf.default)
      assert.is_nil(schema.properties.value["$defs"])
      assert.equal(before, xai.encode(tree))
      assert.is_true((xai.check(schema, { value = { { {} } } })))
      assert.is_nil((xai.check(schema, { value = { { 5 } } })))
    end)

    it("takes a schema that stands in several places, and refuses one that stands in itself", function()
      local leaf = s.object(s.string "a")
      local value = parse("respond", nil, nil, { anyOf = { leaf, { type = "array", items = leaf } } })
      assert.is_string(value.a)
      for _, root in ipairs { { type = { "object", "null" } }, { type = "object" } } do
        root.properties = { a = root, b = root, c = root }
        local err = raised(function()
          local _ = stage.client:parse("respond", body_of "respond", root)
        end)
        assert.matches("^spec/parse_spec.lua:%d+: client:parse: ", (err:gsub("^%./", "")))
      end
    end)

    it("tells mistakes by the places that the user knows", function()
      local results = answered({ response { said '{"value":["a",5,{"b":1}]}' } }, nil, s.list(s.string()))
      local info = results[3]
      same({ "[2]", "[3]" }, { info.mistakes[1].path, info.mistakes[2].path })
      same({ "a", 5, { b = 1 } }, info.value)
      assert.matches("schema: [2]: expected a string, got a number; [3]:", results[2], 1, true)
    end)

    it("gives null and false as they are", function()
      local list = { response { said '{"value":null}' } }
      same({ xai.null }, { answered(list, nil, s.nullable(s.string()))[1] })
      list = { response { said '{"value":false}' } }
      same(false, answered(list, nil, s.boolean())[1])
    end)
  end)

  describe("with an answer that does not fit", function()
    for _, name in ipairs(NAMES) do
      it("fails with the mistakes and what did decode, for " .. name, function()
        local value, message, info = parse(name, "structured,misfit")
        assert.is_nil(value)
        same({ "decode", "schema", "yes", false }, { info.kind, info.code, info.billed, info.retryable })
        same({ { path = "city", message = "expected a string, got a number" } }, info.mistakes)
        same(5, info.value.city)
        assert.matches("does not fit the schema: city: expected a string, got a number", message, 1, true)
        assert.equal(message, tostring(info))
        assert.matches("request " .. info.request_id, message, 1, true)
        same(xai.usage(info.result), info.usage)
      end)

      it("says where it is no JSON, for " .. name, function()
        local value, message, info = parse(name, "structured,broken")
        assert.is_nil(value)
        same({ "decode", "json" }, { info.kind, info.code })
        assert.matches("the answer is not JSON: %S", message)
        assert.is_table(info.result)
        assert.is_nil(info.value)
      end)

      it("tells a refusal, for " .. name, function()
        local value, message, info = parse(name, "structured,refusal")
        assert.is_nil(value)
        same({ "decode", "refusal" }, { info.kind, info.code })
        assert.matches("the model refused: I cannot help with that.", message, 1, true)
        assert.is_table(info.result)
      end)

      it("never reads one that was cut, for " .. name, function()
        local value, message, info = parse(name, "structured,cut")
        assert.is_nil(value)
        same({ "truncated", nil, nil }, { info.kind, info.code, info.value })
        assert.matches("the answer was cut off (", message, 1, true)
        assert.equal(info.result, info.partial)
      end)
    end

    it("never reads one that was cut behind its last byte", function()
      local list = { response({ said(xai.encode(VALUE)) },
        { status = "incomplete", incomplete_details = { reason = "max_output_tokens" } }) }
      same("truncated", answered(list, { repair = 3 })[3].kind)
    end)

    it("takes a filter for a refusal", function()
      local fields = { status = "incomplete", incomplete_details = { reason = "content_filter" } }
      local list = { response({ said "x" }, fields) }
      same("refusal", answered(list)[3].code)
    end)

    it("says which tools were called in its place, and does not ask again", function()
      local item = { type = "function_call", id = "fc_1", call_id = "c", name = "get_weather", arguments = "{}",
        status = "completed" }
      local results, requests = answered({ response { item } }, { repair = 2 })
      same({ "json", 1 }, { results[3].code, requests })
      assert.matches("the model called get_weather and gave no answer", results[2], 1, true)
    end)

    it("does not ask again beside calls that nobody answers", function()
      local item = { type = "function_call", id = "fc_1", call_id = "c", name = "get_weather", arguments = "{}",
        status = "completed" }
      local results, requests = answered({ response { said "{}", item } }, { repair = 2 })
      same({ "schema", 1 }, { results[3].code, requests })
      same(VALUE, answered({ response { said(xai.encode(VALUE)), item } })[1])
    end)

    it("survives answers of any other shape", function()
      local faults = { "empty-object", "wrong-shape", "null-choices", "string-body", "null-body", "empty-200" }
      for _, fault in ipairs(faults) do
        for _, name in ipairs(NAMES) do
          local value, message, info = parse(name, fault)
          assert.is_nil(value, fault)
          assert.is_string(message)
          assert.is_string(info.kind)
        end
      end
    end)

    it("passes on what goes wrong with the call", function()
      local value, _, info = parse("respond", "status,429")
      assert.is_nil(value)
      same({ "rate_limit", nil, nil }, { info.kind, info.result, info.usage })
    end)
  end)

  describe("with repair", function()
    for _, name in ipairs(NAMES) do
      for _, how in ipairs { "misfit", "broken", "prose" } do
        it(("asks %s again after an answer that is %s"):format(name, how), function()
          local value, _, info = parse(name, "structured," .. how .. ",1", { repair = 2 })
          same({ VALUE, 1 }, { value, info.repairs })
          local sent = bodies()
          assert.equal(2, #sent)
          local list = sent[2].input or sent[2].messages
          local last = list[#list]
          assert.equal("user", last.role)
          local words = type(last.content) == "table" and last.content[1].content or last.content
          local expected = how == "misfit" and "\n- city: expected a string, got a number\n" or "is not JSON"
          assert.matches(expected, words, 1, true)
        end)
      end
    end

    it("asks no more often than it may, and loses no answer", function()
      local value, _, info = parse("chat", "structured,misfit", { repair = 2 })
      assert.is_nil(value)
      same({ "schema", 2, 3 }, { info.code, info.repairs, #bodies() })
      local usage = xai.usage(info.result)
      assert.is_true(info.usage.total > 2 * usage.total)
      assert.is_true(info.usage.usd > 2 * usage.usd)
    end)

    it("does not ask without being told to, nor after a refusal or a cut", function()
      for _, how in ipairs { "misfit", "broken" } do
        stage:reset()
        parse("respond", "structured," .. how)
        assert.equal(1, #bodies())
      end
      for _, how in ipairs { "refusal", "cut" } do
        stage:reset()
        parse("respond", "structured," .. how, { repair = 2 })
        assert.equal(1, #bodies())
      end
    end)

    local function second(fields)
      local body = body_of("respond", fields)
      local before = xai.encode(body)
      assert(stage.client:parse("respond", body, EVENT, with("structured,misfit,1", { repair = 1 })))
      assert.equal(before, xai.encode(body))
      local sent = bodies()
      return sent[#sent]
    end

    it("goes on from a response that the service keeps", function()
      local body = second()
      assert.is_string(body.previous_response_id)
      same({ 1, "user" }, { #body.input, body.input[1].role })
    end)

    it("sends the items back to a service that does not say that it keeps them", function()
      local _, _, bytes = answered({ response { said "{}" } }, { repair = 1 })
      local body = xai.decode(bytes[2]:match "\r\n\r\n(.*)$")
      assert.is_nil(body.previous_response_id)
      same({ 3, "{}" }, { #body.input, body.input[2].content[1].text })
    end)

    it("sends the items back where the service keeps nothing, or has instructions", function()
      for _, fields in ipairs { { store = false }, { instructions = "Be exact." } } do
        local body = second(fields)
        assert.is_nil(body.previous_response_id)
        local kinds = {}
        for i, item in ipairs(body.input) do kinds[i] = item.role or item.type end
        same({ "user", "reasoning", "assistant", "user" }, kinds)
        assert.equal(PROMPT, body.input[1].content)
      end
    end)

    it("sends back what was said beside an earlier response, without reasoning", function()
      local earlier = assert(stage.client:respond { model = MODEL, input = "Hello" })
      local body = second { store = false, previous_response_id = earlier.id }
      assert.equal(earlier.id, body.previous_response_id)
      same({ "user", "assistant", "user" }, { body.input[1].role, body.input[2].role, body.input[3].role })
    end)

    it("answers each call of a message", function()
      assert(parse("message", "structured,misfit,1", { repair = 1 }))
      local list = bodies()[2].messages
      local call
      for _, block in ipairs(list[2].content) do call = block.type == "tool_use" and block or call end
      local block = list[3].content[1]
      same({ "assistant", "user" }, { list[2].role, list[3].role })
      same({ "tool_result", call.id, true }, { block.type, block.tool_use_id, block.is_error })
    end)

    it("never sends broken arguments back", function()
      assert(parse("message", "structured,broken,1", { repair = 1 }))
      for _, block in ipairs(bodies()[2].messages[2].content) do
        if block.type == "tool_use" then same({}, block.input) end
      end
    end)

    it("keeps the answer before where asking again fails", function()
      local results, requests = answered({
        response({ said '{"city":5}' }, { usage = { input_tokens = 3, output_tokens = 4, total_tokens = 7 } }),
        scripted.answer(500, {}, "oops"),
      }, { repair = 1 })
      local info = results[3]
      same({ nil, "server", 2, 1 }, { results[1], info.kind, requests, info.repairs })
      same({ "resp_1", 7, 5 }, { info.result.id, info.usage.total, info.value.city })
    end)

    it("keeps the answer before where the client was closed meanwhile", function()
      local results, requests = scripted.in_task({ response { said '{"city":5}' } }, nil, function(client)
        return client:parse("respond", body_of "respond", EVENT, {
          repair = 1, on_response = function() client:close() end,
        })
      end)
      local info = results[3]
      same({ nil, "closed", "yes", 1 }, { results[1], info.kind, info.billed, requests })
      same({ "resp_1", 5 }, { info.result.id, info.value.city })
      assert.matches("closed: the client is closed; the answer does not fit the schema", results[2], 1, true)
    end)

    it("tells no more than twenty mistakes to the model", function()
      local list = {}
      for i = 1, 100 do list[i] = i end
      local answer = response { said(xai.encode { value = list }) }
      local results, requests, bytes = scripted.in_task({ answer }, nil, function(client)
        return client:parse("respond", body_of "respond", s.list(s.string()), { repair = 1 })
      end)
      same({ "schema", 100, 2 }, { results[3].code, #results[3].mistakes, requests })
      local _, told = bytes[2]:gsub("\\n%- value%[", "")
      assert.equal(20, told)
    end)

    it("asks again also where the answer is not UTF-8", function()
      for _, text in ipairs { '{"~":1}', '{"city":"~"}', '{"city":~', "~" } do
        local bytes = response { said(text) }:gsub("~", "\255")
        local results, requests = answered({ bytes }, { repair = 1 })
        same({ "decode", 2 }, { results[3].kind, requests })
      end
    end)
  end)

  describe("and its deadline", function()
    local function late(info)
      same({ "timeout", "deadline", "yes" }, { info.kind, info.phase, info.billed })
      same({ "resp_1", 5 }, { info.result.id, info.value.city })
    end

    it("bounds all requests together: none is sent after it", function()
      for _, where in ipairs { "call", "client" } do
        local own = { repair = 5, on_response = function() core.skip_time(100) end }
        if where == "call" then own.deadline = 50 end
        local results, requests = answered({ response { said '{"city":5}' } }, own, nil,
          where == "client" and { deadline = 50 } or nil)
        assert.is_nil(results[1])
        assert.equal(1, requests)
        late(results[3])
        assert.matches("deadline of 50 s passed; the answer does not fit the schema", results[2], 1, true)
      end
    end)

    it("ends a request that asks again", function()
      local sent = 0
      local results, requests = answered({ response { said '{"city":5}' }, scripted.stall }, {
        repair = 5, deadline = 50, on_request = function()
          sent = sent + 1
          if sent == 2 then core.skip_time(60) end
        end,
      })
      same({ "timeout", "deadline", "resp_1" }, { results[3].kind, results[3].phase, results[3].result.id })
      same({ 2, true }, { sent, requests <= 2 })
    end)
  end)

  describe("refuses", function()
    local function refuses(words, ...)
      local err = raised(function(...)
        local value = stage.client:parse(...)
        return value
      end, ...)
      assert.matches("parse_spec.lua:%d+: client:parse: ", err)
      assert.matches(words, err, 1, true)
      assert.equal(0, #bodies())
    end

    it("names that have no structured answers", function()
      refuses("'respnd' has no structured answers; did you mean 'respond'?", "respnd", {}, EVENT)
      refuses("'generate_image' has no structured answers; use respond, chat or message", "generate_image", {}, EVENT)
      refuses("the name of a function must come first, got nil", nil, {}, EVENT)
      local err = raised(function()
        local value = stage.client.parse("respond", {}, EVENT)
        return value
      end)
      assert.matches("got table (call it with a colon)", err, 1, true)
    end)

    it("bodies that have what it sets", function()
      refuses("'text.format'", "respond", body_of("respond", { text = { format = { type = "text" } } }), EVENT)
      refuses("'text'", "respond", body_of("respond", { text = "short" }), EVENT)
      refuses("'response_format'", "chat", body_of("chat", { response_format = { type = "json_object" } }), EVENT)
      refuses("'tools'", "message", body_of("message", { tools = { { name = "x" } } }), EVENT)
      refuses("'tool_choice'", "message", body_of("message", { tool_choice = { type = "any" } }), EVENT)
    end)

    it("bodies whose answers do not come at once", function()
      refuses("'stream = true'", "chat", body_of("chat", { stream = true }), EVENT)
      refuses("'deferred = true'", "chat", body_of("chat", { deferred = true }), EVENT)
      refuses("the body must be a table, got string", "respond", "Hello", EVENT)
    end)

    it("what is no schema, before anything is billed", function()
      refuses("the schema must be a table, got nil", "respond", body_of "respond")
      refuses("the schema must be a table, got boolean", "respond", body_of "respond", true)
      refuses("the schema must be a table, got a list", "respond", body_of "respond", { EVENT })
      refuses("must be a type of JSON", "respond", body_of "respond", { type = "strin" })
      refuses("refers to itself", "respond", body_of "respond", { ["$ref"] = "#" })
    end)

    it("options that it does not have", function()
      local body = body_of "respond"
      for _, wrong in ipairs { -1, 1.5, "1", true, 0 / 0 } do
        refuses("option 'repair' must be a whole number from 0", "respond", body, EVENT, { repair = wrong })
      end
      refuses("option 'on_event' is for streams", "respond", body, EVENT, { on_event = function() end })
      refuses("option 'raw' is for streams", "respond", body, EVENT, { raw = true })
      refuses("option 'on_done' is one of client:start", "respond", body, EVENT, { on_done = function() end })
      refuses("unknown option 'tmeout' (did you mean 'timeout'?)", "respond", body, EVENT, { tmeout = 1 })
      refuses("unknown option 'repiar' (did you mean 'repair'?)", "respond", body, EVENT, { repiar = 1 })
      refuses("options must be a table, got number", "respond", body, EVENT, 5)
    end)
  end)

  it("is found where its name is misspelt", function()
    assert.matches("did you mean 'parse'?", raised(function() return stage.client.parze end), 1, true)
  end)

  it("leaves the options of the user alone", function()
    local options = with("structured,misfit,1", { repair = 1, deadline = 60 })
    assert(stage.client:parse("respond", body_of "respond", EVENT, options))
    same({ 1, 60 }, { options.repair, options.deadline })
  end)

  it("runs the hooks of each request", function()
    local n = 0
    assert(parse("respond", "structured,misfit,1", { repair = 1, on_response = function() n = n + 1 end }))
    assert.equal(2, n)
  end)

  it("tells of the answer before where it is cancelled while it asks again", function()
    local results = scripted.in_task({ response { said '{"city":5}' }, scripted.stall }, nil, function(client)
      local sent = 0
      local task = xai.spawn(function()
        return client:parse("respond", body_of "respond", EVENT,
          { repair = 1, on_request = function() sent = sent + 1 end })
      end)
      while sent < 2 do xai.sleep(0.001) end
      xai.sleep(0.01)
      task:cancel()
      local other = xai.spawn(function() task:wait() end) -- pcall(task.wait, task) cannot yield on 5.1
      while other:status() ~= "failed" do xai.sleep(0.001) end
      return raised(other.wait, other)
    end)
    local err = results[1]
    same({ "cancelled", "resp_1", 5, 1 }, { err.kind, err.result.id, err.value.city, err.repairs })
  end)

  it("waits in a task while others run, and ends when that is cancelled", function()
    local turns, task = 0, nil
    local main = xai.spawn(function()
      task = xai.spawn(function() return parse("respond", "late-head,10000") end)
      for _ = 1, 3 do
        turns = turns + 1
        xai.sleep(0.001)
      end
      task:cancel()
    end)
    main:wait()
    local message = raised(function() task:wait() end)
    same({ 3, "cancelled", "cancelled" }, { turns, task:status(), message.kind })
  end)
end)
