--- The life of a stream: closing, dropping, callbacks, and its limits.

local live = require("spec.support.live")
local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

local closes_on_break = rawget(coroutine, "close") ~= nil -- Lua 5.4 and later

--- A stream without end that was read a little, dropped on return.
local function read_a_little()
  local stream = assert(stage:stream("chat", "endless,3"))
  assert(stream:next())
  local count = live()
  assert(stream:next())
  return count
end

describe("a stream", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  describe("that is closed", function()
    it("gives no event, and says why, from then on", function()
      for _, fault in ipairs { "endless,3", "stall-in-stream,3", "until-close", "ignore-stream" } do
        local stream = assert(stage:stream("chat", fault))
        stream:close()
        stream:close()
        for _ = 1, 2 do
          local event, message, info = stream:next()
          same({ nil, "closed" }, { event, info and info.kind }, fault)
          same({ message, 200 }, { tostring(info), info.status })
        end
        assert.equal("closed", select(3, stream:result()).kind)
        local ok, err = pcall(stream)
        same({ false, "closed" }, { ok, err.kind })
        ok, err = pcall(stream:text())
        same({ false, "closed" }, { ok, err.kind })
      end
    end)

    it("says so even when all of it has come already", function()
      local stream = assert(stage:stream("chat"))
      assert(stream:next())
      for _ = 1, 50 do
        if xai.active() == 0 then break end
        xai.step(0.01)
      end
      stream:close()
      assert.equal("closed", select(3, stream:next()).kind)
    end)

    it("keeps what it had said, as partial", function()
      local stream = assert(stage:stream("chat", "stall-in-stream,3"))
      for _ = 1, 3 do assert(stream:next()) end
      stream:close()
      assert.equal("Lua is a", select(3, stream:next()).partial.choices[1].message.content)
    end)

    it("after its end stays as it ended", function()
      local stream = assert(stage:stream("chat"))
      local result = stream:result()
      stream:close()
      same({}, { stream:next() })
      assert.equal(result, (stream:result()))
      stream = assert(stage:stream("chat", "error-midway"))
      stages.events(stream)
      stream:close()
      assert.equal("server", select(3, stream:next()).kind)
    end)

    it("is ended at the server", function()
      local stream = assert(stage:stream("chat", "endless,3"))
      assert(stream:next())
      stream:close()
      assert.is_true(stage:last_end().aborted)
    end)
  end)

  it("that is left by break is closed on Lua 5.4, and goes on elsewhere", function()
    local stream
    do
      local a, b, c, d = stage:stream("chat", "stall-in-stream,3")
      stream = assert(a, b)
      for _ in a, b, c, d do break end -- luacheck: ignore 512
    end
    if closes_on_break then
      assert.equal("closed", select(3, stream:next()).kind)
      assert.is_true(stage:last_end().aborted)
    else
      assert.equal(" is", stream:next().choices[1].delta.content)
      stream:close()
    end
  end)

  it("whose text is left by break is closed on Lua 5.4, and goes on elsewhere", function()
    local stream = assert(stage:stream("chat", "stall-in-stream,3"))
    for _ in stream:text() do break end -- luacheck: ignore 512
    if closes_on_break then
      assert.equal("closed", select(3, stream:next()).kind)
    else
      assert.equal(" is", stream:text()())
      stream:close()
    end
  end)

  it("that is dropped is collected, and ended at the server", function()
    local before = live()
    assert.equal(before + 1, (read_a_little()))
    assert.equal(before, live())
    assert.is_true(stage:last_end().aborted)
  end)

  it("of a closed client is closed as well", function()
    local xs = xai.new { api_key = "xai-spec", base_url = stage.server.url }
    local options = { headers = { ["x-fault"] = "stall-in-stream,2" } }
    local stream = assert(xs:chat(stages.body("chat", { stream = true }), options))
    xs:close()
    local events, _, info = stages.events(stream)
    assert.is_true(#events <= 2)
    assert.equal("closed", info.kind)
    assert.is_true(stage:last_end().aborted)
  end)

  describe("with a callback", function()
    it("is read by the call, which returns the result", function()
      for _, name in ipairs(stages.FUNCTIONS) do
        local events = {}
        local result, message, info = stage:stream(name, nil, { on_event = function(e) events[#events + 1] = e end })
        same({ nil, 200 }, { message, info.status })
        assert.equal(#stages.events(assert(stage:stream(name))), #events)
        local plain = assert(stage:stream(name)):result()
        assert.equal(#xai.encode(plain), #xai.encode(result), name)
      end
    end)

    it("returns what broke it", function()
      local count = 0
      local function on_event() count = count + 1 end
      local result, message, info = stage:stream("chat", "cut-stream,3", { on_event = on_event })
      same({ nil, "truncated", 3 }, { result, info.kind, count })
      assert.equal(message, tostring(info))
      assert.equal("Lua is a", info.partial.choices[1].message.content)
    end)

    it("that raises is aborted, and the error is the caller's", function()
      local mine = { "mine" }
      local ok, err = pcall(stage.stream, stage, "chat", "endless,3", { on_event = function() error(mine) end })
      same({ false, mine }, { ok, err })
      assert.equal(mine, err)
      assert.is_true(stage:last_end().aborted)
    end)

    it("may make other calls in it", function()
      local models = 0
      local result = stage:stream("chat", nil, { on_event = function()
        models = models + #assert(stage.client:list_models()).data
      end })
      assert.is_true(models > 13)
      assert.equal(stages.TEXT, result.choices[1].message.content)
    end)
  end)

  describe("is bounded:", function()
    it("an event of 10 MiB is fine", function()
      for _, name in ipairs { "chat", "respond" } do
        local largest = 0
        for event in assert(stage:stream(name, "big-event,10485760")) do
          if event.filler then largest = #event.filler end
        end
        assert.equal(10485760, largest)
        assert.equal(stages.TEXT, stages.text(assert(stage:stream(name, "big-event,10485760"))))
      end
    end)

    it("an event beyond max_event is refused", function()
      local stream = assert(stage:stream("chat", "big-event,100000", { max_event = 50000 }))
      local events, message, info = stages.events(stream)
      same({ 13, "limit" }, { #events, info.kind })
      assert.matches("max_event", message)
      assert.equal(stages.TEXT, info.partial.choices[1].message.content)
      assert.equal(14, #stages.events(assert(stage:stream("chat", "big-event,40000", { max_event = 50000 }))))
    end)

    it("a reader that is slow holds the service back", function()
      local stream = assert(stage:stream("chat", "endless,3", { max_buffer = 4096 }))
      for _ = 1, 200 do xai.step(0) end
      local before = collectgarbage("count")
      for _ = 1, 2000 do assert(stream:next()) end
      assert.is_true(collectgarbage("count") - before < 20000)
      stream:close()
      assert.is_true(stage:last_end().aborted)
    end)

    it("max_buffer smaller than an event does not stop it", function()
      local stream = assert(stage:stream("chat", "big-event,100000", { max_buffer = 1 }))
      assert.equal(14, #stages.events(stream))
      assert.equal(stages.TEXT, stages.text(assert(stage:stream("chat", nil, { max_buffer = 1 }))))
    end)
  end)

  it("leaves its connection for the next call when it was read to the end", function()
    local connections = {}
    for _ = 1, 5 do
      stages.events(assert(stage:stream("chat")))
      stages.rest()
      connections[stage:last_request().connection] = true
    end
    local count = 0
    for _ in pairs(connections) do count = count + 1 end
    assert.equal(1, count)
  end)

  it("goes on beside many others", function()
    local streams, texts = {}, {}
    for i = 1, 20 do streams[i], texts[i] = assert(stage:stream("chat", "split," .. i + 10)), "" end
    local open = 20
    while open > 0 do
      open = 0
      for i, stream in ipairs(streams) do
        local event = stream:next()
        if event then
          open = open + 1
          texts[i] = texts[i] .. (event.choices[1].delta.content or "")
        end
      end
    end
    for i = 1, 20 do assert.equal(stages.TEXT, texts[i]) end
  end)
end)
