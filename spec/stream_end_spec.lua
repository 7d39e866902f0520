--- How streams end: proven, cut off, refused or failed.

local scripted = require("spec.support.scripted")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local unpack = table.unpack or unpack -- luacheck: ignore
local stage

--- The visible text in a result, or in what there is of one.
local TEXT_OF = {
  chat = function(r) return r.choices[1].message.content end,
  complete = function(r) return r.choices[1].text end,
  respond = function(r)
    local item = r.output[#r.output]
    local part = item and item.content and item.content[1]
    return part and part.text or ""
  end,
  message = function(r) return r.content[1] and r.content[1].text or "" end,
  complete_legacy = function(r) return r.completion end,
}

--- The text in an event that brings text.
local PIECE_OF = {
  chat = function(e) return e.choices[1] and e.choices[1].delta.content end,
  complete = function(e) return e.choices[1] and e.choices[1].text end,
  respond = function(e) return e.type == "response.output_text.delta" and e.delta end,
  message = function(e) return e.type == "content_block_delta" and e.delta.text end,
  complete_legacy = function(e) return e.completion end,
}

local function said_in(name, events)
  local pieces = {}
  for _, event in ipairs(events) do pieces[#pieces + 1] = PIECE_OF[name](event) or nil end
  return table.concat(pieces)
end

--- The stream breaks after its events, and `info.partial` has what they said.
local function check_broken(name, fault, kind, count)
  local events, message, info = stages.events(assert(stage:stream(name, fault)))
  if count then assert.equal(count, #events, name .. " " .. fault) end
  assert.is_not_nil(info, name .. " " .. fault)
  same({ kind, "stream", message, 200 }, { info.kind, info.phase, tostring(info), info.status }, name .. " " .. fault)
  if #events == 0 then
    assert.is_nil(info.partial)
  else
    assert.equal(said_in(name, events), TEXT_OF[name](info.partial), name .. " " .. fault)
  end
  local _, again, whole = assert(stage:stream(name, fault)):result()
  same({ info.kind, again }, { whole.kind, tostring(whole) })
  if #events == 0 then return assert.is_nil(whole.partial) end
  assert.equal(TEXT_OF[name](info.partial), TEXT_OF[name](whole.partial))
end

describe("the end of a stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("that is missing is a truncation, with what had come:", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      it(name, function()
        for _, fault in ipairs { "cut-stream", "truncated-chunked", "reset-in-stream" } do
          for _, count in ipairs { 0, 1, 2, 4, 6, 11 } do
            check_broken(name, fault .. "," .. count, "truncated", count)
          end
        end
        check_broken(name, "cut-stream,6;split,1", "truncated", 6)
        check_broken(name, "short-length,3", "truncated", 3)
      end)
    end

    it("for APIs whose end is an event", function()
      for _, name in ipairs { "respond", "message", "complete_legacy" } do
        check_broken(name, "no-done", "truncated")
      end
    end)
  end)

  describe("of chat and completions without [DONE]", function()
    it("is proven by a clean end when every choice has finished", function()
      for _, name in ipairs { "chat", "complete" } do
        local plain = assert(stage:stream(name)):result()
        for _, n in ipairs { 1, 3 } do
          local result, message = assert(stage:stream(name, "no-done", nil, { n = n })):result()
          assert(result, message)
          assert.equal(n, #result.choices)
          assert.equal(TEXT_OF[name](plain), TEXT_OF[name](result))
        end
      end
    end)

    it("is not proven when one choice has not finished", function()
      local function chunk(index, finish)
        return ('data: {"choices":[{"index":%d,"delta":{"content":"x"},"finish_reason":%s}]}\n\n'):format(index, finish)
      end
      local bytes = chunk(0, "null") .. chunk(1, "null") .. chunk(1, '"stop"')
      local _, _, info = stages.events(stage:say("chat", bytes))
      assert.equal("truncated", info.kind)
      same({ "x", "xx" }, { info.partial.choices[1].message.content, info.partial.choices[2].message.content })
      local events, message = stages.events(stage:say("chat", bytes .. chunk(0, '"length"')))
      same({ 4, nil }, { #events, message })
    end)

    it("is not proven when the connection broke after the last finish", function()
      for _, fault in ipairs { "truncated-chunked,13", "reset-in-stream,13" } do
        check_broken("chat", fault, "truncated", 13)
      end
    end)

    it("is not proven by a stream that said nothing", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        for _, bytes in ipairs { "", ": only a comment\n\n", "\n\n\n" } do
          local event, _, info = stage:say(name, bytes):next()
          same({ nil, "truncated", nil }, { event, info.kind, info.partial })
        end
      end
    end)
  end)

  it("is where it is: what comes after it does not matter", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local count = #stages.events(assert(stage:stream(name)))
      local events, message = stages.events(assert(stage:stream(name, "data-only")))
      same({ count, nil }, { #events, message })
    end
    local done = "data: [DONE]\n\n"
    local one = 'data: {"choices":[]}\n\n'
    for _, rest in ipairs { done, one, "data: {bro", "\0" } do
      same(1, #stages.events(stage:say("chat", one .. done .. rest)))
    end
  end)

  -- The transfer fails behind the end, before a reader comes to it.
  for what, rest in pairs {
    ["a chunk of no size"] = "zz\r\n", ["a chunk that breaks off"] = "ff\r\nx", ["no last chunk"] = "",
    ["trailers without an end"] = "0\r\n" .. ("X-More: " .. ("a"):rep(1000) .. "\r\n"):rep(400),
  } do
    it("stands, however it is read, where the answer goes wrong behind it: " .. what, function()
      local events = 'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n' ..
        "data: [DONE]\n\n"
      local bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        ("%x\r\n%s\r\n"):format(#events, events) .. rest
      local function read(how)
        return unpack((scripted.in_task({ bytes }, nil, function(client)
          local stream = assert(client:chat(stages.body("chat", { stream = true })))
          xai.sleep(0.05) -- the rest has come, most likely
          return how(stream)
        end)))
      end
      local function pieces(iterate)
        return function(stream)
          local n = 0
          for _ in iterate(stream) do n = n + 1 end
          return n, stream:info().kind
        end
      end
      same({ 1 }, { read(pieces(function(stream) return stream:text() end)) })
      same({ 1 }, { read(pieces(function(stream) return stream end)) })
      same({ 1 }, { read(function(stream) return #stages.events(stream), stream:info().kind end) })
      same({ "x" }, { read(function(stream)
        local result, message, info = stream:result()
        return TEXT_OF.chat(result), message or info.kind
      end) })
    end)
  end

  it("may lack its blank line when it is [DONE] or whole JSON", function()
    local one = 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
    for _, last in ipairs { "data: [DONE]", "data: [DONE]\n", "data: [DONE]\r\n" } do
      same({ "x" }, stages.pieces(stage:say("chat", one .. last)))
    end
    local _, _, info = stages.events(stage:say("chat", one .. "data: [DON"))
    assert.equal("truncated", info.kind)
    same({ "!" }, stages.pieces(stage:say("complete_legacy", 'data: {"completion":"!","stop_reason":"stop"}')))
    _, _, info = stages.events(stage:say("complete_legacy", 'data: {"completion":"!","stop_reason":"stop"'))
    assert.equal("truncated", info.kind)
  end)

  describe("does not make a damaged event right, however the stream is read:", function()
    local GOOD = 'data: {"choices":[{"index":0,"delta":{"content":"A"}}]}\n\n'
    local LAST = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    local DAMAGED = {
      '{"choices":[{"index":0,"delta":{"content":"B"}}],}', '{"choices":[{"index":0,"delta":{"content" "B"}}]}',
      '{"choices":[{"index":0,"delta":{"content":"B"}}],"x":tru}',
      '{"choices":[{"index":0,"delta":{"content":"\\q"}}]}',
      '{"choices":[{"index":0,"delta":{"content":"\\u12zz"}}]}', '{"created":1x2,"choices":[]}', '{"choices":[}',
      '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\\q"}}]}}]}', "5",
    }

    local function check_read(text, kind)
      local _, _, info = stages.events(stage:say("chat", text))
      assert.equal(kind, info.kind, text)
      local result, _, why = stage:say("chat", text):result()
      same({ nil, kind }, { result, why.kind }, text)
      local ok, err = pcall(function() for _ in stage:say("chat", text):text() do end end)
      same({ false, kind }, { ok, err.kind }, text)
    end

    it("first, in the middle and last", function()
      for _, event in ipairs(DAMAGED) do
        event = "data: " .. event .. "\n\n"
        for _, text in ipairs { event .. LAST, GOOD .. GOOD .. event .. GOOD .. LAST, GOOD .. event } do
          check_read(text, "decode")
        end
      end
      check_read(GOOD .. "data: " .. ("["):rep(2000) .. ("]"):rep(2000) .. "\n\n" .. LAST, "limit")
    end)

    it("an end marker that is none", function()
      local half = 'data: {"type":"response.completed","response":{"output":[]}\n\n'
      assert.equal("decode", select(3, stage:say("respond", half):result()).kind)
    end)

    it("started, with its outcome in a callback", function()
      for _, event in ipairs(DAMAGED) do
        local call = stage:start("chat", "say," .. stages.encoded(GOOD .. "data: " .. event .. "\n\n" .. LAST), nil,
          { stream = true })
        same({ nil, "decode" }, { (call:wait()), select(3, call:wait()).kind })
      end
    end)
  end)

  describe("is an error of the service", function()
    local SHAPES = { "coded", "bare", "openai", "anthropic", "event" }

    local function check_error(name, fault, first)
      local stream = assert(stage:stream(name, fault))
      local events, message, info = stages.events(stream)
      assert.is_not_nil(info, name .. " " .. fault)
      assert.equal(first, #events == 0)
      assert.is_true(info.kind == "server" or info.kind == "api", info.kind)
      local known = message:find("Upstream model stopped", 1, true) or message:find("overloaded", 1, true)
        or message:find("no model answered", 1, true)
      assert.is_truthy(known)
      same({ message, 200, "stream" }, { tostring(info), info.status, info.phase })
      assert.is_string(info.body)
      if not first then assert.equal(said_in(name, events), TEXT_OF[name](info.partial)) end
      same({ nil, message, info }, { stream:next() })
      same({ nil, message, info }, { stream:result() })
    end

    for _, name in ipairs(stages.FUNCTIONS) do
      it("in any shape, in the middle or first: " .. name, function()
        check_error(name, "error-midway", false)
        check_error(name, "error-first", true)
        for _, shape in ipairs(SHAPES) do
          if not (shape == "event" and name ~= "respond") then
            check_error(name, "error-midway," .. shape, false)
            check_error(name, "error-first," .. shape .. ";split,5", true)
          end
        end
      end)
    end

    it("which the loop raises as an object with words", function()
      local count = 0
      local ok, err = pcall(function()
        for _ in assert(stage:stream("chat", "error-midway")) do count = count + 1 end
      end)
      same({ false, "server", 7 }, { ok, err.kind, count })
      assert.matches("Upstream model stopped responding", tostring(err), 1, true)
    end)
  end)

  describe("before its begin", function()
    it("is told by the call itself: errors with a status, and under 200", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        for fault, kind in pairs {
          ["status,503"] = "server", ["status,429"] = "rate_limit", ["status,400"] = "bad_request",
          ["soft-error"] = "server", ["html-200"] = "decode", ["html-502"] = "server", ["empty-200"] = "decode",
          ["openai-error"] = "rate_limit", ["anthropic-error"] = "bad_request", ["null-body"] = "decode",
        } do
          local stream, message, info, none = stage:stream(name, fault)
          same({ nil, kind, nil }, { stream, info and info.kind, none }, name .. " " .. fault)
          assert.equal(message, tostring(info))
          assert.is_nil(message:find("<html", 1, true))
        end
      end
    end)
  end)

  it("is at once behind the answer of a service that ignores `stream`", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local events, message = stages.events(assert(stage:stream(name, "ignore-stream")))
      same({ 1, nil }, { #events, message })
      local stream = assert(stage:stream(name, "ignore-stream;split,1"))
      local result, why, info = stream:result()
      same({ nil, 200 }, { why, info.status })
      assert.equal(stages.TEXT, (TEXT_OF[name](result):gsub("^ ", "")))
      assert.equal(result, (stream:result()))
      same({}, { stream:next() })
      local count = 0
      result = stage:stream(name, "ignore-stream", { on_event = function() count = count + 1 end })
      same({ 1, stages.TEXT }, { count, (TEXT_OF[name](result):gsub("^ ", "")) })
    end
  end)
end)
