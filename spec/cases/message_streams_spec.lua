--- Streams of messages as gateways send them: what they are merged into.

local stages = require("spec.support.stage")
local ways = require("spec.support.ways")
local xai = require("xai")

local same = assert.same
local stage

local START = { type = "message_start", message = { id = "m", type = "message", role = "assistant", model = "g",
  content = xai.array {}, usage = { input_tokens = 5, output_tokens = 1 } } }
local STOP = { type = "message_stop" }

local function open(index, block) return { type = "content_block_start", index = index, content_block = block } end
local function delta(index, fields) return { type = "content_block_delta", index = index, delta = fields } end
local function stop(index) return { type = "content_block_stop", index = index } end
local function input(index, text) return delta(index, { type = "input_json_delta", partial_json = text }) end
local function text_delta(index, text) return delta(index, { type = "text_delta", text = text }) end
local function tool(id, value) return { type = "tool_use", id = id, name = "f", input = value or {} } end

local function read(...)
  return ways.read(stage, "message", ways.bytes(xai.encode, { ... }))
end

describe("a stream of a message", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("with two blocks open at once: deltas go by their index (langchain-ai/langchain#37025)", function()
    local result, text = read(START, open(0, tool "a"), open(1, tool "b"), open(2, { type = "text", text = "" }),
      input(0, '{"x"'), text_delta(2, "H"), input(1, '{"y"'), input(0, ":1}"), input(1, ":2}"), text_delta(2, "i"),
      stop(0), stop(2), stop(1), STOP)
    same({ { type = "tool_use", id = "a", name = "f", input = { x = 1 } },
      { type = "tool_use", id = "b", name = "f", input = { y = 2 } }, { type = "text", text = "Hi" } }, result.content)
    assert.equal("Hi", text)
  end)

  it("that uses one index twice, one after the other (anthropics/anthropic-sdk-typescript#879)", function()
    for _, index in ipairs { 0, false } do
      local result, text = read(START, open(0, { type = "text", text = "" }), text_delta(index or nil, "Hi"), stop(0),
        open(0, tool "a"), input(index or nil, '{"x"'), input(index or nil, ":1}"), stop(0), STOP)
      same({ { type = "text", text = "Hi" }, { type = "tool_use", id = "a", name = "f", input = { x = 1 } } },
        result.content)
      assert.equal("Hi", text)
    end
  end)

  it("whose deltas have an index that no block has belong to the last one they fit (langchain-ai/langchain#37025)",
    function()
    local result, text = read(START, open(0, { type = "text", text = "" }), text_delta(0, "H"), text_delta(7, "i"),
      input(8, '{"x"'), input(8, ":1}"), delta(9, { type = "thinking_delta", thinking = "hm" }), STOP)
    same({ { type = "text", text = "Hi" }, { type = "tool_use", input = { x = 1 } },
      { type = "thinking", thinking = "hm" } }, result.content)
    assert.equal("Hi", text)
    result = read(START, text_delta(0, "a"), text_delta(1, "b"), text_delta(0, "a"), STOP)
    same({ { type = "text", text = "aa" }, { type = "text", text = "b" } }, result.content)
  end)

  it("whose indices are text, or come in another order (langchain-ai/langchain#37025)", function()
    local expected = { { type = "tool_use", id = "a", name = "f", input = { x = 1 } },
      { type = "tool_use", id = "b", name = "f", input = { y = 2 } } }
    local result = read(START, open("0", tool "a"), open("1", tool "b"), input("0", '{"x"'), input("1", '{"y"'),
      input("0", ":1}"), input("1", ":2}"), STOP)
    same(expected, result.content)
    result = read(START, open(1, tool "b"), open(0, tool "a"), input(1, '{"y":2}'), input(0, '{"x":1}'), STOP)
    same(expected, result.content)
  end)

  it("whose deltas do not fit their block belong to the last one they fit (langchain-ai/langchain#37025)", function()
    local call = { type = "tool_use", id = "a", name = "f", input = { x = 1 } }
    for _, index in ipairs { 1, false } do
      local result, text = read(START, open(0, { type = "text", text = "" }), text_delta(0, "H"), open(1, tool "a"),
        text_delta(index or nil, "i"), input(index or nil, '{"x":1}'), STOP)
      same({ { { type = "text", text = "Hi" }, call }, "Hi" }, { result.content, text })
      result, text = read(START, open(1, tool "a"), text_delta(index or nil, "H"), input(index or nil, '{"x":1}'),
        text_delta(index or nil, "i"), STOP)
      same({ { call, { type = "text", text = "Hi" } }, "Hi" }, { result.content, text })
    end
  end)

  it("whose input is text at its start (langchain-ai/langchain#37025)", function()
    local result = read(START, open(0, tool("a", '{"x":1}')), open(1, tool("b", "")), open(2, tool("c", "")),
      input(2, '{"z":3}'), STOP)
    same({ { x = 1 }, {}, { z = 3 } }, { result.content[1].input, result.content[2].input, result.content[3].input })
    result = read(START, open(0, tool "a"), input(0, "{}"), input(0, '{"x"'), input(0, ":1}"), STOP)
    same({ type = "tool_use", id = "a", name = "f", input = { x = 1 } }, result.content[1])
  end)

  it("keeps citations, signatures and deltas of new kinds (LibreChat-AI/agents#308)", function()
    local one, two = { type = "char_location", cited_text = "c" }, { type = "char_location", cited_text = "d" }
    local result, text = read(START, open(0, { type = "text", text = "", citations = xai.array {} }),
      delta(0, { type = "citations_delta", citation = one }), text_delta(0, "H"),
      delta(0, { type = "citations_delta", citation = two }), text_delta(0, "i"), stop(0),
      open(1, { type = "thinking", thinking = "", signature = "" }),
      delta(1, { type = "thinking_delta", thinking = "hm" }), delta(1, { type = "signature_delta", signature = "s" }),
      open(2, { type = "odd" }), delta(2, { type = "odd_delta", odd = "a" }), delta(2, { type = "odd_delta",
        odd = "b" }),
      delta(2, { type = "list_delta", list = { 1 } }), delta(2, { type = "list_delta", list = { 1 } }), STOP)
    same({ { type = "text", text = "Hi", citations = { one, two } },
      { type = "thinking", thinking = "hm", signature = "s" }, { type = "odd", odd = "ab", list = { 1, 1 } } },
      result.content)
    assert.equal("Hi", text)
    result = read(START, open(0, { type = "text", text = "" }), delta(nil, { type = "citations_delta",
      citation = one }), STOP)
    same({ one }, result.content[1].citations)
  end)

  it("keeps what stands beside the last delta, and adds up what was used (LibreChat-AI/agents#308)", function()
    local edits = { applied_edits = { { type = "clear_thinking_20251015", cleared_thinking_turns = 1 } } }
    local result = read(START, { type = "message_delta", delta = { stop_reason = "end_turn", container = { id = "k" } },
      context_management = edits, usage = { output_tokens = 9, input_tokens = 0,
        server_tool_use = { web_search_requests = 1 } } },
      { type = "message_delta", delta = { stop_reason = "" }, usage = { output_tokens = 10 } }, STOP)
    same({ id = "m", type = "message", role = "assistant", model = "g", content = {}, stop_reason = "end_turn",
      container = { id = "k" }, context_management = edits,
      usage = { input_tokens = 5, output_tokens = 10, server_tool_use = { web_search_requests = 1 } } }, result)
  end)

  it("whose blocks begin with what they hold (LibreChat-AI/agents#308)", function()
    local result, text = read(START, open(0, { type = "text", text = "H" }), text_delta(0, "i"),
      open(1, { type = "tool_use", id = "a", name = "f", input = { x = 1 } }), input(1, ""),
      open(2, { type = "tool_use", id = "b", name = "f" }), delta(2, { type = "input_json_delta",
        partial_json = { y = 2 } }),
      open(3, { type = "server_tool_use", id = "c", name = "g" }), STOP)
    same({ { type = "text", text = "Hi" }, { type = "tool_use", id = "a", name = "f", input = { x = 1 } },
      { type = "tool_use", id = "b", name = "f", input = { y = 2 } },
      { type = "server_tool_use", id = "c", name = "g", input = {} } }, result.content)
    assert.equal("Hi", text)
  end)

  it("that is whole at its start (LibreChat-AI/agents#308)", function()
    local start = { type = "message_start", message = { id = "m", type = "message", role = "assistant",
      content = { { type = "text", text = "H" }, { type = "text", text = "o" } } } }
    local result, text = read(start, { type = "message_delta", delta = { stop_reason = "end_turn" } }, STOP)
    same({ { { type = "text", text = "H" }, { type = "text", text = "o" } }, "Ho" }, { result.content, text })
    result, text = read(start, text_delta(1, "!"), STOP)
    same({ { { type = "text", text = "H" }, { type = "text", text = "o!" } }, "Ho!" }, { result.content, text })
  end)

  it("is read by the client's own JSON module, arguments and all (defect found by reading, 4)", function()
    local cjson, seen = require("cjson"), { decoded = {} }
    stage:leave()
    stage:enter { json = {
      decode = function(text)
        seen.decoded[text] = true
        return cjson.decode(text)
      end,
      null = cjson.null,
    } }
    local bytes = ways.bytes(xai.encode, { START, open(0, tool "a"), input(0, '{"x"'), input(0, ":1}"), STOP })
    same({ x = 1 }, stage:say("message", bytes):result().content[1].input)
    assert.is_true(seen.decoded['{"x":1}'])
    bytes = ways.bytes(xai.encode, { { choices = { { index = 0, delta = { tool_calls = { { index = 0, id = "a",
      ["function"] = { name = "f", arguments = { x = 1 } } } } } } } }, "[DONE]" })
    local stream = stage:say("chat", bytes)
    assert.equal('{"x":1}', stream:result().choices[1].message.tool_calls[1]["function"].arguments)
  end)

  it("bears lists where objects belong: what it gives can be sent again (defect found by reading, 16)", function()
    local list = { "a", { "b" } }
    for _, odd in ipairs {
      { type = "message_start", message = list }, { type = "message_delta", delta = list, usage = list },
      { type = "message_start", message = { content = { list, "a" }, usage = list } }, open(0, list), delta(0, list),
    } do
      local result, text = read(START, odd, open(5, { type = "text", text = "" }), text_delta(5, "Hi"), STOP)
      assert.is_string(xai.encode(result))
      assert.equal("Hi", text)
    end
  end)

  it("that broke has an input that is not whole as it came (langchain-ai/langchain#37025)", function()
    local partial, _, kind = read(START, open(0, tool "a"), open(1, tool "b"), input(1, '{"y"'), input(0, '{"x":1}'))
    same({ "truncated", { x = 1 }, '{"y"' }, { kind, partial.content[1].input, partial.content[2].partial_json })
  end)
end)
