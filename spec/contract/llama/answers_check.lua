--- Answers of llama-server, whole and streamed, by every function that it knows.

local llama = require "spec.contract.llama.llama"
local xai = require "xai"

local same = assert.same
local TEXT, THOUGHT, PIECES = llama.TEXT, llama.THOUGHT, llama.PIECES

--- The visible text of a whole answer, found without the library.
local FIND_TEXT = {
  chat = function(answer) return answer.choices[1].message.content end,
  complete = function(answer) return answer.choices[1].text end,
  respond = function(answer) return answer.output[#answer.output].content[1].text end,
  message = function(answer) return answer.content[#answer.content].text end,
}

local FUNCTIONS = { "chat", "complete", "respond", "message" }

--- What the server draws anew for each answer, or measures, is taken out.
local VARYING = { id = true, created = true, created_at = true, completed_at = true, timings = true,
  cache_read_input_tokens = true, input_tokens = true, cached_tokens = true, call_id = true }

local function plain(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, member in pairs(value) do
    if not VARYING[key] then copy[key] = plain(member) end
  end
  return copy
end

describe("llama-server answers", function()
  local service, client

  setup(function() service = llama.open(llama.MODEL) end)
  teardown(function() service:close() end)
  before_each(function() client = service:client() end)
  after_each(function() assert.equal(0, llama.settle()) end)

  --- The answer to the same request, whole and merged from its stream.
  local function both(name, text, more)
    local whole = assert(client[name](client, llama[name](text, more)))
    local body = llama[name](text, more)
    body.stream = true
    if name == "chat" then body.stream_options = { include_usage = true } end
    local stream = assert(client[name](client, body))
    return whole, assert(stream:result())
  end

  local function stream_of(name, text, more, options)
    local body = llama[name](text, more)
    body.stream = true
    return assert(client[name](client, body, options))
  end

  for _, name in ipairs(FUNCTIONS) do
    describe("by client:" .. name, function()
      it("whole", function()
        local answer, message, info = client[name](client, llama[name] "hi")
        same(TEXT, FIND_TEXT[name](assert(answer, message)))
        same({ nil, 200, 1 }, { message, info.status, info.attempts })
      end)

      it("in pieces, each of whole characters", function()
        local pieces = llama.pieces(stream_of(name, "hi"))
        if pieces[#pieces] == "" then table.remove(pieces) end
        same(PIECES, pieces)
      end)

      it("merged, as without a stream", function()
        local whole, merged = both(name, "hi")
        same(plain(whole), plain(merged))
      end)

      it("merged after a part of it was read as text", function()
        local stream = stream_of(name, "hi")
        local next_words = stream:text()
        same({ "Hello", "," }, { next_words(), next_words() })
        same(TEXT, FIND_TEXT[name](assert(stream:result())))
      end)

      it("to on_event, and then whole", function()
        local events, body = 0, llama[name]("hi", { stream = true })
        local answer = assert(client[name](client, body, { on_event = function() events = events + 1 end }))
        same(TEXT, FIND_TEXT[name](answer))
        assert.is_true(events >= #PIECES)
      end)

      it("to a started call, streamed or not", function()
        local heard, count = nil, 0
        local whole = client:start(name, llama[name] "hi")
        local streamed = client:start(name, llama[name]("hi", { stream = true }), {
          on_event = function() count = count + 1 end,
          on_done = function(answer) heard = answer end,
        })
        same(TEXT, FIND_TEXT[name](assert(whole:wait())))
        same(TEXT, FIND_TEXT[name](assert(streamed:wait())))
        same(TEXT, FIND_TEXT[name](heard))
        assert.is_true(count >= #PIECES)
      end)

      it("cut off by a limit of tokens", function()
        local limit = name == "respond" and "max_output_tokens" or "max_tokens"
        local whole, merged = both(name, "[loop]", { [limit] = 5 })
        same(plain(whole), plain(merged))
        if name ~= "complete" then same("a b c a b", FIND_TEXT[name](whole)) end
      end)

      it("raw, as they are framed", function()
        local stream = stream_of(name, "hi", nil, { raw = true })
        local n, last = 0, nil
        for event in stream do
          n, last = n + 1, event
        end
        assert.is_true(n > #PIECES)
        if name == "chat" or name == "complete" then
          same({ data = "[DONE]", event = "message" }, last)
        else
          same(last.event, xai.decode(last.data).type)
        end
      end)
    end)
  end

  for _, name in ipairs { "chat", "respond", "message" } do
    it("with a tool call, by client:" .. name, function()
      local whole, merged = both(name, "[tool]", { tools = llama.tools(name) })
      same(plain(whole), plain(merged))
      if name == "chat" then
        local choice = merged.choices[1]
        local call = choice.message.tool_calls[1]
        same({ "tool_calls", "", "get_weather", llama.ARGUMENTS },
          { choice.finish_reason, choice.message.content, call["function"].name, call["function"].arguments })
      elseif name == "respond" then
        local item = merged.output[1]
        same({ "function_call", "get_weather", llama.ARGUMENTS }, { item.type, item.name, item.arguments })
      else
        local block = merged.content[1]
        same({ "tool_use", "get_weather" }, { block.type, block.name })
        same({ city = "Paris", unit = "celsius" }, block.input)
        same("tool_use", merged.stop_reason)
      end
    end)

    it("with a thought, which is no text, by client:" .. name, function()
      local whole, merged = both(name, "[think]")
      if name == "respond" then whole.output[1].status = nil end -- the stream's last event does not say it
      same(plain(whole), plain(merged))
      same(TEXT, FIND_TEXT[name](merged))
      same(PIECES, llama.pieces(stream_of(name, "[think]")))
      if name == "chat" then
        same(THOUGHT, merged.choices[1].message.reasoning_content)
      elseif name == "respond" then
        same({ "reasoning", THOUGHT }, { merged.output[1].type, merged.output[1].content[1].text })
      else
        same({ type = "thinking", thinking = THOUGHT, signature = "" }, merged.content[1])
      end
    end)

    it("so far, when a stream is left in the middle of the text, by client:" .. name, function()
      local stream = stream_of(name, "[think]")
      same("Hello", stream:text()())
      stream:close()
      local _, _, info = stream:result()
      same({ "closed", "yes" }, { info.kind, info.billed })
      assert.matches("^Hello", FIND_TEXT[name](info.partial))
      if name == "chat" then
        same(THOUGHT, info.partial.choices[1].message.reasoning_content)
      elseif name == "respond" then
        same({ "reasoning", THOUGHT }, { info.partial.output[1].type, info.partial.output[1].content[1].text })
      else
        same(THOUGHT, info.partial.content[1].thinking)
      end
    end)

    it("to the outcome of a tool, by client:" .. name, function()
      local tools = llama.tools(name)
      local first = assert(client[name](client, llama[name]("[tool]", { tools = tools })))
      local body = llama[name]("[tool]", { tools = tools })
      if name == "chat" then
        local message = first.choices[1].message
        table.insert(body.messages, message)
        table.insert(body.messages, { role = "tool", tool_call_id = message.tool_calls[1].id, content = "mild" })
      elseif name == "respond" then
        local call = first.output[1]
        body.input = { { role = "user", content = "[tool]" }, call,
          { type = "function_call_output", call_id = call.call_id, output = "mild" } }
      else
        table.insert(body.messages, { role = "assistant", content = first.content })
        table.insert(body.messages, { role = "user", content = {
          { type = "tool_result", tool_use_id = first.content[1].id, content = "mild" },
        } })
      end
      same(TEXT, FIND_TEXT[name](assert(client[name](client, body))))
    end)
  end

  it("with two choices", function()
    local whole, merged = both("chat", "hi", { n = 2 })
    same({ 0, 1 }, { merged.choices[1].index, merged.choices[2].index })
    same({ TEXT, TEXT }, { merged.choices[1].message.content, merged.choices[2].message.content })
    same(plain(whole.choices), plain(merged.choices))
    same(PIECES, llama.pieces(stream_of("chat", "hi", { n = 2 }), 2))
  end)

  it("to two prompts, whose stream has an event without content", function()
    local body = { prompt = { "hi\n", "ho\n" }, max_tokens = 3 }
    local whole, merged = both("complete", "", body)
    same({ "Hello, wor", "Hello, wor" }, { whole.choices[1].text, whole.choices[2].text })
    same(plain(whole.choices), plain(merged.choices))
  end)

  it("with the probabilities of tokens", function()
    local whole, merged = both("chat", "hi", { logprobs = true, top_logprobs = 2, max_tokens = 3 })
    same(3, #merged.choices[1].logprobs.content)
    same(plain(whole.choices), plain(merged.choices))
    whole, merged = both("complete", "hi", { logprobs = 2, max_tokens = 3 })
    same(3, #merged.choices[1].logprobs.content)
    same(plain(whole.choices), plain(merged.choices))
  end)

  it("that end at a stop word", function()
    local whole, merged = both("chat", "hi", { stop = { "😀" } })
    same("Hello, world! Grüße to 世界 ", merged.choices[1].message.content)
    same("stop", merged.choices[1].finish_reason)
    same(plain(whole), plain(merged))
    whole, merged = both("message", "hi", { stop_sequences = { "world" } })
    same({ "Hello, ", "world" }, { merged.content[1].text, merged.stop_sequence })
    same(plain(whole), plain(merged))
  end)

  it("that are JSON by a schema", function()
    local merged = select(2, both("chat", "hi", { response_format = { type = "json_object" } }))
    same({ city = "Paris", unit = "celsius" }, xai.decode(merged.choices[1].message.content).arguments)
  end)

  it("with fields that the library does not know", function()
    local whole, merged = both("chat", "hi", { timings_per_token = true, return_progress = true })
    same(25, whole.timings.predicted_n)
    same(25, merged.timings.predicted_n)
    same(21, merged.prompt_progress.total)
    same(TEXT, merged.choices[1].message.content)
    same({ 25, 21 }, { merged.usage.completion_tokens, merged.usage.prompt_tokens })
  end)

  it("without a usage in the stream, when none is asked for", function()
    local stream = stream_of("chat", "hi")
    assert.is_nil(assert(stream:result()).usage)
  end)

  it("to a request that is hidden within the prompt's characters", function()
    local odd = 'ä€😀\\"\n\t\1 [think]'
    local answer = assert(client:chat(llama.chat(odd)))
    same(THOUGHT, answer.choices[1].message.reasoning_content)
    local tokens = assert(client:request { method = "POST", path = "/tokenize", body = { content = odd } }).tokens
    local back = assert(client:request { method = "POST", path = "/detokenize", body = { tokens = tokens } })
    same(odd, back.content)
  end)

  describe("by client:request", function()
    it("with JSON: an object, a list, a number in it", function()
      local props = assert(client:request { path = "/props" })
      same({ 2, "tiny" }, { props.total_slots, props.model_alias })
      same(2, #assert(client:request { path = "/slots" }))
      same({ status = "ok" }, (client:request { path = "/health" }))
    end)

    it("with plain text", function()
      assert.matches("\nllamacpp:n_decode_total %d+\n", (assert(client:request { path = "/metrics" })))
    end)

    it("with the list of models, as client:list_models gives it", function()
      local list = assert(client:list_models())
      same({ "list", "tiny", "llamacpp" }, { list.object, list.data[1].id, list.data[1].owned_by })
      same(list, (client:request { path = "/v1/models" }))
    end)

    it("with the events of an interface that is the server's own", function()
      local words, last = {}, nil
      local stream = assert(client:request {
        method = "POST", path = "/completion", stream = true, body = { prompt = "x\n", n_predict = 4, stream = true },
      })
      for event in stream do
        words[#words + 1], last = event.content, event
      end
      same({ "Hello", ",", " wor", "ld", "" }, words)
      same({ true, "limit", 4 }, { last.stop, last.stop_type, last.tokens_predicted })
    end)

    it("with the events of the interface that client:chat knows", function()
      local n = 0
      local stream = assert(client:request {
        method = "POST", path = "/v1/chat/completions", stream = true, body = llama.chat("hi", { stream = true }),
      })
      for event in stream do
        if event.choices[1].delta.content then n = n + 1 end
      end
      same(#PIECES, n)
    end)
  end)
end)
