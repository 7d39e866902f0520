--- stream:json() and stream:next_json(): the growing value of a structured answer.

local raised = require("spec.support.raised")
local scripted = require("spec.support.scripted")
local stages = require("spec.support.stage")
local ways = require("spec.support.ways")
local xai = require("xai")

local s = xai.schema
local same = assert.same
local stage

local MODEL = "grok-4.5"
local PROMPT = "Chess in Oslo on 3 May with Anna"
local EVENT = s.object(
  s.string("why", "how you know"), s.string "city", s.integer("day", { minimum = 1, maximum = 31 }),
  s.enum("kind", { "party", "work" }), s.list("people", s.string()))
local VALUE = { city = "Oslo", day = 3, kind = "party", people = { "May" }, why = "Anna" }

local BODIES = {
  respond = function(schema)
    return { input = PROMPT, text = { format = { type = "json_schema", name = "event", schema = schema } } }
  end,
  chat = function(schema)
    return { messages = { { role = "user", content = PROMPT } },
      response_format = { type = "json_schema", json_schema = { name = "event", schema = schema } } }
  end,
  message = function(schema)
    return { messages = { { role = "user", content = PROMPT } }, max_tokens = 1000,
      tools = { { name = "event", description = "An event", input_schema = schema } },
      tool_choice = { type = "tool", name = "event" } }
  end,
}
local NAMES = { "respond", "chat", "message" }

--- A stream of the stand-in's answer, with a fault.
local function open(name, fault, options)
  local body = BODIES[name](EVENT)
  body.model, body.stream = MODEL, true
  local all = { headers = { ["x-fault"] = fault } }
  for key, value in pairs(options or {}) do all[key] = value end
  return assert(stage.client[name](stage.client, body, all))
end

--- Copies of all values, and the error that ended them.
local function values_of(stream, schema)
  local list = {}
  local ok, err = pcall(function()
    for value in stream:json(schema) do list[#list + 1] = xai.decode(xai.encode(value)) end
  end)
  return list, not ok and err or nil
end

--- Is `part` a beginning of `whole`?
local function is_beginning(part, whole)
  if type(part) == "string" then return type(whole) == "string" and whole:sub(1, #part) == part end
  if type(part) ~= "table" or type(whole) ~= "table" then return part == whole end
  for key, member in pairs(part) do
    if whole[key] == nil or not is_beginning(member, whole[key]) then return false end
  end
  return true
end

local function chunk(delta, more)
  local choice = { index = 0, delta = delta }
  for key, value in pairs(more or {}) do choice[key] = value end
  return { id = "c", created = 7, model = "m", choices = { choice } }
end

--- The events of a chat whose text is these pieces.
local function chat_bytes(pieces, finish)
  local events = {}
  for _, piece in ipairs(pieces) do events[#events + 1] = chunk { content = piece } end
  events[#events + 1] = chunk({}, { finish_reason = finish or "stop" })
  events[#events + 1] = "[DONE]"
  return ways.bytes(xai.encode, events)
end

local function said(pieces, finish) return stage:say("chat", chat_bytes(pieces, finish)) end

local function response_events(texts)
  local events = { { type = "response.created", response = { id = "r", object = "response", status = "in_progress" } } }
  local output = {}
  for i, text in ipairs(texts) do
    local item = { type = "message", id = "m" .. i, role = "assistant", status = "completed",
      content = { { type = "output_text", text = text } } }
    output[i] = item
    local place = { item_id = item.id, output_index = i - 1, content_index = 0 }
    for at = 1, #text, 3 do
      local delta = { type = "response.output_text.delta", delta = text:sub(at, at + 2) }
      for key, value in pairs(place) do delta[key] = value end
      events[#events + 1] = delta
    end
    events[#events + 1] = { type = "response.output_item.done", output_index = i - 1, item = item }
  end
  events[#events + 1] = { type = "response.completed",
    response = { id = "r", object = "response", status = "completed", output = output } }
  return ways.bytes(xai.encode, events)
end

local function tool_block(id, name)
  return { type = "content_block_start", index = 0,
    content_block = { type = "tool_use", id = id, name = name, input = {} } }
end

describe("the JSON of a stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  for _, name in ipairs(NAMES) do
    it("grows to the whole value, for " .. name, function()
      for _, fault in ipairs { "", "split,1" } do
        local list, err = values_of(open(name, fault), EVENT)
        assert.is_nil(err)
        assert.is_true(#list > 3)
        same(VALUE, list[#list])
        for i = 2, #list do
          assert.is_true(is_beginning(list[i - 1], list[i]))
          assert.is_false(is_beginning(list[i], list[i - 1]))
        end
      end
    end)

    it("leaves the result as it is, for " .. name, function()
      local stream = open(name)
      values_of(stream)
      local result, message = stream:result()
      local read = open(name):result()
      same({ nil, xai.finish(read) }, { message, xai.finish(result) })
      same({ xai.text(read), #xai.calls(read) }, { xai.text(result), #xai.calls(result) })
    end)

    it("comes at once where the service does not stream, for " .. name, function()
      local list, err = values_of(open(name, "ignore-stream"), EVENT)
      same({ nil, VALUE }, { err, list[#list] })
    end)

    it("raises where the stream breaks, with what had come, for " .. name, function()
      local stream = open(name, "cut-stream,3")
      local _, err = values_of(stream)
      assert.equal("truncated", err.kind)
      assert.is_table(err.partial)
      local value, message, info = stream:next_json()
      same({ nil, tostring(err), err }, { value, message, info })
    end)

    it("raises where the answer is not what it should be, for " .. name, function()
      local function ends(how)
        local stream = open(name, "structured," .. how)
        local list, err = values_of(stream, EVENT)
        assert.is_table(err, how)
        assert.is_table(err.partial)
        assert.equal(err.result, err.partial)
        same({ nil, tostring(err), err }, { stream:next_json() })
        return err, list
      end
      local err, list = ends "misfit"
      same({ "decode", "schema", 5 }, { err.kind, err.code, err.value.city })
      same(5, list[#list].city)
      same({ { path = "city", message = "expected a string, got a number" } }, err.mistakes)
      err = ends "broken"
      same({ "decode", "json", "Oslo" }, { err.kind, err.code, err.value.city })
      err, list = ends "prose"
      same({ "decode", "json", 0 }, { err.kind, err.code, #list })
      err = ends "cut"
      same({ "truncated", nil, nil }, { err.kind, err.code, err.value })
      err, list = ends "refusal"
      same({ "decode", "refusal" }, { err.kind, err.code })
      assert.matches("I cannot help with that.", tostring(err), 1, true)
      assert.equal(0, #list)
    end)
  end

  it("shows strings cut anywhere, numbers and names only when they are whole", function()
    local list = values_of(said { '{"na', 'me":"A', "nn", 'a","n":1', "2", ',"ok":tr', "ue", "}" })
    same({ {}, { name = "A" }, { name = "Ann" }, { name = "Anna" }, { name = "Anna", n = 12 },
      { name = "Anna", n = 12, ok = true } }, list)
  end)

  it("gives any value that JSON has, at the root too", function()
    same({ 12 }, (values_of(said { "1", "2" })))
    same({ "", "a", "ab" }, (values_of(said { '"', "a", "b", '"' })))
    same({ xai.null }, (values_of(said { "nu", "ll" })))
    local stream = said { "fal", "se" }
    same({ false, nil, nil }, { stream:next_json() })
    same({ nil, nil, nil }, { stream:next_json() })
  end)

  it("grows in place: the tables are the same each time", function()
    local first
    for value in said({ '{"a":[1,', "2,", "3]}" }):json() do
      first = first or value
      assert.equal(first, value)
    end
    same({ a = { 1, 2, 3 } }, first)
  end)

  it("takes work that is linear in the length of a string", function()
    local pieces = { '"' }
    for i = 1, 20000 do pieces[i + 1] = "0123456789" end
    pieces[#pieces + 1] = '"'
    local answer = scripted.answer(200, { ["Content-Type"] = "text/event-stream" }, chat_bytes(pieces))
    local results = scripted.in_task({ answer }, nil, function(client)
      local stream = assert(client:chat { model = MODEL, messages = {}, stream = true })
      local n, bytes, last = 0, 0, nil
      local value, message = stream:next_json()
      while value ~= nil do
        n, bytes, last = n + 1, bytes + #value, value
        value, message = stream:next_json()
      end
      assert(not message, message)
      return n, bytes, last
    end)
    local n, bytes, last = results[1], results[2], results[3]
    assert.equal(200000, #last)
    -- each byte up to 4 KB, then those of a series that grows by an eighth
    assert.is_true(n < 500)
    assert.is_true(bytes < 4096 * 410 + 200000 * 10)
  end)

  it("is the last message of a response", function()
    local list, err = values_of(stage:say("respond", response_events { '{"a":"draft"}', "no JSON", '{"a":"final"}' }))
    assert.is_nil(err)
    same({ a = "final" }, list[#list])
    list, err = values_of(stage:say("respond", response_events { '{"a":1}', "no JSON" }))
    same({ "json", { a = 1 } }, { err.code, list[#list] })
  end)

  it("is the first choice of several", function()
    local bytes = ways.bytes(xai.encode, {
      chunk { content = "[1" },
      { id = "c", created = 7, model = "m", choices = { { index = 1, delta = { content = "{" } } } },
      chunk { content = ",2]" }, chunk({}, { finish_reason = "stop" }), "[DONE]",
    })
    local list, err = values_of(stage:say("chat", bytes))
    same({ nil, { 1, 2 } }, { err, list[#list] })
  end)

  it("of messages is the arguments of the first call, whatever was said before", function()
    local function delta(value) return { type = "content_block_delta", index = 0, delta = value } end
    local bytes = ways.bytes(xai.encode, {
      { type = "message_start", message = { id = "m", type = "message", role = "assistant", model = "m",
        content = xai.array {}, usage = { input_tokens = 1, output_tokens = 0 } } },
      { type = "content_block_start", index = 0, content_block = { type = "text", text = "" } },
      delta { type = "text_delta", text = "Here: [1]" },
      { type = "content_block_stop", index = 0 },
      tool_block("a", "x"),
      delta { type = "input_json_delta", partial_json = '{"a":' },
      delta { type = "input_json_delta", partial_json = "1}" },
      { type = "content_block_stop", index = 0 },
      tool_block("b", "y"),
      delta { type = "input_json_delta", partial_json = '{"b":2}' },
      { type = "content_block_stop", index = 0 },
      { type = "message_delta", delta = { stop_reason = "tool_use" }, usage = { output_tokens = 5 } },
      { type = "message_stop" },
    })
    local list, err = values_of(stage:say("message", bytes))
    same({ nil, { {}, { a = 1 } } }, { err, list })
  end)

  it("of messages without arguments is an empty object", function()
    local bytes = ways.bytes(xai.encode, {
      { type = "message_start", message = { id = "m", type = "message", role = "assistant", model = "m",
        content = xai.array {}, usage = { input_tokens = 1, output_tokens = 0 } } },
      tool_block("a", "x"),
      { type = "content_block_stop", index = 0 },
      { type = "message_delta", delta = { stop_reason = "tool_use" }, usage = { output_tokens = 5 } },
      { type = "message_stop" },
    })
    same({ {} }, (values_of(stage:say("message", bytes))))
  end)

  it("never takes the arguments of a tool for the answer elsewhere", function()
    local bytes = ways.bytes(xai.encode, {
      chunk { tool_calls = { { index = 0, id = "a", type = "function",
        ["function"] = { name = "get_weather", arguments = '{"city":"Oslo"}' } } } },
      chunk({}, { finish_reason = "tool_calls" }), "[DONE]",
    })
    local list, err = values_of(stage:say("chat", bytes))
    same({ {}, "json" }, { list, err.code })
    assert.matches("the answer is not JSON: there is no text", tostring(err), 1, true)
  end)

  it("is held against the schema that was given last", function()
    local stream = said { "[1", "]" }
    stream:next_json(s.list(s.string()))
    same({ 1 }, stream:next_json { type = "array" })
    same({ nil, nil, nil }, { stream:next_json() })
    stream = said { "[1", "]" }
    stream:next_json()
    local _, err = values_of(stream, s.list(s.string()))
    same({ "schema", "[1]" }, { err.code, err.mistakes[1].path })
  end)

  it("refuses what stands behind the value", function()
    for _, more in ipairs { "x", "{}", ",", "]" } do
      local list, err = values_of(said { '{"a":1}', more })
      same({ { { a = 1 } }, "json" }, { list, err.code })
    end
    same({ { 1 } }, (values_of(said { "[1]", " \n" })))
  end)

  it("is whole also after other reading", function()
    local stream = said { '{"a":"one ', "two ", 'three"}' }
    stream:text()() -- a part of it
    local list, err = values_of(stream)
    same({ nil, { a = "one two three" } }, { err, list[#list] })
    stream = said { '{"a":"one ', "two ", 'three"}' }
    stream:next_part()
    list, err = values_of(stream)
    same({ nil, { a = "one two three" } }, { err, list[#list] })
    for _, read in ipairs { stages.text, stages.events, function(x) return x:result() end } do
      stream = said { '{"a":"one ', "two ", 'three"}' }
      read(stream)
      list, err = values_of(stream)
      same({ nil, { a = "one two three" } }, { err, list[#list] })
    end
    stream = open("chat", "ignore-stream")
    stream:result()
    same(VALUE, values_of(stream)[1])
  end)

  it("goes on where a loop was left", function()
    local stream = said { "[1,", "2,", "3", "]" }
    local value
    for one in stream.json, stream do -- luacheck: ignore 512
      value = one
      break
    end
    assert.is_function(value)
    same({ 1 }, xai.decode(xai.encode((stream:next_json()))))
    local list = values_of(stream)
    same({ 1, 2, 3 }, list[#list])
  end)

  it("frees the connection at a break, from Lua 5.4 on", function()
    local stream = open("chat", "stall-in-stream,4")
    for _ in stream:json() do break end -- luacheck: ignore 512
    if _VERSION < "Lua 5.4" then stream:close() end
    assert.equal(0, xai.active())
    same("closed", select(3, stream:next_json()).kind)
  end)

  it("comes in tasks, while others run", function()
    local turns, last, list = 0, nil, 0
    xai.run(function()
      local reader = xai.spawn(function()
        local stream = open("respond", "slow-words,3")
        local value, message, info = stream:next_json(EVENT)
        while value ~= nil do
          last, list = value, list + 1
          value, message, info = stream:next_json()
        end
        assert(message == nil and info == nil, message)
      end)
      local other = xai.spawn(function()
        while reader:status() ~= "done" and reader:status() ~= "failed" do
          turns = turns + 1
          xai.sleep(0.001)
        end
      end)
      reader:wait()
      other:wait()
    end)
    same(VALUE, last)
    assert.is_true(turns > 3 and list > 3)
  end)

  it("has no place in raw streams, in completions without text, or for a wrong schema", function()
    local stream = open("chat", nil, { raw = true })
    assert.matches("stream_json_spec.lua:%d+: stream:json: a raw stream has no parts",
      raised(function() local f = stream:json() return f end))
    stream:close()
    stream = open "chat"
    assert.matches("stream_json_spec.lua:%d+: stream:next_json: the schema must be a table, got string",
      raised(function() local value = stream:next_json "x" return value end))
    assert.matches("stream:json: schema.*must be a type of JSON",
      raised(function() local f = stream:json { type = "objekt" } return f end))
    same(VALUE, (function() local list = values_of(stream) return list[#list] end)())
  end)
end)
