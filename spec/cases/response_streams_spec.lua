--- Streams of responses as gateways send them: what they are merged into.

local stages = require("spec.support.stage")
local ways = require("spec.support.ways")
local xai = require("xai")

local same = assert.same
local unpack = rawget(table, "unpack") or rawget(_G, "unpack")
local stage

local USAGE = { input_tokens = 1, output_tokens = 2 }

local function event(kind, fields)
  local all = { type = "response." .. kind }
  for key, value in pairs(fields) do all[key] = value end
  return all
end

--- A message of this text; `more` are further members.
local function message(id, text, more)
  local item = { id = id, type = "message", role = "assistant", status = "completed",
    content = { { type = "output_text", text = text, annotations = xai.array {} } } }
  for key, value in pairs(more or {}) do item[key] = value end
  return item
end

local function read(...)
  local result, text, kind = ways.read(stage, "respond", ways.bytes(xai.encode, { ... }))
  return result, text, kind
end

local CREATED = event("created", { response = { id = "r", object = "response", model = "m", status = "in_progress",
  output = xai.array {} } })

local function completed(output, more)
  local response = { id = "r", object = "response", model = "m", status = "completed", usage = USAGE, output = output }
  for key, value in pairs(more or {}) do response[key] = value end
  return event("completed", { response = response })
end

local function added(index, item) return event("output_item.added", { output_index = index, item = item }) end
local function done(index, item) return event("output_item.done", { output_index = index, item = item }) end

local function delta(index, text, more)
  local fields = { output_index = index, content_index = 0, delta = text, item_id = "x" }
  for key, value in pairs(more or {}) do fields[key] = value end
  return event("output_text.delta", fields)
end

local CALL = { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = '{"x":1}',
  status = "completed" }

describe("a stream of a response", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("whose last event has no output has that which was streamed (QuantumNous/new-api#4362)", function()
    local open = message("x", "", { status = "in_progress", content = xai.array {} })
    local reasoning = { id = "rs", type = "reasoning", summary = { { type = "summary_text", text = "hm" } } }
    for _, output in ipairs { xai.array {}, xai.null, false } do
      local last = completed(output or nil)
      local result, text = read(CREATED,
        added(0, { id = "rs", type = "reasoning", summary = xai.array {} }),
        event("reasoning_summary_part.added", { output_index = 0, summary_index = 0, item_id = "rs",
          part = { type = "summary_text", text = "" } }),
        event("reasoning_summary_text.delta", { output_index = 0, summary_index = 0, item_id = "rs", delta = "hm" }),
        done(0, reasoning), added(1, open),
        event("content_part.added", { output_index = 1, content_index = 0, part = { type = "output_text",
          text = "" } }),
        delta(1, "Hel"), delta(1, "lo"), done(1, message("x", "Hello")), done(2, CALL), last)
      same({ { id = "r", object = "response", model = "m", status = "completed", usage = USAGE,
        output = { reasoning, message("x", "Hello"), CALL } }, "Hello" }, { result, text })
    end
  end)

  it("whose items nobody called done has the state of the whole (QuantumNous/new-api#4362)", function()
    for kind, status in pairs { completed = "completed", incomplete = "incomplete" } do
      local result, text = read(CREATED, added(0, message("x", "", { status = "in_progress", content = xai.array {} })),
        delta(0, "Hi"), event(kind, { response = { id = "r", status = status, output = xai.array {} } }))
      same({ status, "Hi", "Hi" }, { result.output[1].status, result.output[1].content[1].text, text })
    end
  end)

  it("whose last event says only how it ended (QuantumNous/new-api#4362)", function()
    for kind, status in pairs { completed = "completed", incomplete = "incomplete", done = "completed" } do
      local result, text = read(CREATED, done(0, message("x", "Hi")), event(kind, {}))
      same({ "r", "m", status, { message("x", "Hi") }, "Hi" },
        { result.id, result.model, result.status, result.output, text })
      result = read(CREATED, done(0, message("x", "Hi")), event(kind, { response = { status = status } }))
      same({ "r", "m", status, { message("x", "Hi") } }, { result.id, result.model, result.status, result.output })
    end
    local result = read(CREATED, delta(0, "Hi"), event("incomplete", { response = { id = "r", status = "incomplete",
      incomplete_details = { reason = "max_output_tokens" }, output = xai.array {}, usage = USAGE } }))
    same({ "incomplete", "max_output_tokens", USAGE, "Hi" }, { result.status, result.incomplete_details.reason,
      result.usage, result.output[1].content[1].text })
  end)

  it("that broke or failed has what was streamed (QuantumNous/new-api#4362)", function()
    local partial, text, kind = read(CREATED, done(0, message("x", "Hi")))
    same({ "truncated", "Hi", { message("x", "Hi") } }, { kind, text, partial.output })
    partial, text, kind = read(CREATED, delta(0, "Hi"), event("failed", { response = { id = "r", status = "failed",
      error = { code = "server_error", message = "Broke" }, output = xai.array {} } }))
    same({ "server", "Hi", "Hi" }, { kind, text, partial.output[1].content[1].text })
  end)

  it("that failed has the state and the usage of its last event (QuantumNous/new-api#4362)", function()
    local failure = { code = "server_error", message = "Broke" }
    local last = { id = "r", status = "failed", error = failure, usage = USAGE, output = xai.array {} }
    for _, kind in ipairs { "failed", "completed" } do
      local partial, text, why = read(CREATED, delta(0, "Hi"), event(kind, { response = last }))
      same({ "server", "Hi", "m", "failed", USAGE, failure, "Hi" }, { why, text, partial.model, partial.status,
        partial.usage, partial.error, partial.output[1].content[1].text })
    end
    local partial = read(event("failed", { response = last }))
    same({ "failed", USAGE, {} }, { partial.status, partial.usage, partial.output })
    partial = read(CREATED, delta(0, "Hi"), event("failed", { response = last, error = failure }), delta(0, "!"))
    same({ "failed", "Hi" }, { partial.status, partial.output[1].content[1].text })
  end)

  it("whose last event leaves items empty has them as they were streamed (QuantumNous/new-api#4362)", function()
    local whole = { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = '{"x":1}' }
    local empty = { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = "" }
    for _, hollow in ipairs { message("x", ""), message("x", "", { content = xai.array {} }), message("y", "") } do
      local result, text = read(CREATED, delta(0, "Hi"), done(0, message("x", "Hi")), done(1, whole),
        completed { hollow, empty })
      same({ "Hi", '{"x":1}', "Hi", hollow.id }, { result.output[1].content[1].text, result.output[2].arguments, text,
        result.output[1].id })
    end
    local result = read(CREATED, done(0, whole), done(1, message("x", "Hi")), completed { message("x", "") })
    same({ message("x", "Hi") }, result.output)
  end)

  it("has the usage that stands beside it (QuantumNous/new-api#4362)", function()
    for _, response in ipairs { { id = "r", status = "completed" }, false } do
      local result = read(CREATED, delta(0, "Hi"), event("completed", { response = response or nil, usage = USAGE }))
      same({ USAGE, "completed" }, { result.usage, result.status })
    end
  end)

  it("whose arguments are a value has them as its text (can1357/oh-my-pi#1779)", function()
    local call = { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = { x = 1 } }
    for _, events in ipairs {
      { event("function_call_arguments.done", { output_index = 0, item_id = "fc", arguments = { x = 1 } }),
        completed(xai.array {}) },
      { done(0, call), completed(xai.array {}) }, { completed { call } },
    } do
      assert.equal('{"x":1}', read(unpack(events)).output[1].arguments)
    end
  end)

  it("is merged in work that grows with its events alone (defect found by reading, 14)", function()
    local item = { id = "fc", type = "function_call" }
    local part, last = { type = "output_text", text = "" }, ways.bytes(xai.encode, { event("completed", {}) })
    local args = event("function_call_arguments.delta", { output_index = 0, item_id = "fc", delta = ("x"):rep(200) })
    for _, pair in ipairs { { added(0, item), args },
      { event("content_part.added", { output_index = 0, content_index = 0, part = part }),
        delta(0, ("x"):rep(200)) } } do
      local bytes = ways.bytes(xai.encode, pair)
      local compiler = rawget(_G, "jit") -- what it makes would count, at times that it chooses
      local function kilobytes(n)
        local stream = stage:say("respond", bytes:rep(n) .. last)
        stages.events(stream)
        collectgarbage()
        collectgarbage "stop"
        local before = collectgarbage "count"
        stream:result()
        local after = collectgarbage "count"
        collectgarbage "restart"
        return after - before
      end
      if compiler then compiler.off() compiler.flush() end
      local few, many = kilobytes(30), kilobytes(120)
      if compiler then compiler.on() end
      assert.is_true(many < 8 * few, ("%g KB, and of four times as many events %g KB"):format(few, many))
    end
  end)

  it("that names a far place makes no parts up to it (defect found by reading, 14)", function()
    local result, text = read(delta(0, "a", { content_index = 9999 }), delta(0, "b", { content_index = 9999 }),
      completed(xai.array {}))
    same({ { { type = "output_text", text = "ab" } }, "ab" }, { result.output[1].content, text })
  end)

  describe("that has no deltas (BerriAI/litellm#32718)", function()
    local parts = { { type = "output_text", text = "Hel" }, { type = "output_text", text = "lo" } }
    local two = message("x", "", { content = parts })

    it("has the items, and the text once", function()
      local function text_done(i) return event("output_text.done", { output_index = 0, content_index = i - 1,
        item_id = "x", text = parts[i].text }) end
      local function part_done(i) return event("content_part.done", { output_index = 0, content_index = i - 1,
        item_id = "x", part = parts[i] }) end
      local item, last = done(0, two), completed { two }
      for _, events in ipairs {
        { text_done(1), text_done(2), part_done(1), part_done(2), item, last },
        { text_done(1), part_done(1), text_done(2), part_done(2), last },
        { part_done(1), part_done(2), item, completed(xai.array {}) },
        { item, last }, { item, completed(xai.null) }, { last },
        { delta(0, "Hel"), text_done(1), item, last },
        { delta(0, "H"), delta(0, "el"), item, completed(xai.array {}) },
      } do
        local result, text = read(CREATED, unpack(events))
        same({ "Hello", { two } }, { text, result.output })
      end
      local result, text = read(text_done(1), text_done(2), event("completed", {}))
      same({ { { id = "x", type = "message", role = "assistant", content = parts } }, "Hello" }, { result.output,
        text })
    end)

    it("has texts of every kind", function()
      local summary = { type = "summary_text", text = "s" }
      local result = read(
        event("reasoning_summary_text.done", { output_index = 0, summary_index = 0, item_id = "a", text = "s" }),
        event("reasoning_text.done", { output_index = 0, content_index = 0, item_id = "a", text = "t" }),
        event("reasoning_summary_part.done", { output_index = 0, summary_index = 0, item_id = "a", part = summary }),
        event("function_call_arguments.done", { output_index = 1, item_id = "b", name = "f", arguments = "{}" }),
        event("custom_tool_call_input.done", { output_index = 2, item_id = "c", input = "ls" }),
        event("code_interpreter_call_code.done", { output_index = 3, item_id = "d", code = "1+1" }),
        event("mcp_call_arguments.done", { output_index = 4, item_id = "e", arguments = "{}" }),
        event("mcp_call_output.done", { output_index = 4, item_id = "e", output = "o" }),
        event("refusal.done", { output_index = 5, content_index = 0, item_id = "g", refusal = "No." }),
        event("completed", {}))
      same({
        { id = "a", type = "reasoning", summary = { summary }, content = { { type = "reasoning_text", text = "t" } } },
        { id = "b", type = "function_call", name = "f", arguments = "{}" },
        { id = "c", type = "custom_tool_call", input = "ls" },
        { id = "d", type = "code_interpreter_call", code = "1+1" },
        { id = "e", type = "mcp_call", arguments = "{}", output = "o" },
        { id = "g", type = "message", role = "assistant", content = { { type = "refusal", refusal = "No." } } },
      }, result.output)
    end)

    it("has arguments that only their last event states, and {} for none", function()
      local open = { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = "",
        status = "in_progress" }
      local result = read(CREATED, added(0, open),
        event("function_call_arguments.done", { output_index = 0, item_id = "fc", arguments = '{"x":1}' }),
        done(0, { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = "", status = "completed" }),
        completed(xai.array {}))
      same({ CALL }, result.output)
      result = read(CREATED, added(0, open), done(0, open), completed(xai.array {}))
      assert.equal("{}", result.output[1].arguments)
    end)
  end)

  it("whose deltas come late, after what states them, says nothing twice (BerriAI/litellm#32718)", function()
    local stated = event("output_text.done", { output_index = 0, content_index = 0, item_id = "x", text = "Hello" })
    for _, first in ipairs { stated, done(0, message("x", "Hello")) } do
      local result, text = read(CREATED, first, delta(0, "Hel"), delta(0, "lo"), delta(0, "!"), completed(xai.array {}))
      same({ "Hello", "Hello" }, { result.output[1].content[1].text, text })
      result, text = read(CREATED, delta(0, "Hel"), delta(0, "lo"), first, delta(0, "Hel"), completed(xai.array {}))
      same({ "Hello", "Hello" }, { result.output[1].content[1].text, text })
    end
    local empty = event("output_text.done", { output_index = 0, content_index = 0, item_id = "x", text = "" })
    local result, text = read(CREATED, delta(0, "Hel"), empty, delta(0, "lo"), done(0, message("x", "")),
      completed(xai.array {}))
    same({ "Hello", "Hello" }, { result.output[1].content[1].text, text })
  end)

  it("that uses a place twice, or names none, has all items (QuantumNous/new-api#4362)", function()
    local a, b = message("a", "One "), message("b", "two")
    for _, index in ipairs { 0, false } do
      local at = index or nil
      local result, text = read(CREATED, done(at, a), done(at, b), completed(xai.array {}))
      same({ { a, b }, "One two" }, { result.output, text })
      local function open(id) return added(at, message(id, "", { content = xai.array {} })) end
      result, text = read(CREATED, open "a", delta(at, "One ", { item_id = "a" }), done(at, a),
        open "b", delta(at, "two", { item_id = "b" }), done(at, b), completed(xai.array {}))
      same({ { a, b }, "One two" }, { result.output, text })
      local stated = {}
      for i, item in ipairs { a, b } do
        stated[i] = event("output_text.done", { output_index = at, content_index = 0, item_id = item.id,
          text = item.content[1].text })
      end
      result, text = read(CREATED, open "a", stated[1], open "b", stated[2], completed(xai.array {}))
      same({ "One ", "two", "One two" }, { result.output[1].content[1].text, result.output[2].content[1].text, text })
    end
  end)

  it("whose items of several kinds are open at once shows its text once (QuantumNous/new-api#4362)", function()
    local reasoning = { id = "rs", type = "reasoning", summary = { { type = "summary_text", text = "hm" } } }
    for _, index in ipairs { 0, false } do
      local at = index or nil
      local result, text = read(CREATED, added(at, { id = "rs", type = "reasoning", summary = xai.array {} }),
        event("reasoning_summary_text.delta", { output_index = at, summary_index = 0, item_id = "rs", delta = "hm" }),
        added(at, message("x", "", { content = xai.array {} })), delta(at, "Hi"),
        added(at, { id = "fc", type = "function_call", call_id = "c", name = "f", arguments = "" }),
        event("function_call_arguments.delta", { output_index = at, item_id = "fc", delta = '{"x":1}' }),
        done(at, reasoning), done(at, message("x", "Hi")), done(at, CALL), completed(xai.array {}))
      same({ { reasoning, message("x", "Hi"), CALL }, "Hi" }, { result.output, text })
    end
  end)

  it("whose ids change on the way is one item (QuantumNous/new-api#4362)", function()
    local result, text = read(CREATED, added(0, message("a", "", { content = xai.array {} })), delta(0, "Hi",
      { item_id = "a" }),
      done(0, message("b", "Hi")), delta(0, "Hi", { item_id = "a" }), completed(xai.array {}))
    same({ { message("b", "Hi") }, "Hi" }, { result.output, text })
  end)

  it("keeps parts by their place, with what belongs to them (QuantumNous/new-api#4362)", function()
    local note = { type = "url_citation", url = "u" }
    local function part(i, text) return delta(0, text, { content_index = i }) end
    local result, text = read(CREATED, part(1, "b"), part(0, "a"), part(1, "c"),
      event("output_text.annotation.added", { output_index = 0, content_index = 1, item_id = "x", annotation_index = 0,
        annotation = note }),
      event("content_part.done", { output_index = 0, content_index = 1, item_id = "x",
        part = { type = "output_text", text = "bc", annotations = xai.array {} } }),
      completed(xai.array {}))
    same({ { type = "output_text", text = "a" }, { type = "output_text", text = "bc", annotations = { note } } },
      result.output[1].content)
    assert.equal("bac", text)
  end)

  describe("however its text is said", function()
    local state = 7
    local function chance(n) -- the same on every Lua
      state = (state * 16807) % 2147483647
      return state % n == 0
    end

    --- Events of one message of these parts, by deltas, statements or both.
    local function say(events, at, id, parts)
      local function put(kind, fields)
        fields.output_index, fields.item_id = at, id
        events[#events + 1] = event(kind, fields)
      end
      local by_deltas, by_text, by_part = chance(2), chance(2), chance(2)
      if at == nil or chance(2) then
        put("output_item.added", { item = { type = "message", id = id, content = xai.array {} } })
      end
      for i, part in ipairs(parts) do
        for c in (by_deltas and part.text or ""):gmatch "." do
          put("output_text.delta", { content_index = i - 1, delta = c })
        end
        if by_text then put("output_text.done", { content_index = i - 1, text = part.text }) end
        if by_part then put("content_part.done", { content_index = i - 1, part = part }) end
      end
      local said = by_deltas or by_text or by_part
      if said and at ~= nil and chance(2) then return end
      local content = said and chance(3) and xai.array {} or parts
      put("output_item.done", { item = { type = "message", id = id, content = content } })
    end

    it("text() and the result have it once (BerriAI/litellm#32718)", function()
      for _ = 1, 200 do
        local events, output, expected, placed = {}, {}, "", not chance(4)
        for i = 1, chance(2) and 1 or 2 do
          local parts, id = {}, not chance(4) and "m" .. i or nil
          for p = 1, chance(2) and 1 or 3 do
            parts[p] = { type = "output_text", text = i .. "." .. p .. " " }
            expected = expected .. parts[p].text
          end
          output[i] = { type = "message", id = id, content = parts }
          say(events, placed and i - 1 or nil, id, parts)
        end
        events[#events + 1] = completed(chance(3) and output or chance(2) and xai.array {} or nil)
        local stream = stage:say("respond", ways.bytes(xai.encode, events))
        local text, said = stages.text(stream), {}
        for _, item in ipairs(stream:result().output) do
          for _, part in ipairs(item.content) do said[#said + 1] = part.text end
        end
        same({ expected, expected }, { text, table.concat(said) }, xai.encode(events))
      end
    end)
  end)

  it("bears lists where objects belong: what it gives can be sent again (defect found by reading, 14)", function()
    local list = { "a", { "b" } }
    for _, odd in ipairs {
      event("created", { response = list }), added(0, list), done(0, list), event("completed", { response = list }),
      event("content_part.added", { output_index = 0, content_index = 0, part = list }),
      event("output_text.annotation.added", { output_index = 0, content_index = 0, annotation = list }),
      done(0, { type = "message", content = { list, "c" } }),
    } do
      local result, text = read(CREATED, odd, delta(1, "Hi"), event("completed", {}))
      assert.is_string(xai.encode(result))
      if odd.type ~= "response.completed" then assert.equal("Hi", text) end
    end
  end)

  it("that has custom calls, refusals and thinking in pieces has them whole (QuantumNous/new-api#4362)", function()
    local result = read(CREATED,
      event("custom_tool_call_input.delta", { output_index = 0, item_id = "c", delta = "l" }),
      event("custom_tool_call_input.delta", { output_index = 0, item_id = "c", delta = "s" }),
      event("reasoning_text.delta", { output_index = 1, content_index = 0, item_id = "d", delta = "h" }),
      event("reasoning_text.delta", { output_index = 1, content_index = 0, item_id = "d", delta = "m" }),
      event("refusal.delta", { output_index = 2, content_index = 0, item_id = "e", delta = "N" }),
      event("refusal.delta", { output_index = 2, content_index = 0, item_id = "e", delta = "o" }),
      event("brand_new.delta", { output_index = 3, delta = "x" }), completed(xai.array {}))
    local texts = { result.output[1].input, result.output[2].content[1].text, result.output[3].content[1].refusal }
    same({ 3, "ls", "hm", "No" }, { #result.output, unpack(texts) })
  end)
end)
