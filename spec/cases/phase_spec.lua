--- How far a connection came before it failed: phase, attempts, what was billed, may it be repeated.
--
-- The same with every libcurl: what was sent decides, and nothing is billed that was not sent.

local clock = require("spec.support.clock")
local listener = require("spec.support.listener")
local live = require("spec.support.live")
local scripted = require("spec.support.scripted")
local uv = require("luv")
local xai = require("xai")

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }

local function close_all(handles)
  for _, handle in ipairs(handles) do
    if not handle:is_closing() then handle:close() end
  end
  uv.run("nowait")
end

--- Listen, and do `act(socket, n)` when the nth piece of a connection comes; with `at_once` also, with 0,
-- when it is made.
local function listen(act, at_once)
  return listener.listen(function(socket)
    local pieces = 0
    if at_once then act(socket, 0) end
    if socket:is_closing() then return end
    socket:read_start(function(_, bytes)
      if not bytes or socket:is_closing() then return end
      pieces = pieces + 1
      act(socket, pieces)
    end)
  end)
end

--- What a server does that says the nth of these to the nth piece.
local function script(...)
  local lines = { ... }
  return function(socket, n)
    if lines[n] then socket:write(lines[n]) end
  end
end

local function later(ms, act)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    act()
  end)
end

--- Say `head`, and then the same piece again and again until nobody listens.
local function pour(head, piece)
  return function(socket, n)
    local function more(err)
      if not err and not socket:is_closing() then socket:write(piece, more) end
    end
    if n == 1 then socket:write(head, more) end
  end
end

--- A port where connecting hangs, as nobody takes the connections that wait there.
local function full_port()
  local full = uv.new_tcp()
  local handles = { full }
  assert(full:bind("127.0.0.1", 0))
  full:listen(1, function() end)
  local port = full:getsockname().port
  for _ = 1, 8 do -- one of them is taken by libuv, which makes room
    local socket = uv.new_tcp()
    handles[#handles + 1] = socket
    socket:connect("127.0.0.1", port, function() end)
    for _ = 1, 20 do uv.run("nowait") end
  end
  return port, function() close_all(handles) end
end

--- Is no time limit given that a skipped pause would use up?
local function is_unhurried(list)
  for _, options in ipairs(list) do
    if options.connect_timeout or options.timeout or options.idle_timeout or options.deadline then return false end
  end
  return true
end

local starts = 0

--- Start a POST.  Each goes by a way of its own, so that none waits for another one's connection.
local function start(options)
  starts = starts + 1
  local all = { api_key = "xai-spec-0123456789abcdef", max_retries = 1, deadline = 30, no_proxy = "nobody" .. starts }
  for name, value in pairs(options) do all[name] = value end
  local client = xai.new(all)
  return { client = client, call = client:start("chat", HI) }
end

--- What became of it: its outcome in words, the message, info.
local function finish(started)
  local result, message, info = scripted.wait(started.call)
  started.client:close()
  started.client, started.call = nil, nil
  assert.is_nil(result)
  return ("%s %s x%d %s %s"):format(info.kind, tostring(info.phase), info.attempts, info.billed,
    info.retryable and "retryable" or "final"), message, info
end

--- What becomes of a POST.
local function ask(options)
  if is_unhurried { options } then options.on_retry = clock.skip_pause end
  local words, message, info = finish(start(options))
  assert.equal(0, live())
  return words, message, info
end

local POLICIES = { "default", "safe" }

--- The outcomes of these POSTs, all at once, each with each policy: it is one outcome.
local function outcomes(list)
  local started, all = {}, {}
  local on_retry = is_unhurried(list) and clock.skip_pause or nil
  for i, options in ipairs(list) do
    options.on_retry = on_retry
    for _, policy in ipairs(POLICIES) do
      options.retry = policy ~= "default" and policy or nil
      started[#started + 1] = start(options)
      started[#started].number = i
    end
  end
  for _, one in ipairs(started) do
    local words = finish(one)
    all[one.number] = all[one.number] or words
    assert.equal(all[one.number], words)
  end
  assert.equal(0, live())
  return all
end

local function outcome(options)
  return outcomes({ options })[1]
end

-- Nothing was sent, so that the policies do not differ.
describe("with each policy of retries (today's systems, 2),", function()
  for _, scheme in ipairs { "http", "https" } do
    it("nobody listens (" .. scheme .. ")", function()
      local url = scheme .. "://127.0.0.1:" .. listener.free_port()
      assert.equal("connection connect x2 no retryable", outcome { base_url = url })
    end)

    it("there is no such name (" .. scheme .. ")", function()
      local url = scheme .. "://nobody.invalid"
      assert.equal("connection dns x2 no retryable", outcome { base_url = url, allow_http = true })
    end)

    it("connecting takes too long (" .. scheme .. ")", function()
      local port, close = full_port()
      finally(close)
      local url = scheme .. "://127.0.0.1:" .. port
      assert.same({ "timeout connect x2 no final", "timeout connect x2 no final", "timeout idle x2 no final",
        "timeout deadline x1 no final" }, outcomes {
        { base_url = url, connect_timeout = 0.2 }, { base_url = url, timeout = 0.2 },
        { base_url = url, idle_timeout = 0.2 }, { base_url = url, deadline = 0.2 } })
    end)
  end

  for name, act in pairs {
    ["closes"] = function(socket) socket:close() end,
    ["resets"] = function(socket) socket:close_reset() end,
  } do
    for _, at_once in ipairs { true, false } do
      it("the server " .. name .. (at_once and " at once" or " within the handshake"), function()
        local server = listen(act, at_once)
        finally(server.close)
        local url = "https://127.0.0.1:" .. server.port
        assert.equal("connection tls x2 no retryable", outcome { base_url = url })
        assert.equal(2 * #POLICIES, server.connections)
      end)
    end
  end

  it("the server speaks no TLS", function()
    local server = listen(script("HTTP/1.1 400 Bad Request\r\n\r\n"))
    finally(server.close)
    assert.equal("tls tls x1 no final", outcome { base_url = "https://127.0.0.1:" .. server.port })
  end)

  it("the handshake takes too long", function()
    local server = listen(script())
    finally(server.close)
    local url = "https://127.0.0.1:" .. server.port
    assert.same({ "timeout tls x2 no final", "timeout tls x2 no final", "timeout idle x2 no final",
      "timeout deadline x1 no final" }, outcomes {
      { base_url = url, connect_timeout = 0.2 }, { base_url = url, timeout = 0.2 },
      { base_url = url, idle_timeout = 0.2 }, { base_url = url, deadline = 0.2 } })
  end)

  -- A proxy that says no says it again.
  for _, status in ipairs { 302, 400, 401, 403, 405, 407, 451, 501 } do
    it(("a proxy refuses with %d (real use, 40)"):format(status), function()
      local proxy = listen(script(("HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno"):format(status)))
      finally(proxy.close)
      local got = outcome { base_url = "https://127.0.0.1:1", proxy = "http://127.0.0.1:" .. proxy.port }
      assert.equal("connection proxy x1 no final", got)
      assert.equal(#POLICIES, proxy.connections)
    end)
  end

  it("a proxy that carries plain http wants a password (real use, 40)", function()
    local proxy = listen(script("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"))
    finally(proxy.close)
    local got = outcome { base_url = "http://127.0.0.1:1", proxy = "http://127.0.0.1:" .. proxy.port }
    assert.equal("connection proxy x1 no final", got)
  end)

  for name, case in pairs {
    ["SOCKS 4 rejects"] = { "socks4", "\0\91\0\0\0\0\0\0" },
    ["SOCKS 4a knows nobody"] = { "socks4a", "\0\93\0\0\0\0\0\0" },
    ["SOCKS 5 wants another password"] = { "socks5", "\5\255" },
    ["SOCKS 5 does not allow it"] = { "socks5", "\5\0", "\5\2\0\1\0\0\0\0\0\0" },
    ["SOCKS 5h fails for a reason of its own"] = { "socks5h", "\5\0", "\5\1\0\1\0\0\0\0\0\0" },
  } do
    for _, scheme in ipairs { "http", "https" } do
      it(name .. " (" .. scheme .. ") (real use, 40)", function()
        local proxy = listen(script(case[2], case[3]))
        finally(proxy.close)
        local way = case[1] .. "://127.0.0.1:" .. proxy.port
        local got = outcome { base_url = scheme .. "://127.0.0.1:1", proxy = way }
        assert.equal("connection proxy x1 no final", got)
        assert.equal(#POLICIES, proxy.connections)
      end)
    end
  end

  -- A proxy that cannot reach the server may reach it later.
  for _, status in ipairs { 429, 502, 503, 504 } do
    it("a proxy cannot open the tunnel now: " .. status, function()
      local proxy = listen(script(("HTTP/1.1 %d Later\r\nContent-Length: 0\r\n\r\n"):format(status)))
      finally(proxy.close)
      local got = outcome { base_url = "https://127.0.0.1:1", proxy = "http://127.0.0.1:" .. proxy.port }
      assert.equal("connection connect x2 no retryable", got)
    end)
  end

  for _, code in ipairs { 3, 4, 5, 6 } do
    it("SOCKS 5 does not reach the server: " .. code, function()
      local proxy = listen(script("\5\0", "\5" .. string.char(code) .. "\0\1\0\0\0\0\0\0"))
      finally(proxy.close)
      local got = outcome { base_url = "http://127.0.0.1:1", proxy = "socks5://127.0.0.1:" .. proxy.port }
      assert.equal("connection connect x2 no retryable", got)
    end)
  end

  -- Whether it refused is known by its status.
  for head, wanted in pairs {
    ["HTTP/1.1 200 Open\r\n"] = "connect",
    ["HTTP/1.1 407 No\r\n"] = "proxy",
    ["HTTP/1.1 502 Later\r\n"] = "connect",
  } do
    for what, piece in pairs { line = ("a"):rep(9000), head = "X-More: " .. ("a"):rep(4000) .. "\r\n" } do
      it(("a proxy's %s has no end: %s (fault servers, 50)"):format(what, head:match("%d%d%d")), function()
        local proxy = listen(pour(head, piece))
        finally(proxy.close)
        local way = "http://127.0.0.1:" .. proxy.port
        local plain = ("limit wait x1 %s final"):format(wanted == "proxy" and "no" or "maybe")
        assert.same({ "limit " .. wanted .. " x1 no final", plain }, outcomes {
          { base_url = "https://127.0.0.1:1", proxy = way }, { base_url = "http://127.0.0.1:1", proxy = way } })
        local _, message = ask { base_url = "https://127.0.0.1:1", proxy = way }
        assert.matches("the proxy's answer", message, 1, true)
      end)
    end
  end

  for name, act in pairs {
    ["closes"] = function(socket) socket:shutdown(function() socket:close() end) end,
    ["resets"] = function(socket)
      later(50, function()
        if not socket:is_closing() then socket:close_reset() end
      end)
    end,
  } do
    for _, rest in ipairs { "", "X-More: yes\r\n", "X-Mo" } do
      it(("a proxy %s within its head, after %q"):format(name, rest), function()
        local proxy = listen(function(socket)
          socket:write("HTTP/1.1 200 Open\r\n" .. rest, function() act(socket) end)
        end)
        finally(proxy.close)
        local got = outcome { base_url = "https://127.0.0.1:1", proxy = "http://127.0.0.1:" .. proxy.port }
        assert.equal("connection connect x2 no retryable", got)
      end)
    end
  end

  for how, options in pairs {
    ["a server"] = { base_url = "https://127.0.0.1:%d" },
    ["an https proxy"] = { base_url = "http://127.0.0.1:1", proxy = "https://127.0.0.1:%d" },
  } do
    it(how .. " takes what is sent, and ends what it says at once", function()
      local server = listen(function(socket) socket:shutdown(function() socket:close() end) end, true)
      finally(server.close)
      local all = {}
      for name, value in pairs(options) do all[name] = value:format(server.port) end
      assert.equal("connection tls x2 no retryable", outcome(all))
    end)
  end

  it("a proxy closes, or says nothing", function()
    local proxy = listen(function(socket) socket:close() end)
    local silent = listen(script())
    finally(function() proxy.close() silent.close() end)
    local url = "https://127.0.0.1:1"
    local closed, timed = "connection connect x2 no retryable", "timeout connect x2 no final"
    assert.same({ closed, timed }, outcomes {
      { base_url = url, proxy = "http://127.0.0.1:" .. proxy.port },
      { base_url = url, proxy = "http://127.0.0.1:" .. silent.port, connect_timeout = 0.2 } })
  end)

  it("TLS fails behind the proxy's tunnel", function()
    local proxy = listen(function(socket, n)
      if n == 1 then return socket:write("HTTP/1.1 200 Open\r\n\r\n") end
      socket:close()
    end)
    finally(proxy.close)
    local got = outcome { base_url = "https://127.0.0.1:1", proxy = "http://127.0.0.1:" .. proxy.port }
    assert.equal("connection tls x2 no retryable", got)
  end)
end)

it("what a proxy said is in the message, its password is not (real use, 40)", function()
  local proxy = listen(script("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"))
  finally(proxy.close)
  local url = "http://user:secret-word@127.0.0.1:" .. proxy.port
  local _, message = ask { base_url = "https://127.0.0.1:1", proxy = url }
  assert.matches("^connection %(proxy%): .*407", message)
  assert.is_nil(message:find("secret-word", 1, true))
end)

it("nothing was billed by the last attempt, but perhaps by the one before", function()
  local server
  server = listen(function(socket)
    socket:close_reset()
    server.close()
  end)
  local got, _, info = ask { base_url = "http://127.0.0.1:" .. server.port }
  assert.equal("connection connect x2 maybe retryable", got)
  assert.equal(0, info.resends)
end)
