--- stream:text(): the visible text alone, for every API that streams.

local stages = require("spec.support.stage")
local recorded = require("spec.support.recorded")

local same = assert.same
local stage

local function recorded_stream(row, split)
  return assert(stage:stream(row.fn, "fixture," .. row[1] .. (split and ";split," .. split or "")))
end

--- All text until the end or the failure, which comes back as well.
local function text_until(stream, n)
  local pieces = {}
  local ok, err = pcall(function()
    for text in stream:text(n) do pieces[#pieces + 1] = text end
  end)
  return table.concat(pieces), not ok and err or nil
end

local function check_text(row, split)
  for n, text in ipairs(row.texts or { row.text }) do
    local got, err = text_until(recorded_stream(row, split), n)
    assert.equal(text, got)
    assert.equal(row.kind, err and err.kind)
  end
end

--- One event of a chat with this raw JSON as the text.
local function chunk(raw, more)
  return 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"' .. raw .. '"}' .. (more or "") .. "}]}\n\n"
end

local DONE = "data: [DONE]\n\n"

describe("the text of a stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("is what was recorded, whole and in pieces of any size:", function()
    for _, row in ipairs(recorded) do
      it(row[1], function()
        check_text(row)
        check_text(row, 1)
        for _, size in ipairs { 3, 7, 64 } do check_text(row, size) end
      end)
    end
  end)

  it("comes word by word, and the result can be had after it", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local stream = assert(stage:stream(name))
      local pieces = stages.pieces(stream)
      assert.equal(12, #pieces, name)
      assert.equal(stages.TEXT, (table.concat(pieces):gsub("^ ", "")))
      assert(stream:result())
    end
  end)

  it("is that of the first choice, or of the one that is asked for", function()
    for _, name in ipairs { "chat", "complete" } do
      local fields = { n = 3 }
      local result = assert(stage:stream(name, nil, nil, fields)):result()
      for n = 1, 3 do
        local choice = result.choices[n]
        local expected = choice.text or choice.message.content
        assert.is_true(#expected > 20)
        assert.equal(expected, stages.text(assert(stage:stream(name, nil, nil, fields)), n))
      end
      assert.equal(result.choices[1].text or result.choices[1].message.content,
        stages.text(assert(stage:stream(name, nil, nil, fields))))
      assert.equal("", stages.text(assert(stage:stream(name, nil, nil, fields)), 4))
    end
  end)

  it("goes on where events or another choice were read before", function()
    local bytes = chunk("a") .. chunk("b") .. chunk("c") .. chunk("d", ',"finish_reason":"stop"') .. DONE
    local stream = stage:say("chat", bytes)
    local pieces = stream:text()
    assert.equal("a", pieces())
    assert.equal("b", stream:next().choices[1].delta.content)
    assert.equal("cd", stages.text(stream))
    assert.equal("abcd", stream:result().choices[1].message.content)
    same({}, { pieces() })
  end)

  it("refuses a choice that is no whole number from 1", function()
    local stream = assert(stage:stream("chat"))
    for _, n in ipairs { 0, -1, 1.5, "2", {} } do
      local ok, err = pcall(stream.text, stream, n)
      assert.is_false(ok)
      assert.matches("the choice must be a whole number from 1", err, 1, true)
    end
    stream:close()
  end)

  it("skips empty deltas", function()
    local bytes = chunk("") .. chunk("a") .. chunk("") .. chunk("") .. chunk("b") .. DONE
    local stream = stage:say("chat", bytes)
    same({ "a", "b" }, stages.pieces(stream))
    assert.equal("ab", stream:result().choices[1].message.content)
    assert.equal(5, #stages.events(stage:say("chat", bytes)))
  end)

  it("has its escapes read, in every spelling", function()
    local raw = [[q\" b\\ s\/ \b\f\n\r\t \u0041\u00e4\u20ac\ud83d\udc4b \u0000z ä€👋]]
    local bytes = chunk(raw) .. chunk(raw) .. DONE
    local expected = "q\" b\\ s/ \b\f\n\r\t Aä€👋 \0z ä€👋"
    for _, size in ipairs { 1, 5, 1000 } do
      same({ expected, expected }, stages.pieces(stage:say("chat", bytes, size)))
    end
    assert.equal(expected .. expected, stage:say("chat", bytes):result().choices[1].message.content)
    assert.equal(expected, stage:say("chat", bytes):next().choices[1].delta.content)
  end)

  describe("joins the halves of a surrogate pair", function()
    --- The text of a stream of these deltas, which is the result's as well.
    local function both(...)
      local bytes = { chunk("") }
      for _, raw in ipairs { ... } do bytes[#bytes + 1] = chunk(raw) end
      local all = table.concat(bytes) .. DONE
      local stream = stage:say("chat", all)
      local text = stages.text(stream)
      assert.equal(text, stream:result().choices[1].message.content)
      assert.equal(text, stage:say("chat", all, 1):result().choices[1].message.content)
      return text
    end

    it("that stand in consecutive deltas", function()
      assert.equal("a 👋 b", both("a ", "\\ud83d", "\\udc4b b"))
      assert.equal("a 👋👋 b", both("a \\uD83D", "\\uDC4B\\uD83D", "\\uDC4B b"))
    end)

    it("the first of which stands in the first event", function()
      local bytes = chunk("\\ud83d") .. chunk("\\udc4b b") .. DONE
      assert.equal("👋 b", stages.text(stage:say("chat", bytes)))
      assert.equal("👋 b", stage:say("chat", bytes):result().choices[1].message.content)
    end)

    it("with an empty delta between them", function()
      assert.equal("x👋", both("x\\ud83d", "", "\\udc4b"))
    end)

    it("and lets a lone one be U+FFFD", function()
      assert.equal("a\239\191\189b", both("a", "\\ud83d", "b"))
      assert.equal("a\239\191\189b", both("a", "\\udc4b", "b"))
      assert.equal("ab\239\191\189", both("a", "b\\ud83d"))
      assert.equal("a\239\191\189👋", both("a", "\\ud83d", "\\ud83d", "\\udc4b"))
    end)

    it("and never fails an event because of one", function()
      local events, message = stages.events(stage:say("chat", chunk("a\\ud83d") .. chunk("\\udc4bb") .. DONE))
      assert.is_nil(message)
      assert.equal("a\239\191\189", events[1].choices[1].delta.content)
      assert.equal("\239\191\189b", events[2].choices[1].delta.content)
    end)

    it("in the other APIs, too", function()
      local function delta(raw)
        return 'data: {"type":"response.output_text.delta","output_index":0,"delta":"' .. raw .. '"}\n\n'
      end
      local bytes = delta("a") .. delta("\\ud83d") .. delta("\\udc4b") .. 'data: {"type":"response.completed"}\n\n'
      local stream = stage:say("respond", bytes)
      assert.equal("a👋", stages.text(stream))
      assert.equal("a👋", stream:result().output[1].content[1].text)

      local function block(raw)
        return 'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"' .. raw .. '"}}\n\n'
      end
      bytes = block("a") .. block("\\ud83d") .. block("\\udc4b") .. 'data: {"type":"message_stop"}\n\n'
      stream = stage:say("message", bytes)
      assert.equal("a👋", stages.text(stream))
      assert.equal("a👋", stream:result().content[1].text)

      local function completion(raw, reason)
        return 'data: {"completion":"' .. raw .. '","stop_reason":' .. (reason or "null") .. "}\n\n"
      end
      bytes = completion("") .. completion("\\ud83d") .. completion("\\udc4b") .. completion("!", '"stop_sequence"')
      stream = stage:say("complete_legacy", bytes)
      assert.equal("👋!", stages.text(stream))
      assert.equal("👋!", stream:result().completion)
    end)
  end)

  it("raises the error object when the stream breaks, after the text that came", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local text, err = text_until(assert(stage:stream(name, "error-midway")))
      assert.is_true(#text > 0 and stages.TEXT:find(text:gsub("^ ", ""), 1, true) ~= nil, name)
      assert.equal("table", type(err))
      assert.matches("stream", tostring(err))
      same("stream", err.phase)
    end
  end)

  it("is read from the whole answer of a service that ignores `stream`", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local stream = assert(stage:stream(name, "ignore-stream"))
      local pieces = stages.pieces(stream)
      assert.equal(1, #pieces)
      assert.equal(stages.TEXT, (pieces[1]:gsub("^ ", "")))
      assert(stream:result())
      same({}, { stream:next() })
    end
    assert.equal("", stages.text(assert(stage:stream("chat", "ignore-stream")), 2))
  end)
end)
