--- Parts: stream:parts(), stream:next_part(), on_part: one form for all streams.

local parts = require("spec.support.parts")
local recorded = require("spec.support.recorded")
local stages = require("spec.support.stage")
local streamed = require("spec.support.streamed")
local ways = require("spec.support.ways")
local xai = require("xai")
local json = require("xai.client.json")
local lazy_require = require("xai.runtime.environment").lazy_require

local makers = lazy_require "xai.results.parts"

local same = assert.same
local unpack = rawget(table, "unpack") or rawget(_G, "unpack")
local stage

local READERS = { "text", "reasoning", "calls", "usage", "finish", "citations", "images", "as_input" }

local function slurp(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local function bytes_of(...) return ways.bytes(xai.encode, { ... }) end

local function chunk(delta, more)
  local choice = { index = 0, delta = delta }
  for key, value in pairs(more or {}) do choice[key] = value end
  return { id = "c", created = 7, model = "m", choices = { choice } }
end

local STOP = chunk({}, { finish_reason = "stop" })
local DONE = "[DONE]"

--- The parts of these bytes as a list of { kind, value, more }, and the error at the end.
local function list_of(name, bytes, size)
  local all, err = parts.read(stage:say(name, bytes, size))
  return all.list, err
end

--- The same of events, of one kind alone.
local function only(kind, name, ...)
  local list = {}
  for _, part in ipairs((list_of(name, bytes_of(...)))) do
    if part[1] == kind then list[#list + 1] = { part[2], part[3] } end
  end
  return list
end

local function refused(words, f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.matches(words, tostring(err), 1, true)
end

local function call_chunk(...) return chunk { tool_calls = { ... } } end

local function called(name, arguments, id, index)
  return { index = index, id = id, type = id and "function", ["function"] = { name = name, arguments = arguments } }
end

local function event(kind, fields)
  fields.type = "response." .. kind
  return fields
end

describe("parts", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("say what the readers find in the result,", function()
    for _, row in ipairs(recorded) do
      it("of " .. row[1] .. ", in pieces of any size", function()
        for _, size in ipairs { 100000, 1, 7, 64 } do
          local stream = assert(stage:stream(row.fn, "fixture," .. row[1] .. ";split," .. size))
          local all, err = parts.read(stream)
          assert.equal(row.kind, err and err.kind)
          local result, _, info = stream:result()
          assert.equal(row.text, all.text)
          if result then
            parts.check(all, result)
            assert.equal(xai.reasoning(result) or "", all.reasoning)
          else
            assert.equal(info, err)
            assert.is_nil(all.done)
          end
        end
      end)
    end

    local WHOLE = {
      { "chat-completion.tool-calls", "chat" }, { "chat-completion.reasoning", "chat" },
      { "chat-completion.citations", "chat" }, { "chat-completion.two-choices-length", "chat" },
      { "responses.server-tools", "respond" }, { "responses.search-tools", "respond" },
      { "responses.function-call", "respond" }, { "responses.multi-message", "respond" },
      { "responses.incomplete", "respond" }, { "messages.tool-use", "message" },
      { "messages.max-tokens", "message" }, { "completions", "complete" }, { "complete", "complete_legacy" },
    }
    for _, row in ipairs(WHOLE) do
      it("of " .. row[1] .. ", streamed, streamed without a last event that repeats it, and whole", function()
        local answer = assert(xai.decode(slurp(row[1] .. ".response.json")))
        for _, is_bare in ipairs { false, true } do
          local all, err = parts.read(stage:say(row[2], streamed.bytes(xai.encode, row[2], answer, is_bare)))
          assert.is_nil(err)
          parts.check(all, answer)
          assert.equal(xai.reasoning(answer) or "", all.reasoning)
        end
        local add, finish = parts.collector()
        assert(stage:stream(row[2], "fixture," .. row[1] .. ".response.json", { on_part = add }))
        local all = finish()
        parts.check(all, answer)
        assert.equal(xai.reasoning(answer) or "", all.reasoning)
      end)
    end

    it("by every way to read them", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        local by_loop = parts.read(assert(stage:stream(name)))
        local add, finish = parts.collector()
        local stream = assert(stage:stream(name))
        local kind, value, more = stream:next_part()
        while kind do
          add(kind, value, more)
          kind, value, more = stream:next_part()
        end
        same({}, { kind, value, more })
        local by_next = finish()
        add, finish = parts.collector()
        local result = assert(stage:stream(name, nil, { on_part = add }))
        local by_call = finish()
        add, finish = parts.collector()
        local started = assert(stage:start(name, nil, { on_part = add }, { stream = true }):wait())
        local by_start = finish()
        parts.check(by_start, started)
        parts.check(by_call, result)
        for _, all in ipairs { by_next, by_call, by_start } do
          same({ by_loop.text, by_loop.usage, by_loop.done, #by_loop.list },
            { all.text, all.usage, all.done, #all.list })
        end
        assert.equal(stages.TEXT, (by_loop.text:gsub("^ ", "")))
      end
    end)

    it("of an answer that was not streamed, too", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        local add, finish = parts.collector()
        local body = stages.body(name)
        local result = assert(stage.client[name](stage.client, body, { on_part = add }))
        parts.check(finish(), result)
        add, finish = parts.collector()
        result = assert(stage.client:start(name, body, { on_part = add }):wait())
        parts.check(finish(), result)
        assert.equal(stages.TEXT, (finish().text:gsub("^ ", "")))
      end
    end)

    it("of a service that ignores stream, read by a loop", function()
      local answer = { choices = { { index = 0, message = { content = "Hi" }, finish_reason = "stop" } } }
      local stream = stage:say("chat", xai.encode(answer))
      same({ { "text", "Hi" }, { "done", "stop", "stop" } }, parts.read(stream).list)
      assert.equal("Hi", xai.text(stream:result()))
    end)
  end)

  describe("have text and reasoning", function()
    it("with the choice from the second on", function()
      local function of(index, text) return { choices = { { index = index, delta = { content = text } } } } end
      same({ { "a" }, { "b", { choice = 2 } }, { "c" }, { "d", { choice = 3 } }, { "e", { choice = 2 } } },
        only("text", "chat", of(0, "a"), of(1, "b"), of(0, "c"), of(2, "d"), of(1, "e"), DONE))
      same({ { "a" }, { "b", { choice = 2 } } }, only("text", "complete", { choices = { { index = 0, text = "a" },
        { index = 1, text = "b" } } }, DONE))
    end)

    it("with the place of the message from the second one on", function()
      local function delta(a, text)
        return event("output_text.delta", { output_index = a, content_index = 0, item_id = "i" .. a, delta = text })
      end
      same({ { "a" }, { "b" }, { "c", { output = 4 } }, { "d" } },
        only("text", "respond", delta(1, "a"), delta(1, "b"), delta(3, "c"), delta(1, "d"), event("completed", {})))
    end)

    it("once, whether it is thinking or its summary, and in one of two members", function()
      local function of(kind, text)
        return event(kind .. ".delta", { output_index = 0, content_index = 0, summary_index = 0, delta = text })
      end
      same({ { "a" }, { "c" } }, only("reasoning", "respond", of("reasoning_text", "a"),
        of("reasoning_summary_text", "b"), of("reasoning_text", "c"), event("completed", {})))
      same({ { "a" }, { "b" } }, only("reasoning", "chat", chunk { reasoning_content = "a", reasoning = "a" },
        chunk { reasoning_content = "b", reasoning = "b" }, STOP, DONE))
      same({ { "a" }, { "b" } }, only("reasoning", "chat", chunk { reasoning = "a" }, chunk { reasoning = "b" }, DONE))
    end)

    it("once, where it is stated and not streamed", function()
      local item = { id = "rs", type = "reasoning", summary = { { type = "summary_text", text = "one" },
        { type = "summary_text", text = "two" } } }
      local message = { id = "m", type = "message", content = { { type = "output_text", text = "Hi" } } }
      local function done(i)
        return event("reasoning_summary_text.done", { output_index = 0, summary_index = i - 1,
          text = item.summary[i].text })
      end
      local item_done = event("output_item.done", { output_index = 0, item = item })
      local last = event("completed", { response = { status = "completed", output = { item, message } } })
      for _, events in ipairs { { done(1), done(2), item_done, last }, { item_done, last }, { last } } do
        local said = { only("reasoning", "respond", unpack(events)),
          only("text", "respond", unpack(events)) }
        same({ { { "one" }, { "two" } }, { { "Hi" } } }, said)
      end
    end)

    it("without empty pieces, and nothing of what is unknown", function()
      local events = { chunk { role = "assistant", content = "" }, { odd = true }, chunk { content = "a", mood = "x" },
        { type = "ping" }, chunk { content = "" }, chunk { mood = { 1, 2 } }, STOP, DONE }
      local list = list_of("chat", bytes_of(unpack(events)))
      same({ { "text", "a" }, { "done", "stop", "stop" } }, list)
      same({ { "text", "a" }, { "done", "stop", "completed" } }, (list_of("respond", bytes_of({ type = "ping" },
        event("queued", { response = {} }), event("no_such_thing.delta", { delta = "x", output_index = 3 }),
        event("output_text.delta", { output_index = 0, delta = "a" }), { type = 5 }, { type = "odd" },
        event("completed", { response = { status = "completed" } })))))
    end)

    it("whose characters are whole, however they were cut", function()
      local function raw(field, text)
        return 'data: {"choices":[{"index":0,"delta":{"' .. field .. '":"' .. text .. '"}}]}\n\n'
      end
      local function said(...)
        local all = parts.read(stage:say("chat", table.concat { ... } .. "data: [DONE]\n\n"))
        return all.text, all.reasoning
      end
      for _, field in ipairs { "content", "reasoning_content" } do
        local n = field == "content" and 1 or 2
        assert.equal("a 👋 b", (select(n, said(raw(field, "a \\ud83d"), raw(field, "\\udc4b b")))))
        assert.equal("a 👋 b", (select(n, said(raw(field, "a"), raw(field, " \\uD83D"), raw(field, "\\uDC4B b")))))
        assert.equal("a�b", (select(n, said(raw(field, "a\\ud83d"), raw(field, "b")))))
        assert.equal("a�", (select(n, said(raw(field, "a\\ud83d")))))
        assert.equal("ab�c", (select(n, said(raw(field, "a"), raw(field, "b\\udc4bc")))))
        assert.equal("x👋y", (select(n, said(raw(field, "x\\ud83d\\udc4by")))))
      end
      local text, reasoning = said(raw("content", "a\\ud83d"), raw("reasoning_content", "b\\ud83d"),
        raw("content", "\\udc4b"), raw("reasoning_content", "\\udc4b"))
      same({ "a👋", "b👋" }, { text, reasoning })
    end)
  end)

  describe("have calls", function()
    it("once, when they are whole, with their arguments before", function()
      local list = list_of("chat", bytes_of(call_chunk(called("f", "", "a", 0)),
        call_chunk(called(nil, '{"x"', nil, 0)), call_chunk(called(nil, ":1}", nil, 0), called("g", "{}", "b", 1)),
        chunk({}, { finish_reason = "tool_calls" }), DONE))
      local kinds = {}
      for i, part in ipairs(list) do kinds[i] = part[1] end
      same({ "arguments", "arguments", "arguments", "call", "call", "done" }, kinds)
      same({ '{"x"', ":1}", "{}" }, { list[1][2], list[2][2], list[3][2] })
      same({ "a", "f", '{"x":1}', false }, { list[2][3].id, list[2][3].name, list[2][3].arguments, list[2][3].server })
      assert.equal(list[1][3], list[2][3])
      same({ x = 1 }, list[4][2].args)
      same({ "b", {} }, { list[5][2].id, list[5][2].args })
    end)

    it("of the service while the answer goes on", function()
      local list = list_of("respond", bytes_of(
        event("output_item.added", { output_index = 0, item = { id = "w", type = "web_search_call" } }),
        event("web_search_call.searching", { output_index = 0, item_id = "w" }),
        event("output_item.done", { output_index = 0, item = { id = "w", type = "web_search_call",
          action = { type = "search", query = "q" } } }),
        event("output_text.delta", { output_index = 1, item_id = "m", delta = "Hi" }), event("completed", {})))
      same({ "call", "text", "done" }, { list[1][1], list[2][1], list[3][1] })
      same({ "web_search", true, "q" }, { list[1][2].name, list[1][2].server, list[1][2].args.query })
    end)

    it("once, though ids change on the way or are missing, and though they are stated again", function()
      local function item(id) return { id = id, type = "web_search_call", action = { query = "q" } } end
      local function done(id) return event("output_item.done", { output_index = 0, item = item(id) }) end
      local function last(id)
        return event("completed", { response = { status = "completed", output = { item(id) } } })
      end
      for _, ids in ipairs { { "a", "a" }, { "a", "b" }, { nil, nil }, { nil, "b" }, { "a", nil } } do
        assert.equal(1, #only("call", "respond", done(ids[1]), last(ids[2])))
      end
      assert.equal(1, #only("call", "respond", done "a", done "a", last "a"))
      assert.equal(2, #only("call", "respond", done "a", done "b", event("completed", {})))
      assert.equal(1, #only("call", "respond", last "a"))
      assert.equal(1, #only("call", "respond", event("output_item.added", { output_index = 0, item = item "a" }),
        event("completed", {})))
    end)

    it("of messages when their block ends", function()
      local function open(block) return { type = "content_block_start", index = 0, content_block = block } end
      local function input(text)
        return { type = "content_block_delta", delta = { type = "input_json_delta", partial_json = text } }
      end
      local list = list_of("message", bytes_of({ type = "message_start", message = { usage = { input_tokens = 3,
        output_tokens = 0 } } }, open { type = "tool_use", id = "a", name = "f", input = {} }, input '{"x":',
        input "1}", { type = "content_block_stop", index = 0 }, open { type = "text", text = "" },
        { type = "content_block_delta", delta = { type = "text_delta", text = "Hi" } },
        { type = "content_block_stop", index = 0 }, open { type = "tool_use", id = "b", name = "g", input = {} },
        { type = "message_delta", delta = { stop_reason = "tool_use" }, usage = { output_tokens = 5 } },
        { type = "message_stop" }))
      local kinds = {}
      for i, part in ipairs(list) do kinds[i] = part[1] end
      same({ "arguments", "arguments", "call", "text", "call", "usage", "done" }, kinds)
      same({ "a", { x = 1 }, "b", {} }, { list[3][2].id, list[3][2].args, list[5][2].id, list[5][2].args })
      same({ 3, 5 }, { list[6][2].input, list[6][2].output })
      same({ "done", "calls", "tool_use" }, list[7])
    end)

    it("not of a stream that broke", function()
      local list, err = list_of("chat", bytes_of(call_chunk(called("f", "{", "a", 0))))
      same({ "arguments", "truncated" }, { list[1][1], err.kind })
      assert.is_nil(list[2])
      assert.equal("{", xai.calls(err.partial)[1].arguments)
    end)

    it("whose arguments so far grow in work that is linear", function()
      local events, piece = { call_chunk(called("f", '{"x":"', "a", 0)) }, ("y"):rep(100)
      for _ = 1, 200 do events[#events + 1] = call_chunk(called(nil, piece, nil, 0)) end
      events[#events + 1] = call_chunk(called(nil, '"}', nil, 0))
      events[#events + 1] = STOP
      events[#events + 1] = DONE
      local texts, last = {}, nil
      for kind, value, more in stage:say("chat", ways.bytes(xai.encode, events)):parts() do
        if kind == "arguments" and texts[#texts] ~= more.arguments then texts[#texts + 1] = more.arguments end
        if kind == "call" then last = value end
      end
      assert.is_true(#texts < 70, #texts)
      assert.equal(20000, #last.args.x)
    end)
  end)

  describe("have citations and pictures", function()
    it("each once, as they come", function()
      local function cite(url, title)
        return event("output_text.annotation.added", { output_index = 0, content_index = 0,
          annotation = { type = "url_citation", url = url, title = title } })
      end
      local picture = { id = "ig", type = "image_generation_call", result = "aGk=" }
      local message = { id = "m", type = "message", content = { { type = "output_text", text = "x",
        annotations = { { type = "url_citation", url = "a" }, { type = "url_citation", url = "c" } } } } }
      local list = list_of("respond", bytes_of(cite("a", "A"), cite "b", cite "a",
        event("output_item.done", { output_index = 1, item = picture }),
        event("output_item.done", { output_index = 0, item = message }),
        event("completed", { response = { status = "completed", output = { message, picture } } })))
      local call = xai.calls({ output = { picture } })[1]
      same({ { "citation", { url = "a", title = "A" } }, { "citation", { url = "b" } }, { "call", call },
        { "image", picture }, { "text", "x" }, { "citation", { url = "c" } }, { "done", "stop", "completed" } }, list)
    end)

    it("of chat, where the last chunk or a delta has them", function()
      local image = { type = "image_url", image_url = { url = "data:x" } }
      local list = list_of("chat", bytes_of(chunk { content = "a", images = { image } }, chunk { images = { image } },
        { choices = {}, citations = { "a", "b" } }, { choices = {}, citations = { "b" } }, STOP, DONE))
      same({ { "text", "a" }, { "image", image }, { "citation", { url = "a" } }, { "citation", { url = "b" } },
        { "done", "stop", "stop" } }, list)
    end)
  end)

  it("have usage and the end once, the last usage of several", function()
    local function usage(n) return { choices = {}, usage = { prompt_tokens = n, completion_tokens = 1 } } end
    local list = list_of("chat", bytes_of(chunk { content = "a" }, usage(1), usage(2), STOP, usage(3), DONE))
    same({ "text", "usage", "done" }, { list[1][1], list[2][1], list[3][1] })
    same({ 3, "stop", "stop" }, { list[2][2].input, list[3][2], list[3][3] })
    assert.is_nil(list[4])
  end)

  describe("of a stream that breaks", function()
    it("end in an error with what had come", function()
      local list, err = list_of("chat", bytes_of(chunk { content = "a" }))
      same({ { "text", "a" } }, list)
      same({ "truncated", "a" }, { err.kind, xai.text(err.partial) })
    end)

    it("end, by next_part, in nil, message, info", function()
      local stream = stage:say("chat", bytes_of(chunk { content = "a" }))
      same({ "text", "a" }, { stream:next_part() })
      for _ = 1, 2 do
        local kind, message, info = stream:next_part()
        assert.is_nil(kind)
        assert.is_string(message)
        same({ "truncated", message }, { info.kind, tostring(info) })
      end
    end)

    it("end the call with on_part", function()
      local seen = {}
      local fault = "say," .. stages.encoded(bytes_of(chunk { content = "a" }))
      local result, _, info = stage:stream("chat", fault, { on_part = function(kind) seen[#seen + 1] = kind end })
      assert.is_nil(result)
      same({ "truncated", "text" }, { info.kind, table.concat(seen, " ") })
      seen = {}
      result, _, info = stage:start("chat", fault, { on_part = function(kind) seen[#seen + 1] = kind end },
        { stream = true }):wait()
      assert.is_nil(result)
      same({ "truncated", "text" }, { info.kind, table.concat(seen, " ") })
    end)
  end)

  describe("go together with the other ways to read:", function()
    it("they go on where events, text or parts were read before", function()
      local bytes = bytes_of(chunk { content = "a" }, call_chunk(called("f", "{", "x", 0)),
        call_chunk(called(nil, "}", nil, 0)), chunk { content = "b" }, STOP, DONE)
      for _, skipped in ipairs { 0, 1, 2, 3, 4, 5 } do
        local stream = stage:say("chat", bytes)
        for _ = 1, skipped do stream:next() end
        local all = parts.read(stream)
        local calls = skipped < 5 and 1 or 0
        same({ skipped < 1 and "ab" or skipped < 4 and "b" or "", calls, "calls" },
          { all.text, #all.calls, all.done[1] })
        assert.equal("ab", xai.text(stream:result()))
      end
    end)

    it("a loop that is left is gone on with", function()
      local stream = stage:say("chat", bytes_of(chunk { content = "a" }, chunk { content = "b" }, STOP, DONE))
      local next_part = stream:parts()
      same({ "text", "a" }, { next_part() })
      same({ "text", "b" }, { stream:next_part() })
      same({ "done", "stop", "stop" }, { next_part() })
      same({}, { next_part() })
      same({}, { stream:next_part() })
    end)

    it("a stream that was closed gives no more", function()
      local stream = stage:say("chat", bytes_of(chunk { content = "a" }, chunk { content = "b" }, STOP, DONE))
      local next_part = stream:parts()
      next_part()
      stream:close()
      local ok, err = pcall(next_part)
      same({ false, "closed" }, { ok, err.kind })
      assert.is_nil((stream:next_part()))
    end)

    it("after the result there are none", function()
      local stream = assert(stage:stream("chat"))
      assert(stream:result())
      same({}, parts.read(stream).list)
    end)
  end)

  describe("by on_part", function()
    it("end the call with an error of the function, and close the stream", function()
      local ok, err = pcall(stage.stream, stage, "chat", nil, { on_part = function() error("enough", 0) end })
      same({ false, "enough" }, { ok, err })
      ok, err = pcall(stage.client.chat, stage.client, stages.body "chat",
        { on_part = function() error("enough", 0) end })
      same({ false, "enough" }, { ok, err })
    end)

    it("stop where the call is cancelled", function()
      local seen, call = 0, nil
      call = stage:start("chat", nil, { on_part = function()
        seen = seen + 1
        call:cancel()
      end }, { stream = true })
      assert.equal("cancelled", (select(3, call:wait())).kind)
      assert.equal(1, seen)
    end)

    it("are refused where they would not come", function()
      local function f() end
      local client, hi = stage.client, stages.body "chat"
      refused("xai.new: option 'on_part' is one of a call", xai.new, { on_part = f })
      refused("client:list_models: option 'on_part' is for functions that stream", client.list_models, client,
        { on_part = f })
      refused("client:request: option 'on_part' is for functions that stream", client.request, client,
        { path = "/models" }, { on_part = f })
      refused("client:chat: option 'on_part' excludes on_event", client.chat, client, stages.body("chat",
        { stream = true }), { on_part = f, on_event = f })
      refused("client:chat: option 'on_part' excludes raw", client.chat, client, stages.body("chat",
        { stream = true }), { on_part = f, raw = true })
      refused("client:chat: option 'on_part' must be a function", client.chat, client, hi, { on_part = 5 })
      refused("did you mean 'on_part'", client.chat, client, hi, { on_parts = f })
    end)
  end)

  it("are refused of streams that have none", function()
    local stream = assert(stage:stream("chat", nil, { raw = true }))
    refused("stream:parts: a raw stream has no parts; read its events", stream.parts, stream)
    refused("stream:next_part: a raw stream has no parts; read its events", stream.next_part, stream)
    stream:close()
    stream = assert(stage.client:request { method = "POST", path = "/v1/chat/completions", stream = true,
      body = stages.body("chat", { stream = true }) })
    refused("stream:parts: the parts of this stream are unknown; read its events", stream.parts, stream)
    stream:close()
  end)

  it("are read in tasks, side by side", function()
    local texts = {}
    xai.run(function()
      for i = 1, 5 do
        xai.spawn(function()
          local stream = assert(stage:stream("chat", "slow-words,2"))
          local said = {}
          local kind, value = stream:next_part()
          while kind do
            if kind == "text" then said[#said + 1] = value end
            kind, value = stream:next_part()
          end
          texts[i] = table.concat(said)
        end)
      end
    end)
    for i = 1, 5 do assert.equal(stages.TEXT, (texts[i]:gsub("^ ", ""))) end
  end)

  --- A copy of a value in which members, at random, are of other types.
  local function damaged(value, roll, odd)
    if type(value) ~= "table" then return value end
    local copy = {}
    for _, key in ipairs(sorted_keys(value)) do
      copy[key] = roll(20) == 1 and odd[roll(#odd)] or damaged(value[key], roll, odd)
    end
    return copy
  end

  for _, row in ipairs(recorded) do
    it("of " .. row[1] .. " survive members of wrong types, as readers do", function()
      local seed = 1
      local function roll(n)
        seed = (seed * 16807) % 2147483647
        return seed % n + 1
      end
      local odd = { 5, -1, 1.5, 1e300, "x", "", true, false, {}, { 1, 2 }, { a = 1 }, { "a", { "b" } },
        { type = "text", text = "t" }, { id = "i", type = "function_call" }, { { type = "output_text", text = "q" } } }
      local events = {}
      for data in slurp(row[1]):gmatch "data: ?([^\r\n]*)" do
        local value = xai.decode(data)
        if type(value) == "table" then events[#events + 1] = value end
      end
      for _ = 1, 40 do
        local list = {}
        for i, value in ipairs(events) do list[i] = xai.encode(damaged(value, roll, odd)) end
        local maker = makers.new({ codec = function() return (json.default_codec()) end }, row.fn)
        for _, text in ipairs(list) do
          local value = xai.decode(text)
          maker:feed(value, "event", roll(9) == 1 and "text" or nil)
          for _, result in ipairs { value, value.response, value.message } do
            if type(result) == "table" then
              for _, name in ipairs(READERS) do xai[name](result) end
            end
          end
        end
        maker:finish()
        local last
        local kind = maker:take()
        while kind do last, kind = kind, maker:take() end
        assert.equal("done", last)
      end
    end)
  end

  it("build no table for a piece of text", function()
    local piece = chunk { content = "word " }
    local events = { chunk { content = "a" } }
    for i = 2, 400 do events[i] = piece end
    events[401] = DONE
    local stream = stage:say("chat", ways.bytes(xai.encode, events))
    local next_part = stream:parts()
    for _ = 1, 100 do next_part() end
    collectgarbage() collectgarbage "stop"
    local before = collectgarbage "count"
    for _ = 1, 200 do next_part() end
    local grown = collectgarbage "count" - before
    collectgarbage "restart"
    assert.is_true(grown < 8, grown .. " KB")
  end)
end)
