--- The readers: xai.text, reasoning, calls, usage, finish, citations, images, as_input.

local lfs = require("lfs")
local recorded = require("spec.support.recorded")
local stages = require("spec.support.stage")
local streamed = require("spec.support.streamed")
local xai = require("xai")

local same = assert.same
local stage

local NAMES = { "text", "reasoning", "calls", "usage", "finish", "citations", "images", "as_input" }

local function slurp(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function fixture(name) return assert(xai.decode(slurp(name .. ".response.json"))) end

--- The functions by how the names of their fixtures begin.
local FUNCTIONS = {
  ["chat-completion"] = "chat", ["deferred-completion"] = "chat", responses = "respond", messages = "message",
  completions = "complete", complete = "complete_legacy",
}

--- name of the fixture and function, for each recorded answer that is one.
local function whole_answers()
  local list = {}
  for name in lfs.dir "spec/fixtures" do
    local stem, first = name:match "^(([^.]+).*)%.response%.json$"
    local fn = FUNCTIONS[first]
    local is_answer = fn and (stem ~= "responses.delete") and not stem:find("soft-error", 1, true)
    if is_answer and not stem:find("deferred", 1, true) then list[#list + 1] = { stem, fn } end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

--- What all readers give, and that none changed the result.
local function read(result)
  local before = xai.decode(xai.encode(result))
  local all = {}
  for _, name in ipairs(NAMES) do all[name] = { xai[name](result) } end
  same(before, xai.decode(xai.encode(result)))
  return all
end

--- The same without what differs from answer to answer: the order of members in the JSON text of
-- an input that is a table.
local function comparable(all)
  for _, call in ipairs(all.calls[1]) do
    if call.args ~= nil then call.arguments = nil end
  end
  return all
end

local function chat(message, more)
  local result = { choices = { { index = 0, message = message, finish_reason = "stop" } } }
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end

local function response(output, more)
  local result = { object = "response", status = "completed", output = output }
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end

local function said(...)
  local content = {}
  for i, text in ipairs { ... } do content[i] = { type = "output_text", text = text } end
  return { type = "message", role = "assistant", content = content }
end

local function message(content, stop_reason)
  return { type = "message", role = "assistant", content = content, stop_reason = stop_reason or "end_turn" }
end

local function refused(words, f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.equal(words, (tostring(err):gsub("^[^:]+:%d+: ", "")))
  return err
end

describe("readers", function()
  describe("give the same of a whole answer and of the result of a stream:", function()
    setup(function() stage = stages.open() end)
    teardown(function() stage:close() end)
    before_each(function() stage:enter() end)
    after_each(function() stage:leave() end)

    for _, row in ipairs(whole_answers()) do
      it(row[1], function()
        local result = fixture(row[1])
        local expected = comparable(read(result))
        for _, is_bare in ipairs(row[2] == "respond" and { false, true } or { false }) do
          local bytes = streamed.bytes(xai.encode, row[2], result, is_bare)
          local merged = assert(stage:say(row[2], bytes):result())
          same(expected, comparable(read(merged)))
        end
      end)
    end

    for _, row in ipairs(recorded) do
      it(row[1] .. ", as a person reads it", function()
        local stream = assert(stage:stream(row.fn, "fixture," .. row[1]))
        local result, _, info = stream:result()
        result = result or info.partial
        if not result then return end
        for n, text in ipairs(row.texts or { row.text }) do assert.equal(text, xai.text(result, n)) end
        if row.result and row.result.usage ~= true and not row.result.citations then
          same(comparable(read(row.result)), comparable(read(result)))
        end
      end)
    end

    it("of what the stand-in server says to one request", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        local fields = name ~= "message" and name ~= "complete_legacy" and name ~= "respond"
          and { stream_options = { include_usage = true } } or {}
        local result = assert(stage:stream(name, nil, nil, fields)):result()
        local whole = assert(stage:whole(name))
        for _, reader in ipairs { "text", "reasoning", "usage", "finish", "citations", "images" } do
          same({ xai[reader](whole) }, { xai[reader](result) }, name .. " " .. reader)
        end
        assert.equal(stages.TEXT, (xai.text(whole):gsub("^ ", "")))
      end
    end)
  end)

  describe("xai.text", function()
    it("gives the text of the n-th choice", function()
      local result = fixture "chat-completion.two-choices-length"
      assert.equal("Once upon a time there was a", xai.text(result))
      assert.equal("Once upon a time there was a", xai.text(result, 1))
      assert.equal("In a quiet village by the", xai.text(result, 2))
      assert.equal("", xai.text(result, 3))
      assert.equal("b", xai.text({ choices = { { index = 1, text = "a" }, { index = 0, text = "b" } } }))
      assert.equal("b", xai.text({ choices = { { text = "a" }, { text = "b" } } }, 2))
    end)

    it("gives all that a list of parts says", function()
      assert.equal("ab", xai.text(chat { content = { { type = "text", text = "a" }, { type = "image_url" },
        { text = "b" } } }))
      assert.equal("ab", xai.text(message { { type = "text", text = "a" }, { type = "thinking", thinking = "no" },
        { type = "text", text = "b" } }))
      assert.equal("plain", xai.text(message "plain"))
    end)

    it("joins the texts of all messages of a response", function()
      assert.equal('{"step":"draft"}{"step":"final"}', xai.text(fixture "responses.multi-message"))
      assert.equal("abc", xai.text(response { said("a", "b"), { type = "reasoning" }, said "c" }))
    end)

    it("gives, after a call of the service, the messages behind the last one", function()
      local search = { type = "web_search_call", id = "w" }
      assert.equal("cd", xai.text(response { said "a", search, said "b", search, said "c", said "d" }))
      assert.equal("d", xai.text(response { said "a", { type = "custom_tool_call" }, said "d" }))
      assert.equal("d", xai.text(response { said "a", { type = "tool_search_call" }, { type = "tool_search_output" },
        said "d" }))
    end)

    it("gives the last messages where a call of the service is the end", function()
      assert.equal("b", xai.text(response { said "a", { type = "web_search_call" }, said "b", { type = "mcp_call" } }))
      assert.equal("b", xai.text(response { said "b", { type = "image_generation_call", result = "x" }, said "" }))
    end)

    it("gives what stands before a call of the caller's own", function()
      assert.equal("ab", xai.text(response { said "a", { type = "function_call", call_id = "c" }, said "b" }))
      assert.equal("ab", xai.text(response { said "a", { type = "shell_call", call_id = "c" }, said "b" }))
    end)

    it("leaves out refusals", function()
      assert.equal("", xai.text(response { { type = "message", content = { { type = "refusal", refusal = "No." } } } }))
      assert.equal("", xai.text(chat { content = "", refusal = "No." }))
    end)

    it("is empty where there is none", function()
      for _, result in ipairs { {}, { choices = {} }, { output = {} }, { content = {} }, { completion = "" },
        fixture "chat-completion.deferred", fixture "chat-completion.tool-calls", { choices = { 1, "a" } },
        { choices = { { message = "a" } } }, { output = { 1, { type = "message", content = 5 } } }, { content = 5 } } do
        assert.equal("", xai.text(result))
      end
    end)
  end)

  describe("xai.reasoning", function()
    it("gives the thinking of each API", function()
      assert.matches("^Try small divisors", xai.reasoning(fixture "chat-completion.reasoning"))
      assert.equal("r", xai.reasoning(chat { content = "a", reasoning = "r" }))
      assert.equal("r", xai.reasoning(chat { content = "a", reasoning_content = "r", reasoning = "s" }))
      assert.matches("^The user wants live", xai.reasoning(fixture "messages.tool-use"))
    end)

    it("gives of a response the thinking itself, or else the summary", function()
      assert.equal("A short geology fact is wanted.\n", xai.reasoning(fixture "responses.basic"))
      local summary = { { type = "summary_text", text = "short" } }
      local both = { type = "reasoning", summary = summary, content = { { type = "reasoning_text", text = "long" } } }
      assert.equal("long", xai.reasoning(response { both }))
      assert.equal("longshort", xai.reasoning(response { both, { type = "reasoning", summary = summary } }))
    end)

    it("is nil where there is none", function()
      for _, result in ipairs { {}, chat { content = "a" }, chat { reasoning_content = "" }, response {}, message {},
        response { { type = "reasoning", summary = {} } }, { completion = "x" } } do
        assert.is_nil(xai.reasoning(result))
      end
    end)
  end)

  describe("xai.calls", function()
    it("names what the result of a call must refer to: call_id and not id", function()
      local call = xai.calls(fixture "responses.function-call")[1]
      assert.equal("call-8d11a0f2-7c5e-4b57-a6bf-3d0e9c1f0003-0", call.id)
      assert.equal("get_weather", call.name)
      assert.equal('{"city":"Oslo","unit":"C"}', call.arguments)
      same({ city = "Oslo", unit = "C" }, call.args)
      assert.is_false(call.server)
      assert.equal("function_call", call.item.type)
      assert.equal("w", xai.calls(response { { type = "x_search_call", id = "w", call_id = "" } })[1].id)
    end)

    it("tells which calls the service ran", function()
      local names = {}
      for i, call in ipairs(xai.calls(fixture "responses.server-tools")) do
        assert.is_true(call.server)
        names[i] = call.name
      end
      same({ "code_interpreter", "file_search", "lookup", "image_generation" }, names)
      local calls = xai.calls(fixture "responses.search-tools")
      same({ "web_search", "x_keyword_search" }, { calls[1].name, calls[2].name })
      assert.is_true(calls[1].server and calls[2].server)
      assert.equal("Latest", calls[2].args.mode)
      assert.equal("volcano alert level", calls[1].args.query)
      assert.is_false(xai.calls(response { { type = "shell_call", call_id = "c" } })[1].server)
      assert.is_true(xai.calls(message { { type = "server_tool_use", id = "c", name = "s", input = {} } })[1].server)
    end)

    it("gives all calls in order, of chat and of messages, too", function()
      local calls = xai.calls(fixture "chat-completion.tool-calls")
      same({ "Oslo", "Lima" }, { calls[1].args.city, calls[2].args.city })
      assert.equal("call-5b8f5c57-0d56-4b1c-8d5c-1f6a1f2b0001-1", calls[2].id)
      calls = xai.calls(fixture "messages.tool-use")
      same({ city = "Oslo" }, calls[1].args)
      same({ city = "Oslo" }, xai.decode(calls[1].arguments))
      same(calls[1].args, calls[1].item.input)
    end)

    it("gives those of one choice", function()
      local one = { message = { tool_calls = { { id = "a", ["function"] = { name = "f", arguments = "{}" } } } } }
      local two = { message = { tool_calls = { { id = "b", ["function"] = { name = "f", arguments = "{}" } } } } }
      assert.equal("a", xai.calls({ choices = { one, two } })[1].id)
      assert.equal("b", xai.calls({ choices = { one, two } }, 2)[1].id)
    end)

    local function args_of(arguments)
      local item = { type = "function_call", call_id = "c", name = "f", arguments = arguments }
      local call = xai.calls(response { item })[1]
      return call.args, call.arguments
    end

    it("reads arguments that are empty as {}", function()
      for _, arguments in ipairs { "", "  \n", "{}" } do
        local args, text = args_of(arguments)
        same({}, args)
        assert.equal(arguments, text)
      end
      local args, text = args_of(nil)
      same({}, args)
      assert.equal("", text)
    end)

    it("has no args where the arguments are no JSON", function()
      for _, arguments in ipairs { "{", '{"city":', "Oslo", "{} {}", "{'a':1}" } do
        local args, text = args_of(arguments)
        assert.is_nil(args)
        assert.equal(arguments, text)
      end
      assert.is_false((args_of "false"))
    end)

    it("takes arguments that are a value", function()
      local args, text = args_of { city = "Oslo" }
      same({ city = "Oslo" }, args)
      assert.equal('{"city":"Oslo"}', text)
    end)

    it("gives a broken input of messages as it is", function()
      local block = { type = "tool_use", id = "c", name = "f", input = {}, partial_json = '{"a":' }
      local call = xai.calls(message { block })[1]
      assert.is_nil(call.args)
      assert.equal('{"a":', call.arguments)
    end)

    it("gives calls of type custom and of the older API", function()
      local custom = { id = "c", type = "custom", custom = { name = "f", input = "free text" } }
      local call = xai.calls(chat { tool_calls = { custom } })[1]
      same({ "c", "f", "free text" }, { call.id, call.name, call.arguments })
      assert.is_nil(call.args)
      call = xai.calls(chat { function_call = { name = "f", arguments = '{"a":1}' } })[1]
      same({ "f", { a = 1 } }, { call.name, call.args })
    end)

    it("is an empty list where there are none", function()
      for _, result in ipairs { {}, chat { content = "" }, response {}, message {}, { completion = "x" },
        { choices = { { message = { tool_calls = "x" } } } }, response { 5, { type = 6 }, "x" } } do
        same({}, xai.calls(result))
      end
    end)

    it("survives calls of wrong types", function()
      local calls = xai.calls(chat { tool_calls = { 1, { id = 5, ["function"] = "f" }, { custom = 1 }, {} } })
      assert.equal(3, #calls)
      same({ arguments = "", args = {}, server = false, item = { id = 5, ["function"] = "f" } }, calls[1])
    end)
  end)

  describe("xai.usage", function()
    it("counts reasoning in the output, which chat reports outside", function()
      same({ input = 131, cached = 64, output = 98, reasoning = 87, total = 229, usd = 3415500 / 1e10, tools = 0 },
        xai.usage(fixture "chat-completion.reasoning"))
      same({ input = 10, cached = 0, output = 7, reasoning = 4, total = 17, tools = 0 },
        xai.usage(chat({}, { usage = { prompt_tokens = 10, completion_tokens = 3,
          completion_tokens_details = { reasoning_tokens = 4 } } })))
    end)

    it("does not count it twice where the service has it inside", function()
      local usage = xai.usage(chat({}, { usage = { prompt_tokens = 10, completion_tokens = 7, total_tokens = 17,
        completion_tokens_details = { reasoning_tokens = 4 } } }))
      same({ 7, 17 }, { usage.output, usage.total })
      same({ input = 212, cached = 128, output = 47, reasoning = 34, total = 259, usd = 5140000 / 1e10, tools = 0 },
        xai.usage(fixture "responses.basic"))
    end)

    it("knows the older responses, which left it out", function()
      local usage = xai.usage(response({}, { usage = { input_tokens = 10, output_tokens = 3, total_tokens = 17,
        output_tokens_details = { reasoning_tokens = 4 } } }))
      same({ 7, 17 }, { usage.output, usage.total })
    end)

    it("adds what messages read from the cache to the input", function()
      same({ input = 896, cached = 384, output = 83, reasoning = 0, total = 979, tools = 0 },
        xai.usage(fixture "messages.tool-use"))
    end)

    it("counts the calls of the service", function()
      assert.equal(2, xai.usage(fixture "responses.search-tools").tools)
      local counted = { input_tokens = 1, output_tokens = 1 }
      local output = { { type = "web_search_call" }, { type = "function_call" }, { type = "custom_tool_call" } }
      assert.equal(2, xai.usage(response(output, { usage = counted })).tools)
      counted.server_side_tool_usage_details = { web_search_calls = 3, x_search_calls = 1, x_posts_fetched = 9 }
      assert.equal(4, xai.usage(response(output, { usage = counted })).tools)
      counted.num_server_side_tools_used = 7
      assert.equal(7, xai.usage(response(output, { usage = counted })).tools)
    end)

    it("tells the price where the service does, and only there", function()
      assert.equal(0.0001431, xai.usage(fixture "chat-completion.basic").usd)
      assert.is_nil(xai.usage(fixture "messages.basic").usd)
      assert.equal(0, xai.usage(chat({}, { usage = { prompt_tokens = 0, cost_in_usd_ticks = 0 } })).usd)
      assert.equal(0.5, xai.usage({ data = {}, usage = { cost_in_usd_ticks = 5e9 } }).usd)
    end)

    it("is not misled by counts that another API would have", function()
      local usage = xai.usage(chat({}, { usage = { prompt_tokens = 10, completion_tokens = 3, total_tokens = 13,
        input_tokens = 0, output_tokens = 0 } }))
      same({ 10, 3 }, { usage.input, usage.output })
    end)

    it("is nil without usage", function()
      for _, result in ipairs { {}, chat { content = "x" }, response({}, { usage = {} }), fixture "complete",
        chat({}, { usage = "none" }), chat({}, { usage = { prompt_tokens = "7", other = 1 } }) } do
        assert.is_nil(xai.usage(result))
      end
    end)
  end)

  describe("xai.finish", function()
    local function of_chat(reason, tool_calls)
      return { xai.finish { choices = { { message = { tool_calls = tool_calls }, finish_reason = reason } } } }
    end

    it("gives one word of five, and the API's own", function()
      same({ "stop", "stop" }, of_chat "stop")
      same({ "stop", "end_turn" }, of_chat "end_turn")
      same({ "length", "length" }, of_chat "length")
      same({ "calls", "tool_calls" }, of_chat "tool_calls")
      same({ "filter", "content_filter" }, of_chat "content_filter")
      same({ "incomplete", "abort" }, of_chat "abort")
      same({ "incomplete" }, of_chat(nil))
      same({ "incomplete" }, of_chat "")
      local words = { end_turn = "stop", stop_sequence = "stop", max_tokens = "length", tool_use = "calls",
        refusal = "filter", pause_turn = "incomplete" }
      for word, meaning in pairs(words) do same({ meaning, word }, { xai.finish(message({}, word)) }) end
      same({ "stop", "stop_sequence" }, { xai.finish { completion = "", stop_reason = "stop_sequence" } })
      same({ "length", "max_tokens" }, { xai.finish(fixture "complete") })
    end)

    it("reads why a response is incomplete", function()
      same({ "length", "max_output_tokens" }, { xai.finish(fixture "responses.incomplete") })
      local function of(status, reason)
        return { xai.finish(response({}, { status = status, incomplete_details = reason and { reason = reason } })) }
      end
      same({ "filter", "content_filter" }, of("incomplete", "content_filter"))
      same({ "incomplete", "max_prompt_tokens" }, of("incomplete", "max_prompt_tokens"))
      same({ "incomplete", "max_time_limit" }, of("incomplete", "max_time_limit"))
      same({ "incomplete", "incomplete" }, of("incomplete"))
      same({ "incomplete", "failed" }, of("failed"))
      same({ "incomplete", "in_progress" }, of("in_progress"))
      same({ "incomplete", "stop" }, of("incomplete", "stop"))
      same({ "stop", "completed" }, of("completed"))
    end)

    it("is calls with an open call, and only with one", function()
      same({ "calls", "completed" }, { xai.finish(fixture "responses.function-call") })
      same({ "stop", "completed" }, { xai.finish(fixture "responses.server-tools") })
      same({ "stop", "completed" }, { xai.finish(fixture "responses.search-tools") })
      same({ "length", "max_output_tokens" }, { xai.finish(response({ { type = "function_call", call_id = "c" } },
        { status = "incomplete", incomplete_details = { reason = "max_output_tokens" } })) })
      same({ "calls", "stop" }, of_chat("stop", { { id = "a", ["function"] = { name = "f", arguments = "" } } }))
    end)

    it("is that of the n-th choice", function()
      local result = { choices = { { index = 0, finish_reason = "stop" }, { index = 1, finish_reason = "length" } } }
      same({ "stop", "length", "incomplete" },
        { (xai.finish(result)), (xai.finish(result, 2)), (xai.finish(result, 3)) })
    end)

    it("is incomplete for what broke off", function()
      same({ "incomplete", "in_progress" }, { xai.finish(response({ said "Hal" }, { status = "in_progress" })) })
      for _, result in ipairs { {}, { output = {} }, message({}, ""), { completion = "x" } } do
        same({ "incomplete" }, { xai.finish(result) })
      end
    end)
  end)

  describe("xai.citations", function()
    it("lists each address once", function()
      same({ { url = "https://volcano.example.org/status", title = "1" },
        { url = "https://x.com/i/status/1000000000000000002", title = "https://x.com/i/status/1000000000000000002" } },
        xai.citations(fixture "responses.search-tools"))
      local a, b = { url = "a" }, { type = "url_citation", url = "b", title = "B" }
      local part = { type = "output_text", text = "", annotations = { a, b, a, { url = "a", title = "A" }, b } }
      same({ { url = "a", title = "A" }, { url = "b", title = "B" } },
        xai.citations(response { { type = "message", content = { part, part } } }))
    end)

    it("finds those of chat and of messages", function()
      same({ { url = "https://museum.example.org/news/reopening" },
        { url = "https://x.com/example_museum/status/1000000000000000001" } },
        xai.citations(fixture "chat-completion.citations"))
      local annotation = { type = "url_citation", url_citation = { url = "a", title = "A" } }
      same({ { url = "a", title = "A" } },
        xai.citations(chat({ annotations = { annotation } }, { citations = { "a" } })))
      same({ { url = "a", title = "A" } }, xai.citations(message { { type = "text", text = "x",
        citations = { { type = "web_search_result_location", url = "a", title = "A" } } } }))
    end)

    it("is an empty list where there are none", function()
      for _, result in ipairs { {}, response { said "a" }, chat { annotations = { 1, "", {} } }, { citations = { {} } },
        { citations = "a" },
        response { { type = "message", content = { { annotations = { { file_id = "f" } } } } } } } do
        same({}, xai.citations(result))
      end
    end)
  end)

  describe("xai.images", function()
    it("lists the items and parts that carry a picture", function()
      local images = xai.images(fixture "responses.server-tools")
      assert.equal(1, #images)
      assert.equal("image_generation_call", images[1].type)
      local outputs = { { type = "logs", logs = "x" }, { type = "image", url = "https://x" } }
      assert.equal(2, #xai.images(response { { type = "code_interpreter_call", outputs = outputs },
        { type = "image_generation_call", result = "aGk=" } }))
      assert.equal(1, #xai.images(chat { images = { { type = "image_url", image_url = { url = "data:x" } } } }))
      assert.equal(1, #xai.images(message { { type = "image", source = { type = "url", url = "https://x" } } }))
      assert.equal(#fixture("images.generations.b64").data, #xai.images(fixture "images.generations.b64"))
    end)

    it("leaves out what carries none", function()
      for _, result in ipairs { {}, response { { type = "image_generation_call", status = "failed" } },
        response { { type = "image_generation_call", result = "" } }, chat { images = { { type = "image_url" } } },
        response { said "a" }, message { { type = "image" } } } do
        same({}, xai.images(result))
      end
      for _, entry in ipairs(xai.images(fixture "images.generations.moderated")) do
        assert.is_truthy(entry.url or entry.b64_json)
      end
    end)
  end)

  describe("xai.as_input", function()
    it("is the message of a chat as it was received", function()
      local result = fixture "chat-completion.tool-calls"
      same({ result.choices[1].message }, xai.as_input(result))
      assert.equal("Two cities are needed, so call the tool twice.\n", xai.as_input(result)[1].reasoning_content)
      result = fixture "chat-completion.two-choices-length"
      same({ result.choices[2].message }, xai.as_input(result, 2))
      same({ { role = "assistant", content = "x" } }, xai.as_input(chat { content = "x" }))
    end)

    it("is the output of a response, encrypted reasoning included", function()
      for _, name in ipairs { "encrypted-reasoning", "function-call", "search-tools", "server-tools" } do
        local result = fixture("responses." .. name)
        same(result.output, xai.as_input(result))
        assert.equal(xai.encode(result.output), xai.encode(xai.as_input(result)))
      end
    end)

    it("is the role and the blocks of a message, the signature included", function()
      local result = fixture "messages.tool-use"
      same({ { role = "assistant", content = result.content } }, xai.as_input(result))
    end)

    it("is a message of the assistant for the older completions", function()
      same({ { role = "assistant", content = "16, " } }, xai.as_input(fixture "completions"))
      same({ { role = "assistant", content = " Hello! Nice to meet you" } }, xai.as_input(fixture "complete"))
    end)

    it("leaves out messages without content", function()
      local nothing = { chat {}, chat { content = "", reasoning_content = "hm" }, chat { content = {} },
        chat { content = { { type = "text", text = "" } } }, chat { tool_calls = {} }, response { said() },
        response { said "" }, message {}, message "", message { { type = "text", text = "" } }, { completion = "" }, {},
        { choices = {} }, { output = {} }, { request_id = "x" } }
      for _, result in ipairs(nothing) do
        same({}, xai.as_input(result))
        assert.equal("[]", xai.encode(xai.as_input(result)))
      end
      local call = { type = "function_call", call_id = "c" }
      same({ call }, xai.as_input(response { said "", call, said() }))
      same({ { role = "assistant", content = { { type = "tool_use", id = "c", input = {} } } } },
        xai.as_input(message { { type = "text", text = "" }, { type = "tool_use", id = "c", input = {} } }))
    end)

    it("keeps a refusal", function()
      local item = { type = "message", role = "assistant", content = { { type = "refusal", refusal = "No." } } }
      same({ item }, xai.as_input(response { item }))
    end)

    it("leaves out reasoning that stands before nothing else", function()
      local thought = { type = "reasoning", id = "rs", summary = {} }
      same({}, xai.as_input(response { thought }))
      same({}, xai.as_input(response { thought, thought, said "" }))
      same({ said "a" }, xai.as_input(response { said "a", thought }))
      same({ thought, said "a" }, xai.as_input(response { thought, said "a", thought, thought }))
      same({ thought, thought, said "a" }, xai.as_input(response { thought, thought, said "", said "a" }))
      local thinking, text = { type = "thinking", thinking = "hm" }, { type = "text", text = "a" }
      same({}, xai.as_input(message { thinking, { type = "redacted_thinking", data = "x" } }))
      same({ { role = "assistant", content = { thinking, text } } }, xai.as_input(message { thinking, text, thinking }))
    end)

    it("does not send back an input that is no JSON", function()
      local block = { type = "tool_use", id = "c", name = "f", input = {}, partial_json = '{"a":' }
      same({ { role = "assistant", content = { { type = "tool_use", id = "c", name = "f", input = {} } } } },
        xai.as_input(message { block }))
      assert.equal('{"a":', block.partial_json)
    end)

    it("gives texts that are UTF-8, and leaves the answer as it is", function()
      local bad, good = "a\255b\237\160\189", "a\239\191\189b" .. ("\239\191\189"):rep(3)
      local call = { id = "c", type = "function", ["function"] = { name = "f", arguments = '{"x":"' .. bad .. '"}' } }
      local result = chat { role = "assistant", content = bad, tool_calls = { call } }
      local message_in = xai.as_input(result)[1]
      assert.equal(good, message_in.content)
      assert.equal('{"x":"' .. good .. '"}', message_in.tool_calls[1]["function"].arguments)
      same({ bad, '{"x":"' .. bad .. '"}' }, { result.choices[1].message.content, call["function"].arguments })
      local item = said("fine", bad)
      local list = xai.as_input(response { said "a", item })
      same({ "a", "fine", good }, { list[1].content[1].text, list[2].content[1].text, list[2].content[2].text })
      assert.equal(bad, item.content[2].text)
      local block = { type = "tool_use", id = "c", name = "f", input = { x = bad } }
      same({ x = good }, xai.as_input(message { block })[1].content[1].input)
      assert.is_string(xai.encode { message_in, list, xai.as_input(message { block }) })
      assert.equal('{"x":"' .. good .. '"}', xai.calls(message { block })[1].arguments)
    end)

    it("hands on what is UTF-8 without a copy", function()
      local result = fixture "responses.function-call"
      for i, item in ipairs(xai.as_input(result)) do assert.equal(result.output[i], item) end
    end)

    it("is a list of its own: appending to it changes no answer", function()
      local result = response { said "a" }
      local list = xai.as_input(result)
      list[#list + 1] = { role = "user", content = "next" }
      assert.equal(1, #result.output)
    end)
  end)

  describe("raise for what is no result,", function()
    it("naming the function", function()
      for _, name in ipairs(NAMES) do
        local words = "xai." .. name .. ": expected the result of a call, got "
        refused(words .. "nil", xai[name])
        refused(words .. "string", xai[name], "text")
        refused(words .. "nil: host not found", xai[name], nil, "host not found", {})
      end
    end)

    it("and blame the caller", function()
      assert.matches("readers_spec", select(2, pcall(function() local x = xai.text(nil); return x end)), 1, true)
    end)

    it("or no choice", function()
      for _, n in ipairs { 0, -1, 1.5 } do
        refused("xai.text: the choice must be a whole number from 1, got " .. tostring(n), xai.text, {}, n)
      end
      refused("xai.text: the choice must be a whole number from 1, got 2", xai.text, {}, "2")
    end)
  end)
end)
