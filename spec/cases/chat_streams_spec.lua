--- Streams of chat as gateways send them: what they are merged into.

local stages = require("spec.support.stage")
local ways = require("spec.support.ways")
local xai = require("xai")

local same = assert.same
local stage

local FINISH = { choices = { { index = 0, delta = {}, finish_reason = "tool_calls" } } }

--- The bytes of a stream of these deltas of the first choice.
local function bytes_of(deltas, ...)
  local events = {}
  for i, delta in ipairs(deltas) do
    events[i] = { id = "c", created = 7, model = "m", choices = { { index = 0, delta = delta } } }
  end
  for _, event in ipairs { ... } do events[#events + 1] = event end
  return ways.bytes(xai.encode, events)
end

local function message_of(deltas)
  local result, text = ways.read(stage, "chat", bytes_of(deltas, FINISH, "[DONE]"))
  return result.choices[1].message, text
end

--- The calls that these pieces, one a chunk, become; "id name arguments".
local function calls_of(pieces)
  local deltas, list = {}, {}
  for i, piece in ipairs(pieces) do deltas[i] = { tool_calls = piece[1] and piece or { piece } } end
  for i, call in ipairs(message_of(deltas).tool_calls) do
    assert.is_nil(call.index)
    assert.equal("function", call.type)
    list[i] = ("%s %s %s"):format(call.id or "-", call["function"].name or "-", call["function"].arguments)
  end
  return list
end

--- A piece of a call: index, id, name, arguments.
local function piece(index, id, name, arguments)
  return { index = index, id = id, type = id and "function", ["function"] = { name = name, arguments = arguments } }
end

describe("a stream of a chat", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("with tool calls", function()
    local TWO = { "a f {\"x\":1}", "b g {}" }

    it("without index: an id opens a call, and what has none goes on with it (openai/openai-python#2806)", function()
      same(TWO, calls_of { piece(nil, "a", "f", "{"), piece(nil, nil, nil, '"x":1'), piece(nil, nil, nil, "}"),
        piece(nil, "b", "g", "{"), piece(nil, nil, nil, "}") })
      same(TWO, calls_of { piece(nil, "a", "f", '{"x"'), piece(nil, "a", nil, ":1}"), piece(nil, "b", "g", "{}") })
      same(TWO, calls_of { piece(nil, "a", "f", '{"x"'), piece(nil, "b", "g", "{}"), piece(nil, "a", nil, ":1}") })
      same(TWO, calls_of { { piece(nil, "a", "f", '{"x":1}'), piece(nil, "b", "g", "{") }, piece(nil, nil, nil, "}") })
    end)

    it("with one index for all: an id opens a call, and the rest goes on with it (vercel/ai#14277)", function()
      for index = 0, 1 do
        same(TWO, calls_of { piece(index, "a", "f", '{"x"'), piece(index, nil, nil, ":1}"),
          piece(index, "b", "g", ""), piece(index, "b", nil, "{"), piece(index, nil, nil, "}") })
        same({ "a f {}", "b f {}" }, calls_of { piece(index, "a", "f", "{}"), piece(index, "b", "f", "{}") })
      end
    end)

    it("whose index counts the pieces (dirac-run/dirac#215)", function()
      same(TWO, calls_of { piece(0, "a", "f", "{"), piece(1, nil, nil, '"x"'), piece(2, nil, nil, ":1}"),
        piece(3, "b", "g", "{"), piece(4, "", "", "}") })
      same(TWO, calls_of { piece(0, "a", "f", "{"), piece(1, "a", "f", '"x"'), piece(2, "a", "f", ":1}"),
        piece(0, "b", "g", "{"), piece(1, "b", "g", "}") })
    end)

    it("with neither id nor index: a name after whole arguments opens a call (openai/openai-python#2806)", function()
      same({ "- f {}", "- g {}" }, calls_of { piece(nil, nil, "f", "{}"), piece(nil, nil, "g", "{}") })
      same({ "- f {}", "- f {}" }, calls_of { piece(nil, nil, "f", "{}"), piece(nil, nil, "f", "{}") })
      same({ "- f {}", "- g {}" }, calls_of { piece(0, nil, "f", "{}"), piece(0, nil, "g", "{}") })
      same({ "- f {}", "- g {}" }, calls_of { { piece(nil, nil, "f"), piece(nil, nil, "g") } })
      same({ "- f {}" }, calls_of { piece(nil, nil, "f", "{"), piece(nil, nil, "f", "}") })
    end)

    it("whose id comes late, or is another one in each piece (vercel/ai#14277)", function()
      same(TWO, calls_of { piece(0, nil, "f", '{"x"'), piece(0, "a", nil, ":1}"), piece(1, "b", "g", "{}") })
      same(TWO, calls_of { piece(nil, nil, "f", ""), piece(nil, "a", nil, '{"x":1}'), piece(nil, "b", "g") })
      for _, name in ipairs { "f", false } do
        for _, index in ipairs { 0, false } do
          same({ 'a f {"x":1}' }, calls_of { piece(index or nil, "a", "f", '{"x"'), piece(index or nil, "z1",
            name or nil, ":1"), piece(index or nil, "z2", name or nil, "}") })
        end
      end
      same({ 'a f {"x"', "b f {}" }, calls_of { piece(0, "a", "f", '{"x"'), piece(0, "b", "f", "{}") })
    end)

    it("that are whole, and come again (vercel/ai#14277)", function()
      same(TWO, calls_of { piece(0, "a", "f", '{"x":1}'), piece(1, "b", "g", "{}"),
        { piece(0, "a", "f", '{"x":1}'), piece(1, "b", "g", "{}") } })
      same({ 'a f {"x":1}' }, calls_of { piece(0, "a", "f", "{}"), piece(0, nil, nil, '{"x"'), piece(0, nil, nil,
        ":1}") })
      same({ 'a f {"x":"}"}' }, calls_of { piece(0, "a", "f", '{"x":"}'), piece(0, "a", "f", '"}') })
    end)

    it("in several choices and parallel, by index (vercel/ai#14277)", function()
      local events = {}
      for i, text in ipairs { '{"x"', ":1}" } do
        for choice = 0, 1 do
          local id = i == 1 and "c" .. choice or nil
          events[#events + 1] = { id = "c", choices = { { index = choice, delta = { tool_calls = {
            piece(1, id and id .. "1", id and "g", text), piece(0, id and id .. "0", id and "f", text) } } } } }
        end
      end
      local result = ways.read(stage, "chat", ways.bytes(xai.encode, events) .. "data: [DONE]\n\n")
      for choice = 0, 1 do
        local names = {}
        for i, call in ipairs(result.choices[choice + 1].message.tool_calls) do
          names[i] = call.id .. call["function"].name .. call["function"].arguments
        end
        same({ ('c%d0f{"x":1}'):format(choice), ('c%d1g{"x":1}'):format(choice) }, names)
      end
    end)

    it("whose arguments are a value has them as its text (can1357/oh-my-pi#1779)", function()
      local function arguments(...)
        local text = calls_of({ ... })[1]:match "^a f (.*)$"
        return (xai.decode(text))
      end
      same({ x = { 1, 2 }, y = {} }, arguments(piece(0, "a", "f", { x = { 1, 2 }, y = {} })))
      same({ 1, "b" }, arguments(piece(0, "a", "f", { 1, "b" })))
      same({ x = 1 }, arguments(piece(0, "a", "f", {}), piece(0, nil, nil, { x = 1 })))
      same({ x = 1 }, arguments(piece(0, "a", "f", { x = 1 }), piece(0, nil, nil, "")))
      same({ "a f []" }, calls_of { piece(0, "a", "f", xai.array {}) })
      same({ 'a f {"x":1}' }, calls_of { piece(0, "a", "f", xai.array {}), piece(0, nil, nil, '{"x":1}') })
    end)

    it("without arguments has {} (MetaFARS/codex-relay#57)", function()
      same({ "a f {}" }, calls_of { piece(0, "a", "f") })
      same({ "a f {}" }, calls_of { piece(0, "a", "f", xai.null) })
      same({ "a f {}" }, calls_of { piece(0, "a", "f", "") })
      same({ "a f {}" }, calls_of { piece(0, "a", "f", " ") })
      same({ "a - {}" }, calls_of { { index = 0, id = "a", ["function"] = xai.null } })
    end)

    it("that broke keeps arguments as they came (MetaFARS/codex-relay#57)", function()
      local partial, _, kind = ways.read(stage, "chat", bytes_of { { tool_calls = {
        piece(0, "a", "f", '{"x":'), piece(1, "b", "g", ""), piece(2, "c", "h") } } })
      local list = {}
      for i, call in ipairs(partial.choices[1].message.tool_calls) do list[i] = call["function"].arguments end
      same({ "truncated", { '{"x":', "", "" } }, { kind, list })
    end)

    it("whose names come in pieces, or again, and whose empty ones are none (NVIDIA-NeMo/Switchyard#785)", function()
      same({ "a get_weather {}" }, calls_of { piece(0, "a", "get_"), piece(0, nil, "weather"), piece(0, nil, nil,
        "{}") })
      same({ "a get_weather {}" }, calls_of { piece(nil, "a", "get_"), piece(nil, nil, "weather", ""), piece(nil, "a",
        "get_weather", "{}") })
      same({ "a f {}" }, calls_of { piece(0, "", "", ""), piece(0, "a", "f"), piece(0, "", "", "{"), piece(0, "a", "f",
        "}") })
      same({ "a f {}" }, calls_of { piece(nil, "", ""), piece(nil, "a", "f", "{}") })
    end)

    it("whose names begin again and grow (NVIDIA-NeMo/Switchyard#785)", function()
      for _, id in ipairs { "a", false } do
        same({ "a get_weather {}" }, calls_of { piece(0, "a", "g"), piece(0, id or nil, "get_"), piece(0, id or nil,
          "get_weather"), piece(0, id or nil, "get_weather", "{}") })
      end
      same({ "a get_weather {}" }, calls_of { piece(0, "a", "get_"), piece(0, nil, "wea"), piece(0, nil, "get_weather",
        "{}") })
      same({ name = "get_weather", arguments = "{}" }, message_of({
        { function_call = { name = "get_" } }, { function_call = { name = "get_weather" } } }).function_call)
    end)

    it("of which the index of another tells where the rest of it is (agno-agi/agno#8880)", function()
      same(TWO, calls_of { piece(0, "a", "f", '{"x":1}'), piece(0, "b", "g", ""), piece(1, nil, nil, "{}") })
      same({ "x f {}", "x g {}" }, calls_of { piece(0, "x", "f", "{}"), piece(1, "x", "g", "{}") })
    end)

    it("keeps what it does not know as the call without `stream` has it (JetBrains/koog#2183)", function()
      local signature = { google = { thought_signature = "c2ln" } }
      local first = piece(0, "a", "f", "{")
      first.extra_content = signature
      local last = piece(0, nil, nil, "}")
      last.extra_content, last.note = signature, "n"
      same({ { id = "a", type = "function", extra_content = signature, note = "n",
        ["function"] = { name = "f", arguments = "{}" } } },
        message_of({ { tool_calls = { first } }, { tool_calls = { last } } }).tool_calls)
    end)

    it("of another type (JetBrains/koog#2183)", function()
      same({ { id = "a", type = "custom", custom = { name = "sh", input = "ls -l" } },
        { id = "b", type = "custom", custom = { name = "sh", input = "" } } },
        message_of({ { tool_calls = { { index = 0, id = "a", type = "custom", custom = { name = "sh",
          input = "ls" } } } },
          { tool_calls = { { index = 0, custom = { input = " -l" } } } },
          { tool_calls = { { index = 1, id = "b", type = "custom", custom = { name = "sh" } } } } }).tool_calls)
      same({ { id = "a", type = "odd", odd = { name = "n", text = "ab" } } },
        message_of({ { tool_calls = { { index = 0, id = "a", type = "odd", odd = { name = "n", text = "a" } } } },
          { tool_calls = { { index = 0, odd = { name = "n", text = "b" } } } } }).tool_calls)
    end)

    it("as `function_call` (JetBrains/koog#2183)", function()
      same({ name = "get_weather", arguments = '{"x":1}' }, message_of({
        { function_call = { name = "get_" } }, { function_call = { name = "weather", arguments = '{"x"' } },
        { function_call = { arguments = ":1}" } } }).function_call)
      same({ name = "f", arguments = "{}" }, message_of({ { function_call = { name = "f" } } }).function_call)
    end)
  end)

  it("joins every text that comes in pieces, and no other member (BerriAI/litellm#20246)", function()
    local deltas = {}
    for i, text in ipairs { "a", "b", "b" } do
      deltas[i] = { role = "assistant", name = "n", id = "i", type = "t", status = "s", call_id = "k", reasoning = text,
        reasoning_content = text, refusal = text, thoughts = text, audio = { id = "u", data = text, expires_at = 9 } }
    end
    local message = message_of(deltas)
    same({ role = "assistant", name = "n", id = "i", type = "t", status = "s", call_id = "k", content = "",
      reasoning = "abb", reasoning_content = "abb", refusal = "abb", thoughts = "abb",
      audio = { id = "u", data = "abb", expires_at = 9 } }, message)
  end)

  it("does not double what objects say again (JetBrains/koog#2183)", function()
    local extra = { google = { thought_signature = "c2ln", n = 1 }, list = xai.array {} }
    local message = message_of { { content = "a", extra_content = extra }, { content = "b", extra_content = extra } }
    same({ role = "assistant", content = "ab", extra_content = extra }, message)
  end)

  it("joins `reasoning` that comes alone or beside an empty text (BerriAI/litellm#20246)", function()
    local message, text = message_of { { role = "assistant" }, { reasoning = "a" }, { reasoning = "b", content = "" },
      { reasoning = "b" }, { content = "x" }, { content = "x" } }
    same({ { role = "assistant", reasoning = "abb", content = "xx" }, "xx" }, { message, text })
  end)

  it("has the real role where an empty one comes first (microsoft/autogen#6465)", function()
    same({ role = "assistant", content = "ab" }, (message_of { { role = "", content = "a" }, { role = "assistant",
      content = "b" } }))
    same({ role = "assistant", content = "ab" }, (message_of { { role = "", content = "a" }, { content = "b" } }))
    same({ role = "tool", content = "ab" }, (message_of { { role = "", content = "a" }, { role = "tool",
      content = "b" } }))
  end)

  it("tells items of one index apart by their ids (BerriAI/litellm#20246)", function()
    local function item(id, data) return { type = "reasoning.encrypted", id = id, data = data, index = 0 } end
    same({ item("r1", "ab"), item("r2", "c") }, message_of { { reasoning_details = { item("r1", "a") } },
      { reasoning_details = { item("r1", "b") } }, { reasoning_details = { item("r2", "c") } } }.reasoning_details)
  end)

  it("puts to a text what comes without one (databricks/appkit#559)", function()
    local message, text = message_of {
      { content = { { type = "text", text = "a" } } }, { content = { { type = "text", citations = { 1 } } } },
      { content = { { type = "text", citations = { 2 } } } }, { content = { { type = "image", url = "u" } } },
      { reasoning_details = { { type = "r", text = "t" } } }, { reasoning_details = { { type = "r",
        signature = "s" } } } }
    same({ { { type = "text", text = "a", citations = { 1 } }, { type = "text", citations = { 2 } }, { type = "image",
      url = "u" } }, "a" }, { message.content, text })
    same({ { type = "r", text = "t", signature = "s" } }, message.reasoning_details)
  end)

  it("puts lists together (BerriAI/litellm#20246)", function()
    local function detail(text, more)
      local item = { type = "reasoning.text", text = text, format = "f", index = 0 }
      for key, value in pairs(more or {}) do item[key] = value end
      return item
    end
    local link = { type = "url_citation", url_citation = { url = "u" } }
    local other = { type = "url_citation", url_citation = { url = "v" } }
    local message = message_of {
      { reasoning_details = { detail "a" }, annotations = { link } },
      { reasoning_details = { detail "a" } },
      { reasoning_details = { detail("b", { signature = "s" }), { type = "reasoning.encrypted", data = "d",
        index = 1 } } },
      { annotations = { link, other } },
    }
    same({ { type = "reasoning.text", text = "aab", format = "f", index = 0, signature = "s" },
      { type = "reasoning.encrypted", data = "d", index = 1 } }, message.reasoning_details)
    same({ link, other }, message.annotations)
  end)

  describe("whose content is a list of typed parts (databricks/appkit#559)", function()
    it("loses nothing and shows the visible text", function()
      local message, text = message_of {
        { content = { { type = "reasoning", summary = { { type = "summary_text", text = "hm" } } } } },
        { content = { { type = "reasoning", summary = { { type = "summary_text", text = "m" } } } } },
        { content = { { type = "text", text = "Hel" }, { type = "image_url", image_url = { url = "u" } } } },
        { content = { { type = "text", text = "lo" } } },
      }
      same({ { type = "reasoning", summary = { { type = "summary_text", text = "hmm" } } }, { type = "text",
        text = "Hel" },
        { type = "image_url", image_url = { url = "u" } }, { type = "text", text = "lo" } }, message.content)
      assert.equal("Hello", text)
    end)

    it("and text in turn, and one part that is no list", function()
      local message, text = message_of {
        { content = { { type = "thinking", thinking = { { type = "text", text = "h" } } } } },
        { content = { { type = "thinking", thinking = { { type = "text", text = "m" } } } } },
        { content = "Hel" }, { content = "lo" }, { content = { type = "text", text = "!" } },
      }
      same({ { { type = "thinking", thinking = { { type = "text", text = "hm" } } }, { type = "text",
        text = "Hello!" } },
        "Hello!" }, { message.content, text })
      message, text = message_of { { content = "Hel" }, { content = { { type = "text", text = "lo", index = 0 } } } }
      same({ { { type = "text", text = "Hel" }, { type = "text", text = "lo" } }, "Hello" }, { message.content, text })
    end)

    it("whose halves of a character are in two parts", function()
      local bytes = [[data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"a\ud83d"}]}}]}]] .. "\n\n"
        .. [[data: {"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"\ude00"}]}}]}]]
          .. "\n\ndata: [DONE]\n\n"
      local result, text = ways.read(stage, "chat", bytes)
      same({ "a😀", { { type = "text", text = "a😀" } } }, { text, result.choices[1].message.content })
    end)
  end)

  it("goes on with a part by its index, also where the type is said once (BerriAI/litellm#20246)", function()
    local message = message_of {
      { reasoning_details = { { type = "reasoning.text", text = "a", index = 0 } } },
      { reasoning_details = { { text = "b", index = 0 } } },
      { reasoning_details = { { type = "reasoning.summary", summary = "s", index = 0 } } },
      { reasoning_details = { { summary = "t", index = 0 } } },
      { reasoning_details = { { type = "reasoning.text", text = "c", index = 0 } } },
    }
    same({ { type = "reasoning.text", text = "abc", index = 0 },
      { type = "reasoning.summary", summary = "st", index = 0 } }, message.reasoning_details)
  end)

  it("whose content is an empty list at first has text (databricks/appkit#559)", function()
    local message, text = message_of { { content = xai.array {} }, { content = "Hel" }, { content = "lo" } }
    same({ "Hello", "Hello" }, { message.content, text })
    message = message_of { { role = "assistant", content = xai.array {} } }
    assert.equal("", message.content)
  end)

  describe("whose first chunk is empty (microsoft/autogen#6465)", function()
    local NONE = { id = "", model = "", created = 0, system_fingerprint = "", choices = xai.array {} }
    local function chunk(fields)
      local event = { id = "c", model = "m", created = 7, system_fingerprint = "f" }
      for key, value in pairs(fields) do event[key] = value end
      return event
    end
    local function text(words, reason)
      return { { index = 0, delta = { content = words }, finish_reason = reason } }
    end

    it("has the real id, model and time, whenever they come", function()
      for _, empties in ipairs { 1, 3 } do
        local events = { NONE }
        for i = 2, empties do
          events[i] = chunk { id = "", model = "", created = 0, system_fingerprint = "", choices = text "a" }
        end
        events[#events + 1] = chunk { choices = text "b" }
        events[#events + 1] = chunk { id = "", model = "", created = 0, choices = text "c" }
        events[#events + 1] = chunk { choices = text("", "stop") }
        events[#events + 1] = "[DONE]"
        local result = ways.read(stage, "chat", ways.bytes(xai.encode, events))
        same({ "c", "m", 7, "f", ("a"):rep(empties - 1) .. "bc" }, { result.id, result.model, result.created,
          result.system_fingerprint, result.choices[1].message.content })
      end
    end)

    it("keeps the reason for its end, and proves the end by it", function()
      local events = { chunk { choices = text("a", "") }, chunk { choices = text("", "stop") },
        chunk { choices = text("", "") }, chunk { choices = {}, usage = { total_tokens = 3 } }, chunk { usage = {} } }
      local result, said, kind = ways.read(stage, "chat", ways.bytes(xai.encode, events))
      same({ "stop", "a", "a", 3 }, { result.choices[1].finish_reason, result.choices[1].message.content, said,
        result.usage.total_tokens })
      assert.is_nil(kind)
    end)
  end)

  it("of which each choice has its place where they have no index (microsoft/autogen#6465)", function()
    local one = { choices = { { delta = { content = "a" } }, { delta = { content = "b" } } } }
    local result, text = ways.read(stage, "chat", ways.bytes(xai.encode, { one, one, "[DONE]" }))
    same({ "aa", "bb", "aa" }, { result.choices[1].message.content, result.choices[2].message.content, text })
  end)

  it("bears lists where objects belong: what it gives can be sent again (defect found by reading, 4)", function()
    local list = { "a", { "b" } }
    for _, odd in ipairs {
      { delta = list }, { delta = { tool_calls = { list } } }, { delta = { tool_calls = { { ["function"] = list } } } },
      { delta = { function_call = list } }, { message = list }, { logprobs = list }, list,
      { delta = { reasoning_details = { list, list }, audio = list } },
    } do
      local event = { choices = { odd, { index = 0, delta = { content = "Hi", audio = { data = "d" } } } } }
      local result, text = ways.read(stage, "chat", ways.bytes(xai.encode, { event, event, "[DONE]" }))
      assert.is_string(xai.encode(result))
      assert.equal("HiHi", text)
    end
  end)

  it("for completions is merged as one of a chat is (BerriAI/litellm#20246)", function()
    local function event(fields) return { id = "c", choices = { fields } } end
    local events = { event { index = 0, text = "" }, event { index = 0, delta = { reasoning_content = "h" } },
      event { index = 0, delta = { reasoning_content = "m" } }, event { index = 0, text = "Hel" },
      event { index = 0, delta = { content = "lo" } }, event { index = 0, delta = { content = "!" },
        finish_reason = "stop" },
      "[DONE]" }
    local result, text = ways.read(stage, "complete", ways.bytes(xai.encode, events))
    same({ { { index = 0, text = "Hello!", reasoning_content = "hm", finish_reason = "stop" } }, "Hello!" },
      { result.choices, text })
    events = { event { index = 0, text = "" }, event { index = 0, text = "Hel" },
      event { index = 0, text = "lo", finish_reason = "stop" }, "[DONE]" }
    result, text = ways.read(stage, "chat", ways.bytes(xai.encode, events))
    same({ "Hello", "Hello" }, { result.choices[1].message.content, text })
    local empty = { type = "completion", id = "", model = "", completion = "" }
    events = { empty, { type = "completion", id = "i", model = "m", completion = "Hi" }, empty,
      { type = "completion", completion = "!", stop_reason = "" }, { type = "completion", stop_reason = "stop" } }
    same({ type = "completion", id = "i", model = "m", completion = "Hi!", stop_reason = "stop" },
      (ways.read(stage, "complete_legacy", ways.bytes(xai.encode, events))))
  end)

  it("that has whole messages in place of deltas (BerriAI/litellm#25766)", function()
    local message = { role = "assistant", content = "ab", tool_calls = { { id = "a", type = "function",
      ["function"] = { name = "f", arguments = "{}" } } } }
    local whole = { id = "c", object = "chat.completion", choices = { { index = 0, message = message,
      finish_reason = "stop" } } }
    local result, text = ways.read(stage, "chat", ways.bytes(xai.encode, { whole, "[DONE]" }))
    same({ { id = "c", object = "chat.completion", choices = { { index = 0, message = message,
      finish_reason = "stop" } } }, "ab" },
      { result, text })
    local delta = { id = "c", choices = { { index = 0, delta = { content = "a" } } } }
    result, text = ways.read(stage, "chat", ways.bytes(xai.encode, { delta, delta, whole, "[DONE]" }))
    same({ "aa", "aa" }, { result.choices[1].message.content, text })
  end)
end)
