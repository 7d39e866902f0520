--- Streams: events, one after the other and to the proven end, however the bytes arrive.

local stages = require("spec.support.stage")
local recorded = require("spec.support.recorded")

local same = assert.same
local stage

--- What the recorded stream is as a whole: by hand, or the service's own last event.
local function expected_result(row, events)
  if not row.result then
    local last = events[#events]
    return last and last.response
  end
  local result = {}
  for key, value in pairs(row.result) do result[key] = value end
  for _, event in ipairs(events) do
    if result.usage and row.fn ~= "message" then result.usage = event.usage or result.usage end
  end
  return result
end

--- The events that come before the failure that ends the stream.
local function expected_events(row)
  local events = stages.read_events(stages.fixture(row[1]))
  if row.says then events[#events] = nil end
  return events
end

local function check_end(row, events, message, info)
  if not row.kind then return same({}, { message, info }) end
  same(row.kind, info.kind)
  assert.equal(message, tostring(info))
  if row.says then assert.matches(row.says, message, 1, true) end
  if row.result or not row.says then same(expected_result(row, events), info.partial) end
  if row.output then same(row.output, info.partial.output) end
end

local function recorded_stream(row, split)
  return assert(stage:stream(row.fn, "fixture," .. row[1] .. (split and ";split," .. split or "")))
end

--- Events, then the result, in agreement with what was recorded.
local function check_events(row, split)
  local wanted = expected_events(row)
  local stream = recorded_stream(row, split)
  local events, message, info = stages.events(stream)
  same(wanted, events)
  check_end(row, events, message, info)
  local result, why, facts = stream:result()
  if row.kind then return same({ nil, message, info }, { result, why, facts }) end
  same(expected_result(row, wanted), result)
  same({ nil, 200 }, { why, facts.status })
end

--- The result alone, nothing read before it.
local function check_result(row, split)
  local wanted = expected_events(row)
  local result, message, info = recorded_stream(row, split):result()
  if row.kind then return check_end(row, wanted, message, info) end
  same(expected_result(row, wanted), result)
end

describe("a stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("gives what was recorded, with its end and its result:", function()
    for _, row in ipairs(recorded) do
      it(row[1] .. " in one piece", function()
        check_events(row)
        check_result(row)
      end)
      it(row[1] .. " byte by byte", function() check_events(row, 1) end)
      it(row[1] .. " in odd pieces", function()
        for _, size in ipairs { 3, 7, 64 } do check_events(row, size) end
        check_result(row, 7)
      end)
    end
  end)

  describe("does not depend on how lines are ended and what stands between them:", function()
    local VARIANTS = {
      "crlf", "cr", "bom", "comments", "crlf;bom", "comments;cr;bom", "crlf;split,1", "cr;comments;split,3",
      "last-event-no-blank-line", "last-event-no-newline", "crlf;last-event-no-newline", "until-close", "close",
    }
    for _, name in ipairs(stages.FUNCTIONS) do
      it(name, function()
        local plain = assert(stage:stream(name)):result()
        for _, fault in ipairs(VARIANTS) do
          local events = stages.events(assert(stage:stream(name, fault)))
          local result, message = assert(stage:stream(name, fault)):result()
          assert(result, message)
          same(#stages.events(assert(stage:stream(name))), #events, fault)
          plain.id, plain.created, plain.created_at, plain.completed_at = nil, nil, nil, nil
          result.id, result.created, result.created_at, result.completed_at = nil, nil, nil, nil
          for _, item in ipairs(result.output or {}) do item.id = nil end
          for _, item in ipairs(plain.output or {}) do item.id = nil end
          same(plain, result, fault)
        end
      end)
      it(name .. " without the names of events, as relays send it", function()
        local stream = assert(stage:stream(name, "data-only"))
        assert.equal(stages.TEXT, (stages.text(stream):gsub("^ ", "")))
        assert(stream:result())
      end)
    end
  end)

  describe("can be read", function()
    it("by a for loop", function()
      local count = 0
      for event in assert(stage:stream("chat")) do
        count = count + 1
        assert.equal("chat.completion.chunk", event.object)
      end
      assert.equal(13, count) -- twelve words and the finish
    end)

    it("by next, which says nil and nothing else for ever after the end", function()
      local stream = assert(stage:stream("chat"))
      assert.equal(13, #stages.events(stream))
      for _ = 1, 3 do same({}, { stream:next() }) end
      assert.is_nil(stream())
    end)

    it("by next, result and text in turns", function()
      local stream = assert(stage:stream("chat"))
      assert.equal("Lua", stream:next().choices[1].delta.content)
      assert.equal(" is", stream:next().choices[1].delta.content)
      local pieces = stream:text()
      assert.equal(" a", pieces())
      assert.equal(" small,", stream:next().choices[1].delta.content)
      assert.equal(" quick", pieces())
      assert.equal(stages.TEXT, stream:result().choices[1].message.content)
      same({}, { pieces() })
      same({}, { stream:next() })
    end)

    it("for its result twice, which is then the same", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        local stream = assert(stage:stream(name))
        local first, none, info = stream:result()
        same({ nil, 200 }, { none, info.status })
        assert.equal(first, (stream:result()), name)
      end
    end)

    it("after the client was dropped", function()
      local client = require("xai").new { api_key = "xai-spec", base_url = stage.server.url }
      local options = { headers = { ["x-fault"] = "split,9" } }
      local stream = assert(client:chat(stages.body("chat", { stream = true }), options))
      client = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.equal(13, #stages.events(stream))
    end)

    it("with its facts: the call returns stream, nil, info, stream", function()
      local stream, message, info, again = stage:stream("chat")
      assert.is_nil(message)
      same({ 200, 1 }, { info.status, info.attempts })
      assert.matches("^%x+%-5eed%-", info.request_id)
      same({ limit_requests = 150, remaining_requests = 149, limit_tokens = 50000000, remaining_tokens = 49999000 },
        info.rate_limit)
      assert.equal(stream, again)
      assert.matches("^xai%.stream %(chat%)$", tostring(stream))
      stream:close()
    end)

    it("from an unknown endpoint, by client:request", function()
      local body = stages.body("chat", { stream = true })
      local stream = assert(stage.client:request { method = "POST", path = "/v1/chat/completions", body = body,
        stream = true })
      local events = stages.events(stream)
      assert.equal(13, #events)
      same(events, stream:result())
    end)
  end)

  it("hands on events that nobody knows", function()
    local bytes = 'data: {"type":"response.telepathy.delta","thought":[1]}\n\nevent: new\ndata: {"a":1}\n\n'
    for _, name in ipairs { "chat", "respond", "message", "complete", "complete_legacy" } do
      local events, _, info = stages.events(stage:say(name, bytes))
      same({ { type = "response.telepathy.delta", thought = { 1 } }, { a = 1 } }, events, name)
      assert.equal("truncated", info.kind)
    end
  end)

  it("joins data lines, drops events without data and takes data without a space", function()
    local bytes = "event: x\n\ndata:{\"choices\":\ndata:[],\ndata: \"a\":1}\nid: 7\nretry: 3\n\ndata\n\n"
      .. "data: [DONE]\n\ndata: late\n\n"
    for _, size in ipairs { 1, 4, 1000 } do
      local events, message = stages.events(stage:say("chat", bytes, size))
      same({ { choices = {}, a = 1 } }, events)
      assert.is_nil(message)
    end
  end)

  it("refuses an event that is not a JSON object, with what came before", function()
    for _, data in ipairs { "{half", "17", '"word"', "[]" } do
      local bytes = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: ' .. data .. "\n\n"
      local events, _, info = stages.events(stage:say("chat", bytes))
      assert.equal(1, #events)
      same({ "decode", "a" }, { info.kind, info.partial.choices[1].message.content }, data)
    end
  end)

  it("refuses it also where nobody looks at the events, whatever end follows", function()
    for _, data in ipairs { '{"choices":[', "17", "[]" } do
      local bytes = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: ' .. data
        .. "\n\ndata: [DONE]\n\n"
      local _, _, info = stage:say("chat", bytes):result()
      same({ "decode", "a" }, { info.kind, info.partial.choices[1].message.content }, data)
      local said = {}
      local ok, err = pcall(function()
        for words in stage:say("chat", bytes):text() do said[#said + 1] = words end
      end)
      same({ false, "decode", "a" }, { ok, err.kind, table.concat(said) }, data)
    end
  end)

  it("never changes an event that was handed out, nor is changed by it", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local wanted = stages.events(assert(stage:stream(name)))
      local stream = assert(stage:stream(name))
      local events = stages.events(stream)
      local result = stream:result()
      assert.equal(#wanted, #events)
      for _, event in ipairs(stages.events(assert(stage:stream(name)))) do assert.are_not.equal(event, result) end
      local before = require("xai").encode(events)
      for key in pairs(result) do result[key] = "changed" end
      assert.equal(before, require("xai").encode(events))
    end
  end)

  it("gives a result that changed events do not touch", function()
    local function wreck(value)
      for key, field in pairs(value) do
        if type(field) == "table" then wreck(field) end
        value[key] = nil
      end
    end
    for _, name in ipairs(stages.FUNCTIONS) do
      local plain, stream = assert(stage:stream(name)):result(), assert(stage:stream(name))
      for event in stream do wreck(event) end
      local result = stream:result()
      plain.id, plain.created, plain.created_at, plain.completed_at = nil, nil, nil, nil
      result.id, result.created, result.created_at, result.completed_at = nil, nil, nil, nil
      for _, item in ipairs(result.output or {}) do item.id = nil end
      for _, item in ipairs(plain.output or {}) do item.id = nil end
      same(plain, result, name)
    end
  end)
end)
