-- Limiters: the pace of calls.  The stand-in server runs on this process's loop, and both sides have the library's
-- clock, which is put forward while nobody has anything to do: minutes take no time.

local core = require "xai.core"
local live = require "spec.support.live"
local programs = require "spec.support.programs"
local server = require "xai.testing.server"
local stage = require "spec.support.stage"
local uv = require "luv"
local xai = require "xai"

local TOKENS = 195 -- of stage.body "chat" and its answer

describe("a limiter", function()
  local service, clients, times, most

  --- A server with these limits.  `times` has the moments at which it was asked to generate, `most` how many calls it
  -- had at once.
  local function open(options)
    options = options or {}
    options.clock = core.now
    service, clients, times, most = server.start(options), {}, {}, 0
    local answer = service.answer
    function service.answer(self, request)
      times[#times + 1] = core.now()
      local answered = answer(self, request)
      most = math.max(most, service.in_progress)
      return answered
    end
    return service
  end

  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    clients = {}
    xai.step(0)
    if service then service:close() end
    service = nil
    for _ = 1, 10 do uv.run "nowait" end
    assert.equal(0, live())
  end)

  local function client(options)
    local all = { api_key = stage.KEY, base_url = service.url, max_retries = 0 }
    for name, value in pairs(options or {}) do all[name] = value end
    clients[#clients + 1] = xai.new(all)
    return clients[#clients]
  end

  local quiet = 0

  --- Turn both loops once; where nobody has anything to do, the next moment comes.
  local function turn()
    local before = #times
    xai.step(0)
    uv.run "nowait"
    quiet = (#times > before or service.in_progress > 0) and 0 or quiet + 1
    if quiet < 20 then return end
    quiet = 0
    core.skip_time(math.max(math.min(core.timeout() or 0.01, 1), 0.001))
  end

  --- Turn until `done()`.
  local function turn_until(done)
    for _ = 1, 1e6 do
      if done() then return end
      turn()
    end
    error "it does not end"
  end

  local function results(calls)
    turn_until(function()
      for _, call in ipairs(calls) do
        if not call:done() then return false end
      end
      return true
    end)
    local failures = {}
    for i, call in ipairs(calls) do
      local result, _, info = call:result()
      if not result then failures[#failures + 1] = i .. " " .. tostring(info.code or info.kind) end
    end
    return failures
  end

  local function start(c, name, fields, options)
    return c:start(name or "chat", stage.body(name or "chat", fields), options)
  end

  local function fault(text, options)
    local all = { headers = { ["x-fault"] = text } }
    for name, value in pairs(options or {}) do all[name] = value end
    return all
  end

  --- The most moments within any `seconds`.
  local function most_within(seconds)
    local first, count = 1, 0
    for i = 1, #times do
      while times[i] - times[first] >= seconds do first = first + 1 end
      count = math.max(count, i - first + 1)
    end
    return count
  end

  it("lets at most a sixtieth of the requests go in any second", function()
    open()
    local c = client { limiter = xai.limiter { requests_per_minute = 120 } }
    local calls = {}
    for i = 1, 40 do calls[i] = start(c) end
    assert.same({}, results(calls))
    assert.equal(40, #times)
    assert(most_within(0.9) <= 2, most_within(0.9))
    assert(times[40] - times[1] < 39 / 2 * 1.2) -- it does not dawdle
  end)

  it("lets less than one a second go, too", function()
    open()
    local c = client { limiter = xai.limiter { requests_per_minute = 6 } }
    local calls = {}
    for i = 1, 5 do calls[i] = start(c) end
    assert.same({}, results(calls))
    assert(most_within(9.9) == 1)
  end)

  it("never lets the service answer 429 for too many requests", function()
    open { requests_per_minute = 100 }
    local c = client { limiter = xai.limiter { requests_per_minute = 100 } }
    local calls, names = {}, stage.FUNCTIONS
    for i = 1, 400 do calls[i] = start(c, names[i % #names + 1], { stream = i % 2 == 0 }) end
    assert.same({}, results(calls))
    assert.equal(0, service.limited)
    assert.equal(400, #times)
  end)

  it("never lets the service answer 429 for too many tokens", function()
    open { tokens_per_minute = 20 * TOKENS }
    local c = client { limiter = xai.limiter { tokens_per_minute = 20 * TOKENS, at_once = 4 } }
    local calls = {}
    for i = 1, 200 do
      local words = ("word "):rep(i % 7 * 20)
      calls[i] = start(c, "chat", { messages = { { role = "user", content = "What is Lua? " .. words } } })
    end
    assert.same({}, results(calls))
    assert.equal(0, service.limited)
  end)

  it("learns the figures of the service from its headers", function()
    open { requests_per_minute = 120 }
    local c = client { limiter = xai.limiter() }
    assert.same({}, results { start(c) }) -- before it knows
    times = {}
    for _ = 1, 150 do assert.same({}, results { start(c) }) end
    assert.equal(0, service.limited)
    assert(most_within(0.9) <= 2)
  end)

  it("slows down where few requests are left, as others have used them", function()
    open { requests_per_minute = 120 }
    local c, other = client { limiter = xai.limiter() }, client()
    for _ = 1, 60 do results { start(c) } end
    local calls = {}
    for i = 1, 50 do calls[i] = start(other) end
    results(calls)
    for _ = 1, 60 do assert.same({}, results { start(c) }) end
    assert.equal(0, service.limited)
  end)

  it("holds all callers after a 429 until its hint has passed", function()
    open()
    local c = client { limiter = xai.limiter(), max_retries = 1 }
    local first = start(c, "chat", nil, fault "status,429,7;times,1")
    turn_until(function() return #times == 1 end)
    for _ = 1, 50 do xai.step(0) uv.run "nowait" end
    local calls = { first }
    for i = 1, 5 do calls[i + 1] = start(c) end
    assert.same({}, results(calls))
    assert.equal(7, #times)
    for i = 2, 7 do assert(times[i] - times[1] >= 7, i) end
  end)

  it("holds them after a call that failed by a 429 without a hint, twice as long each time", function()
    open()
    local c = client { limiter = xai.limiter() }
    for i = 1, 3 do
      assert.same({ "1 resource-exhausted" }, results { start(c, "chat", nil, fault "status,429") })
      assert.equal(i, #times)
    end
    assert.same({}, results { start(c) })
    assert(times[2] - times[1] >= 1)
    assert(times[3] - times[2] >= 2)
    assert(times[4] - times[3] >= 4)
  end)

  it("gives further attempts their turn, too", function()
    open()
    local c = client { limiter = xai.limiter { requests_per_minute = 60 }, max_retries = 2 }
    local calls = {}
    for i = 1, 10 do calls[i] = start(c, "chat", nil, fault "flaky,2") end
    assert.same({}, results(calls))
    assert.equal(30, #times)
    assert(most_within(0.9) == 1)
  end)

  it("lets first go who came first", function()
    open()
    local c = client { limiter = xai.limiter { at_once = 1 } }
    local calls, order = {}, {}
    for i = 1, 20 do
      calls[i] = start(c, "chat", nil, { on_done = function() order[#order + 1] = i end })
    end
    assert.same({}, results(calls))
    for i = 1, 20 do assert.equal(i, order[i]) end
  end)

  it("has at most as many calls at once, whatever yields in between", function()
    open { pace = 1 }
    local limiter = xai.limiter { at_once = 3 }
    local c = client { limiter = limiter }
    local finished = 0
    for i = 1, 30 do
      xai.spawn(function()
        if i % 3 == 0 then
          assert(c:chat(stage.body "chat"))
        else
          local stream = assert(c:chat(stage.body("chat", { stream = true })))
          stream:next()
          xai.sleep(0)
          if i % 3 == 1 then stream:close() else stream:result() end
        end
        finished = finished + 1
      end)
    end
    turn_until(function() return finished == 30 end)
    assert(most <= 3, most)
    turn_until(function() return tostring(limiter) == "xai.limiter (0 under way, 0 waiting)" end)
  end)

  it("fails at once what can never fit, and sends nothing", function()
    open()
    local c = client { limiter = xai.limiter { tokens_per_minute = 100 } }
    local call = start(c, "chat", { messages = { { role = "user", content = ("word "):rep(2000) } } })
    assert.is_true(call.request:done())
    assert.same({ "1 limiter" }, results { call })
    local _, message, info = call:result()
    assert.same({ "limit", "limiter", "no", 0 }, { info.kind, info.code, info.billed, info.attempts })
    assert.matches("^limit: limiter: the request has about 2%d%d%d tokens, of at most 100 in a minute$", message)
    assert.equal(0, #times)
  end)

  it("lets a call go that a second has no room for, and the next ones wait", function()
    open()
    local c = client { limiter = xai.limiter { tokens_per_minute = 600 } } -- ten in a second
    local calls = { start(c), start(c), start(c) }
    assert.same({}, results(calls))
    assert(times[2] - times[1] >= TOKENS / 10 - 2)
    assert(times[3] - times[2] >= TOKENS / 10 - 2)
  end)

  it("sends requests that have no body or a body of text", function()
    open()
    local c = client { limiter = xai.limiter { tokens_per_minute = 6e5 } }
    local function ask(method, body)
      return c:start("request", { method = method, path = "/v1/chat/completions", body = body })
    end
    local calls = { ask("POST"), ask(nil, "?"), ask(nil, xai.encode(stage.body "chat")) }
    assert.same({ "1 bad_request", "2 bad_request" }, results(calls))
  end)

  it("counts a picture as a picture, not as its bytes", function()
    open()
    local c = client { limiter = xai.limiter { tokens_per_minute = 10000 } }
    local picture = "data:image/png;base64," .. ("A"):rep(200000)
    local call = start(c, "chat", { messages = { { role = "user", content = {
      { type = "image_url", image_url = { url = picture } }, { type = "text", text = "Who?" } } } } })
    results { call }
    assert.equal(1, #times)
  end)

  it("blocks nobody meanwhile", function()
    open()
    local c, free = client { limiter = xai.limiter { requests_per_minute = 1 } }, client()
    local calls = { start(c), start(c) }
    results { start(free), start(free) }
    assert.is_true(calls[1]:done())
    assert.is_false(calls[2]:done())
    calls[2]:cancel()
  end)

  it("finds the places of streams that were dropped, though nothing else happens", function()
    open()
    local c = client { limiter = xai.limiter { at_once = 1 } }
    xai.spawn(function() c:chat(stage.body("chat", { stream = true }), fault "stall-in-stream,1"):next() end)
    turn_until(function() return #times == 1 end)
    for _ = 1, 20 do turn() end
    collectgarbage "stop"
    local call = start(c)
    core.skip_time(6)
    turn_until(function() return call:done() end)
    collectgarbage "restart"
    assert.same({}, results { call })
  end)

  describe("forgets who waits and", function()
    local limiter, c, first

    before_each(function()
      open()
      limiter = xai.limiter { at_once = 1 }
      c = client { limiter = limiter }
      first = start(c, "chat", { stream = true }, fault "stall-in-stream,1")
      turn_until(function() return #times == 1 end)
    end)

    after_each(function() limiter, c, first = nil, nil, nil end)

    local function goes_on()
      assert.equal("xai.limiter (1 under way, 0 waiting)", tostring(limiter))
      local last = start(c)
      first:cancel()
      assert.same({}, results { last })
      assert.equal(2, #times)
    end

    it("is cancelled", function()
      local call = start(c)
      assert.equal("xai.limiter (1 under way, 1 waiting)", tostring(limiter))
      call:cancel()
      local _, _, info = call:result()
      assert.same({ "cancelled", "no", 0 }, { info.kind, info.billed, info.attempts })
      goes_on()
    end)

    it("whose task is cancelled", function()
      local task = xai.spawn(function() c:chat(stage.body "chat") end)
      xai.step(0)
      assert.equal("xai.limiter (1 under way, 1 waiting)", tostring(limiter))
      task:cancel()
      xai.step(0)
      goes_on()
    end)

    it("is dropped", function()
      core.start(c, "chat", stage.body "chat")
      stage.collect()
      goes_on()
    end)

    it("whose deadline passes", function()
      local call = start(c, "chat", nil, { deadline = 3 })
      core.skip_time(3.1)
      xai.step(0)
      local _, _, info = call:result()
      assert.same({ "timeout", "deadline", "no", 0 }, { info.kind, info.phase, info.billed, info.attempts })
      assert.equal("deadline of 3 s passed while the call waited for its turn", info.message)
      goes_on()
    end)

    it("whose client is closed", function()
      local other = client { limiter = limiter }
      local call = start(other)
      other:close()
      xai.step(0)
      assert.equal("closed", select(3, call:result()).kind)
      goes_on()
    end)

    it("whose budget ends", function()
      local budget = xai.budget { tokens = 1 }
      local waits = start(c, "chat", nil, { budget = budget })
      results { start(client(), "chat", nil, { budget = budget }) }
      first:cancel()
      assert.same({ "1 budget" }, results { waits })
      assert.equal(2, #times)
      first = start(c, "chat", { stream = true }, fault "stall-in-stream,1")
      turn_until(function() return #times == 3 end)
      first:cancel()
    end)
  end)

  it("is an option of calls, in place of the client's", function()
    open()
    local c = client { limiter = xai.limiter { requests_per_minute = 1 } }
    local calls = {}
    for i = 1, 3 do calls[i] = start(c, "chat", nil, { limiter = xai.limiter { at_once = 2 } }) end
    local at = core.now()
    assert.same({}, results(calls))
    assert(core.now() - at < 30)
  end)

  it("does not make those wait that generate nothing", function()
    open()
    local c = client { limiter = xai.limiter { requests_per_minute = 1, at_once = 1 } }
    local calls = {}
    for i = 1, 5 do calls[i] = c:start("list_models") end
    assert.same({}, results(calls))
  end)

  it("works where a script blocks", function()
    local remote = stage.open()
    local c = remote:new_client { limiter = xai.limiter { requests_per_minute = 1200, at_once = 1 } }
    for _ = 1, 3 do assert(c:chat(stage.body "chat")) end
    for _ in c:chat(stage.body("chat", { stream = true })):text() do end
    assert(c:chat(stage.body("chat", { stream = true }), { on_event = function() end }))
    assert.equal(5, #remote:received())
    remote:settle()
    remote:close()
  end)

  it("works where frames are served", function()
    local remote = stage.open()
    local c = remote:new_client { limiter = xai.limiter { requests_per_minute = 3000, at_once = 1 } }
    local done = 0
    for _ = 1, 3 do
      xai.spawn(function()
        assert(c:chat(stage.body "chat"))
        done = done + 1
      end)
    end
    while done < 3 do
      xai.update(2)
      uv.sleep(1)
    end
    stage.rest()
    remote:settle()
    remote:close()
  end)

  it("raises where its figures are none", function()
    local function says(words, ...)
      local ok, err = pcall(xai.limiter, ...)
      assert.is_false(ok)
      assert.equal("xai.limiter: " .. words, (err:gsub("^.-: xai", "xai")))
    end
    says("expected a table of figures, got number", 5)
    says("unknown figure 'rpm'", { rpm = 1 })
    says("unknown figure 'at_one' (did you mean 'at_once'?)", { at_one = 1 })
    says("figure 'at_once' must be a whole number from 1, got 0", { at_once = 0 })
    says("figure 'requests_per_minute' must be a number above 0, got -1", { requests_per_minute = -1 })
    says("figure 'tokens_per_minute' must be a number above 0, got table", { tokens_per_minute = {} })
  end)
end)

describe("limiters and budgets in", function()
  local SAID = "5 2 true 5 5 xai.limiter (0 under way, 0 waiting)\n"

  local function within(host, name)
    it(name .. " let calls wait while it goes on", function()
      local folder = programs.folder(host)
      folder:open()
      folder:says(SAID, "limiter")
      folder:close()
    end)
  end

  within("uv", "luv")
  if pcall(require, "cqueues") then within("cqueues", "cqueues") end
  if pcall(require, "xai.copas") then within("copas", "copas") end

  if _VERSION == "Lua 5.1" and programs.has_neovim() then
    local nvim = programs.neovim "nvim"
    setup(function() nvim:open() end)
    teardown(function() nvim:close() end)

    it("Neovim let calls wait while it goes on", function() nvim:says(SAID, "limiter") end)
  end
end)
