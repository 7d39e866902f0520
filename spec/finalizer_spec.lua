--- Finalizers run whenever a Lua value is made, and may call anything of the library.

local stages = require("spec.support.stage")
local xai = require("xai")

local same = assert.same
local stage

--- Let `f` run when the collector comes by.
local function finally(f)
  local proxy = rawget(_G, "newproxy")
  if not proxy then return setmetatable({}, { __gc = f }) end
  local object = proxy(true)
  getmetatable(object).__gc = f
end

--- Set a parameter of the collector; what it was.
local function tune(name, value)
  local ok, before = pcall(collectgarbage, "param", name, value) -- Lua 5.5
  return ok and before or not ok and collectgarbage("set" .. name, value)
end

--- Call `step(1)`, `step(2)`, ... with a hasty collector; after each, garbage that calls `f`.
local function with_finalizers(count, f, step)
  collectgarbage()
  local pause, multiplier = tune("pause", 100), tune("stepmul", 400)
  local runs, busy = 0, false
  local function once()
    if busy then return end -- within another one
    busy, runs = true, runs + 1
    f(runs)
    busy = false
  end
  local ok, err
  for i = 1, count do
    for _ = 1, 20 do finally(once) end
    ok, err = pcall(step, i)
    if not ok then break end
  end
  tune("pause", pause)
  tune("stepmul", multiplier)
  collectgarbage()
  assert(ok, err)
  assert(runs > 0)
end

local function filled(letter, i)
  return letter:rep(i * 37 % 3000)
end

describe("finalizers", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("may decode while another text is decoded", function()
    with_finalizers(1000, function(i)
      xai.decode('{"a":[],"b":"' .. filled("y", i) .. '"}')
    end, function(i)
      same({ list = {}, text = filled("x", i) }, xai.decode('{"list":[],"text":"' .. filled("x", i) .. '"}'))
    end)
  end)

  it("may encode while another value is encoded", function()
    with_finalizers(1000, function(i)
      xai.encode { a = xai.array {}, b = filled("y", i) }
    end, function(i)
      same('[[],"' .. filled("x", i) .. '"]', xai.encode { xai.array {}, filled("x", i) })
    end)
  end)

  it("may start calls while another call is started", function()
    local other = xai.new { api_key = "xai-spec", base_url = stage.server.url, max_retries = 0 }
    local started = 0
    with_finalizers(200, function(i)
      started = started + 1
      if started < 50 then other:start("request", { path = "/other/" .. filled("z", i) }) end
    end, function(i)
      local p, q = filled("p", i % 20), filled("q", i % 9)
      local _, _, info = stage.client:request { path = "/mine/" .. p, query = { n = i, q = q } }
      local path, query = info.url:match("/mine/(p*)%?(.*)$")
      same(p, path)
      assert.is_truthy(query == "n=" .. i .. "&q=" .. q or query == "q=" .. q .. "&n=" .. i)
    end)
    other:close()
    xai.step(0)
  end)

  it("may step while a stream is read, in each way of reading", function()
    local ways = {
      function(stream) return stream:next().choices[1].delta.content end,
      function(stream) return stream:next().data:match('"content":"([^"]*)"') end,
      function(_, text) return text() end,
    }
    for n, way in ipairs(ways) do
      local stream = assert(stage:stream("chat", "endless,3", { raw = n == 2 }))
      assert(stream:next())
      local text = n == 3 and stream:text()
      with_finalizers(300, function() xai.step(0) end, function()
        assert.is_truthy(stages.TEXT:find(way(stream, text), 1, true))
      end)
      stream:close()
    end
  end)

  it("may step while events are read that differ in several places", function()
    local chunk = '{"id":"%s","created":%d,"choices":[{"index":0,"delta":{"content":"%s"}}],"model":"m","x":null,'
      .. '"system_fingerprint":"f\\u00e9%d\\ud83d"}'
    local texts, lines = {}, {}
    for i = 1, 200 do
      texts[i] = chunk:format(("i"):rep(i % 40), i * 7919, ("t\\n"):rep(i % 30), i)
      lines[i] = "data: " .. texts[i] .. "\n\n"
    end
    local last = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    local stream = stage:say("chat", table.concat(lines) .. last)
    with_finalizers(200, function() xai.step(0) end, function(i)
      same(xai.decode(texts[i]), stream:next())
    end)
    local result = assert(stream:result())
    assert.equal("stop", result.choices[1].finish_reason)
    local said = {}
    for i = 1, 200 do said[i] = ("t\n"):rep(i % 30) end
    assert.equal(table.concat(said), result.choices[1].message.content)
  end)

  it("may close other streams, and their clients, while one is read", function()
    local stream = assert(stage:stream("chat", "endless,3"))
    local count = 0
    with_finalizers(60, function()
      count = count + 1
      if count > 15 then return end
      local client = xai.new { api_key = "xai-spec", base_url = stage.server.url }
      client:start("list_models")
      client:close()
    end, function() assert(stream:next()) end)
    stream:close()
    xai.step(0)
  end)
end)
