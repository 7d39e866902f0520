--- opts.raw: events exactly as the standard says, not decoded, to the end of the transfer.

local stages = require("spec.support.stage")

local same = assert.same
local stage

local RAW = { raw = true }
local BOM = "\239\187\191"

--- The raw events of these bytes in pieces of each size, which must not matter.
local function events_of(bytes)
  local all
  for _, size in ipairs { 1, 2, 3, 7, 100000 } do
    local events, message = stages.events(stage:say("chat", bytes, size, RAW))
    assert.is_nil(message)
    if all then same(all, events) end
    all = events
  end
  return all
end

local function message(data, id)
  return { event = "message", data = data, id = id }
end

describe("a raw stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("gives event, data and id as they stand", function()
    same({ { event = "x", data = "1", id = "a" } }, events_of("event: x\nid: a\ndata: 1\n\n"))
    same({ message "{broken" }, events_of("data: {broken\n\n"))
  end)

  it("keeps the last id until another one comes, or an empty one", function()
    same({ message("1", "a"), message("2", "a"), message("3", "b"), message("4") },
      events_of("id: a\ndata: 1\n\ndata: 2\n\nid: b\ndata: 3\n\nid\ndata: 4\n\n"))
  end)

  it("ignores an id with a NUL in it", function()
    same({ message("1", "a"), message("2", "a") }, events_of("id: a\ndata: 1\n\nid: b\0c\ndata: 2\n\n"))
  end)

  it("calls an event `message` when it has no name or an empty one", function()
    same({ message "1", message "2", { event = "y", data = "3" }, message "4" },
      events_of("data: 1\n\nevent:\ndata: 2\n\nevent: y\ndata: 3\n\ndata: 4\n\n"))
  end)

  it("joins lines of data with a line feed, and keeps all spaces but one", function()
    same({ message "a\nb\n\n\n  c " }, events_of("data:a\ndata: b\ndata\ndata:\ndata:   c \n\n"))
  end)

  it("drops events without data, and forgets their name", function()
    same({ message "1" }, events_of("event: x\n\ndata: 1\n\n"))
    same({ message "" }, events_of("data\n\n"))
  end)

  it("takes LF, CRLF and CR, mixed, and one byte order mark", function()
    same({ message "1", message "2", message "3\n4" },
      events_of(BOM .. "data: 1\r\n\r\ndata: 2\r\rdata: 3\rdata: 4\n\n"))
    same({}, events_of(BOM .. BOM .. "data: 1\n\n"))
  end)

  it("passes over comments, unknown fields and retry", function()
    same({ message "1" }, events_of(": hello\n:\nretry: 10\nfoo: bar\nDATA: no\n data: no\ndata: 1\n\n"))
  end)

  it("hands on [DONE] and what comes after it", function()
    same({ message "1", message "[DONE]", message "2" }, events_of("data: 1\n\ndata: [DONE]\n\ndata: 2\n\n"))
  end)

  it("drops a last event without its blank line, as the standard says", function()
    same({ message "1" }, events_of("data: 1\n\ndata: [DONE]\n"))
    same({ message "1" }, events_of("data: 1\n\ndata: 2"))
  end)

  it("hands on errors of the service as events", function()
    local events, why = stages.events(assert(stage:stream("chat", "error-first", RAW)))
    assert.is_nil(why)
    assert.equal(1, #events)
    assert.matches("Upstream model stopped responding", events[1].data)
  end)

  it("gives the events of every API with their names", function()
    local events = stages.events(assert(stage:stream("respond", nil, RAW)))
    assert.equal("response.created", events[1].event)
    assert.equal("response.completed", events[#events].event)
    events = stages.events(assert(stage:stream("chat", nil, RAW)))
    assert.equal("[DONE]", events[#events].data)
  end)

  it("is broken when the transfer is", function()
    for _, fault in ipairs { "truncated-chunked,3", "reset-in-stream,3" } do
      local events, why, info = stages.events(assert(stage:stream("chat", fault, RAW)))
      assert.equal(3, #events)
      assert.equal("truncated", info.kind)
      assert.equal(why, tostring(info))
      assert.is_nil(info.partial)
    end
  end)

  it("has neither text nor result, and says so", function()
    local stream = assert(stage:stream("chat", nil, RAW))
    for _, method in ipairs { "text", "result" } do
      local ok, err = pcall(stream[method], stream)
      assert.is_false(ok)
      assert.matches("a raw stream has no " .. method, err)
    end
    stream:close()
  end)

  it("can be read by a callback: the call then returns true", function()
    local count = 0
    local result, why, info = stage:stream("chat", nil, { raw = true, on_event = function(event)
      count = count + 1
      assert.equal("message", event.event)
    end })
    same({ true, nil, 200, 14 }, { result, why, info.status, count })
  end)

  it("can be closed like any other", function()
    local stream = assert(stage:stream("chat", "endless,2", RAW))
    assert(stream:next())
    stream:close()
    local event, why, info = stream:next()
    same({ nil, "closed" }, { event, info.kind })
    assert.equal(why, tostring(info))
    assert.is_true(stage:last_end().aborted)
  end)
end)
