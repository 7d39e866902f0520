--- result(): from the events of a stream to what the same call without `stream` returns.

local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

local WEATHER = { type = "object", properties = { city = { type = "string" } }, required = { "city" } }
local ASK = "What is the weather in Oslo and Lima?"

local function tool_for_chat()
  return { { type = "function", ["function"] = { name = "get_weather", parameters = WEATHER } } }
end

local NOTHING = { type = "object", properties = {}, required = xai.array {} }
local THINKING = { type = "enabled", budget_tokens = 1024 }
local USAGE = { include_usage = true }

--- name, what is asked, and the request's fields.
local CASES = {
  { "chat", "one choice", { stream_options = USAGE } },
  { "chat", "three choices", { n = 3, stream_options = USAGE } },
  { "chat", "thinking", { model = "grok-4.3", stream_options = USAGE } },
  { "chat", "a cut answer", { max_tokens = 3, stream_options = USAGE } },
  { "chat", "two tool calls", { model = "grok-4.7", tools = tool_for_chat(), stream_options = USAGE,
    messages = { { role = "user", content = ASK } } } },
  { "chat", "log probabilities", { model = "grok-3", logprobs = true, top_logprobs = 2, stream_options = USAGE } },
  { "respond", "text", {} },
  { "respond", "thinking", { model = "grok-4.3" } },
  { "respond", "a summary of thinking", { model = "grok-4.7" } },
  { "respond", "a cut answer", { max_output_tokens = 3 } },
  { "respond", "a tool call", { model = "grok-4.7", input = ASK,
    tools = { { type = "function", name = "get_weather", parameters = WEATHER } } } },
  { "respond", "a search", { model = "grok-4.7", tools = { { type = "web_search" } } } },
  { "message", "text", {} },
  { "message", "a cut answer", { max_tokens = 3 } },
  { "message", "thinking", { model = "grok-4.3", max_tokens = 2000, thinking = THINKING } },
  { "message", "thinking and tool use", { model = "grok-4.3", max_tokens = 2000, thinking = THINKING,
    messages = { { role = "user", content = ASK } },
    tools = { { name = "get_weather", description = "w", input_schema = WEATHER } } } },
  { "message", "use of a tool without input", { messages = { { role = "user", content = ASK } },
    tools = { { name = "tick", description = "t", input_schema = NOTHING } } } },
  { "complete", "one choice", { stream_options = USAGE } },
  { "complete", "two choices, cut", { n = 2, max_tokens = 4, stream_options = USAGE } },
  { "complete_legacy", "text", {} },
  { "complete_legacy", "a cut answer", { max_tokens_to_sample = 3 } },
}

local TIMES = { created = true, created_at = true, completed_at = true }

--- The value without what differs from request to request: its id, wherever it stands, and times.
local function comparable(value, id)
  id = id or value.id
  if type(value) == "string" then return (value:gsub(id:gsub("%p", "%%%0"), "ID")) end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, field in pairs(value) do copy[key] = TIMES[key] and "time" or comparable(field, id) end
  return copy
end

--- One event of a chat.
local function chunk(choice)
  return "data: " .. xai.encode { id = "c", created = 7, model = "m", choices = { choice } } .. "\n\n"
end

local function call_chunk(...)
  return chunk { index = 0, delta = { tool_calls = { ... } } }
end

local function result_of(name, ...)
  return assert(stage:say(name, table.concat { ... })):result()
end

local FINISH = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

describe("the result of a stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("is what the call without `stream` returns:", function()
    for _, case in ipairs(CASES) do
      local name, what, fields = case[1], case[2], case[3]
      it(name .. ", " .. what, function()
        local plain_fields = {}
        for key, value in pairs(fields) do plain_fields[key] = value end
        plain_fields.stream_options = nil
        local plain = comparable((assert(stage:whole(name, plain_fields))))
        same(plain, comparable((assert(stage:stream(name, nil, nil, fields)):result())))
        local stream = assert(stage:stream(name, "split,11", nil, fields))
        stages.events(stream)
        same(plain, comparable((stream:result())))
      end)
    end
  end)

  it("can be sent again: lists stay lists, even empty ones", function()
    local result = assert(stage:stream("respond")):result()
    assert.matches('"annotations":%[%]', xai.encode(result))
    local refused = result_of("message", 'data: {"type":"message_start","message":{"id":"m","content":[]}}\n\n',
      'data: {"type":"message_stop"}\n\n')
    assert.equal('[]', xai.encode(refused.content))
  end)

  describe("of a chat", function()
    it("puts tool calls together by index", function()
      local result = result_of("chat",
        call_chunk({ index = 1, id = "b", type = "function", ["function"] = { name = "g", arguments = "{" } }),
        call_chunk({ index = 0, id = "a", type = "function", ["function"] = { name = "f", arguments = "" } }),
        call_chunk({ index = 1, ["function"] = { arguments = "}" } },
          { index = 0, ["function"] = { arguments = "[]" } }), FINISH)
      local calls = {}
      for _, call in ipairs(result.choices[1].message.tool_calls) do
        calls[call.id] = call["function"].name .. call["function"].arguments
      end
      same({ a = "f[]", b = "g{}" }, calls)
    end)

    it("puts tool calls without index together by id, then by position", function()
      local result = result_of("chat",
        call_chunk({ id = "a", ["function"] = { name = "f", arguments = "1" } }),
        call_chunk({ id = "b", ["function"] = { name = "g", arguments = "2" } }),
        call_chunk({ id = "a", ["function"] = { arguments = "3" } }),
        call_chunk({ ["function"] = { arguments = "4" } }, { ["function"] = { arguments = "5" } }), FINISH)
      same({
        { id = "a", type = "function", ["function"] = { name = "f", arguments = "134" } },
        { id = "b", type = "function", ["function"] = { name = "g", arguments = "25" } },
      }, result.choices[1].message.tool_calls)
    end)

    it("takes the first id and time, the last usage, and the role however often it comes", function()
      local function with(fields)
        local delta = { role = "assistant", content = "x" }
        local event = { id = "one", created = 1, choices = { { index = 0, delta = delta } } }
        for key, value in pairs(fields) do event[key] = value end
        return "data: " .. xai.encode(event) .. "\n\n"
      end
      local result = result_of("chat", with { usage = { total_tokens = 1 } },
        with { id = "two", created = 2, usage = { total_tokens = 2 } }, FINISH)
      same({ "one", 1, 2, "xx", "assistant" }, { result.id, result.created, result.usage.total_tokens,
        result.choices[1].message.content, result.choices[1].message.role })
    end)

    it("sorts choices that come in any order", function()
      local result = result_of("chat", chunk { index = 2, delta = { content = "c" } },
        chunk { index = 0, delta = { content = "a" } }, chunk { index = 1, delta = { content = "b" } },
        "data: [DONE]\n\n")
      local texts = {}
      for i, choice in ipairs(result.choices) do texts[i] = choice.index .. choice.message.content end
      same({ "0a", "1b", "2c" }, texts)
    end)

    it("keeps fields that nobody knows", function()
      local result = result_of("chat", chunk { index = 0, delta = { content = "a", mood = "good" }, odd = 1 }, FINISH)
      same({ "good", 1 }, { result.choices[1].message.mood, result.choices[1].odd })
    end)
  end)

  describe("of responses", function()
    it("is the service's own, whatever the events before it said", function()
      local own = { id = "r", status = "completed", output = { { type = "message" } } }
      local result = result_of("respond",
        'data: {"type":"response.output_text.delta","output_index":0,"delta":"x"}\n\n',
        "data: " .. xai.encode { type = "response.completed", response = own } .. "\n\n")
      same(own, result)
    end)

    it("that broke is put together by output_index", function()
      local function event(fields) return "data: " .. xai.encode(fields) .. "\n\n" end
      local _, _, info = stage:say("respond", table.concat {
        event { type = "response.created", response = { id = "r", status = "in_progress", output = xai.array {} } },
        event { type = "response.output_item.added", output_index = 1, item = { id = "y", type = "function_call",
          arguments = "" } },
        event { type = "response.output_item.added", output_index = 0, item = { id = "x", type = "reasoning",
          summary = xai.array {} } },
        event { type = "response.function_call_arguments.delta", output_index = 1, delta = '{"a":' },
        event { type = "response.reasoning_summary_text.delta", output_index = 0, summary_index = 0, delta = "So" },
        event { type = "response.function_call_arguments.delta", output_index = 1, delta = "1}" },
        event { type = "response.reasoning_summary_text.delta", output_index = 0, summary_index = 1, delta = "Then" },
        event { type = "response.output_item.done", output_index = 1, item = { id = "z", type = "function_call",
          arguments = '{"a":1}', status = "completed" } },
      }):result()
      same({ "truncated", { id = "r", status = "in_progress", output = {
        { id = "x", type = "reasoning", summary = { { type = "summary_text", text = "So" },
          { type = "summary_text", text = "Then" } } },
        { id = "z", type = "function_call", arguments = '{"a":1}', status = "completed" },
      } } }, { info.kind, info.partial })
    end)
  end)

  it("bears wrong types in the events", function()
    local function bears(name, ...)
      local bytes = {}
      for i, json in ipairs { ... } do bytes[i] = "data: " .. json .. "\n\n" end
      local result, _, info = stage:say(name, table.concat(bytes)):result()
      same({ nil, "truncated" }, { result, info.kind }, bytes[1])
    end
    local part = '{"type":"response.content_part.added","output_index":%s,"content_index":%s,"part":{"type":"x"}}'
    for _, index in ipairs { '"x"', "0.5", "-3", "[]", "{}", "true", "1e300" } do
      bears("respond", part:format("0", index))
      bears("respond", part:format(index, "0"))
      bears("respond", ('{"type":"response.output_text.delta","output_index":%s,"delta":"x"}'):format(index))
      bears("chat", ('{"choices":[{"index":%s,"delta":{"content":"x"}}]}'):format(index))
    end
    for _, content in ipairs { "[1,2]", '{"a":1}', "7" } do
      bears("respond", ('{"type":"response.output_item.added","output_index":0,"item":{"content":%s}}'):format(content),
        '{"type":"response.output_text.annotation.added","output_index":0,"content_index":0,"annotation":{}}',
        '{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x"}')
    end
    bears("chat",
      '{"choices":[{"delta":{"tool_calls":[{"id":1,"function":{"name":{},"arguments":3}}]},"logprobs":5},7]}',
      '{"choices":[{"index":0,"delta":{"content":{}},"logprobs":{"content":[1]}}]}', '{"choices":{"a":1}}')
    bears("message", '{"type":"message_start","message":{"content":7,"usage":3}}',
      '{"type":"message_delta","usage":[1],"delta":[2]}', '{"type":"content_block_delta","delta":{"text":"x"}}')
    bears("complete_legacy", '{"completion":{},"stop_reason":null,"model":[]}')
  end)

  describe("of messages", function()
    local function event(fields) return "data: " .. xai.encode(fields) .. "\n\n" end

    it("gives a tool {} for no input, and what came for half of one", function()
      local start = event { type = "message_start", message = { id = "m", content = xai.array {} } }
      local block = event { type = "content_block_start", index = 0,
        content_block = { type = "tool_use", id = "t", name = "f", input = {} } }
      local function delta(text)
        return event { type = "content_block_delta", delta = { type = "input_json_delta", partial_json = text } }
      end
      local stop = event { type = "message_stop" }
      same({}, result_of("message", start, block, stop).content[1].input)
      same({}, result_of("message", start, block, delta "", stop).content[1].input)
      local _, _, info = stage:say("message", start .. block .. delta '{"a":' .. delta "[1"):result()
      same({ {}, '{"a":[1' }, { info.partial.content[1].input, info.partial.content[1].partial_json })
    end)

    it("counts output tokens anew, and keeps the input's", function()
      local result = result_of("message",
        event { type = "message_start", message = { id = "m", usage = { input_tokens = 5, output_tokens = 1 } } },
        event { type = "message_delta", delta = { stop_reason = "end_turn" }, usage = { output_tokens = 9 } },
        event { type = "message_stop" })
      same({ { input_tokens = 5, output_tokens = 9 }, "end_turn" }, { result.usage, result.stop_reason })
    end)
  end)
end)
