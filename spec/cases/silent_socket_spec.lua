--- What libcurl or OpenSSL holds while the socket is silent is read all the same.

local frames = require("spec.support.frames")
local front = require("spec.support.front")
local uv = require("luv")
local xai = require("xai")

local JSON = '{"object":"list","data":[]}'
local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } }, stream = true }

local OPTIONS = { api_key = "xai-spec-0123456789abcdef", http_version = "2", max_retries = 0, deadline = 100 }

-- So many turns in a row that find nothing to do, of two milliseconds: nobody goes on any more.
-- After a quarter of a second libcurl is asked to look again, on which nobody is to depend.
local STILL = 40

--- A client of `server` that knows when all has come: what is asked by it is counted.
local function client_of(server, options)
  local all = { base_url = server.url, ca_file = server.ca_file }
  for name, value in pairs(OPTIONS) do all[name] = value end
  for name, value in pairs(options or {}) do all[name] = value end
  local client, asked = xai.new(all), 0
  local self = {}

  function self.start(...)
    asked = asked + 1
    return client:start(...)
  end

  function self.chat(...)
    asked = asked + 1
    return client:chat(...)
  end

  --- Turn both loops until `ready()`, and fail where the client waits for nothing.
  function self.turn_until(ready)
    local poll, still, readable = uv.new_poll(xai.fd()), 0
    poll:start("r", function() readable = true end)
    while not ready() and still < STILL do
      readable = false
      uv.run("nowait")
      xai.step(0.002)
      local silent = server.requests == asked and server.passed == server.written
      still = silent and not readable and still + 1 or 0
    end
    poll:close()
    uv.run("nowait")
    assert(ready(), "what has come is not read")
  end

  function self.wait(call)
    self.turn_until(function() return call:done() end)
    return call:result()
  end

  function self.close() client:close() end

  return self
end

local function headers(kind, count, size)
  local list = { { "content-type", kind } }
  for i = 1, count do list[#list + 1] = { "x-filler-" .. i, ("v"):rep(size) } end
  return list
end

local SHAPES = {
  { "150 headers of 100 bytes", 150, 100 },
  { "400 headers of 100 bytes", 400, 100 },
  { "1000 headers of 100 bytes", 1000, 100 },
  { "one header of 40 KB", 1, 40000 },
  { "a head that just fits one read", 16, 1000 },
}

local SOURCE = " (fault servers, 50)"

local function promises(start)
  local server, client
  after_each(function()
    client.close()
    server.close()
  end)

  for _, shape in ipairs(SHAPES) do
    it("a small answer behind " .. shape[1] .. SOURCE, function()
      server = start(function(_, id, write)
        write(frames.head(id, 200, headers("application/json", shape[2], shape[3])) .. frames.data(id, JSON, true, 10))
      end)
      client = client_of(server)
      for _ = 1, 3 do
        local result, message, info = client.wait(client.start("list_models"))
        assert.equal("list", result and result.object, message)
        assert.equal(shape[3], #info.headers["x-filler-1"])
      end
    end)

    it("a stream behind " .. shape[1] .. SOURCE, function()
      server = start(function(_, id, write)
        write(frames.head(id, 200, headers("text/event-stream", shape[2], shape[3])) .. frames.data(id,
          'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
          .. 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' .. "data: [DONE]\n\n", true, 50))
      end)
      client = client_of(server)
      local result, message = client.wait(client.start("chat", HI))
      assert.equal("Hi", result and result.choices[1].message.content, message)
    end)

    it("an error behind " .. shape[1] .. SOURCE, function()
      server = start(function(_, id, write)
        write(frames.head(id, 404, headers("application/json", shape[2], shape[3]))
          .. frames.data(id, '{"error":"gone"}', true))
      end)
      client = client_of(server)
      local _, message, info = client.wait(client.start("list_models"))
      assert.same({ "not_found", 404 }, { info.kind, info.status }, message)
      assert.matches("gone", message)
    end)
  end
end

describe("over HTTP/2 nobody waits for what has come:", function() promises(frames.start) end)

if front.missing() then
  pending("over HTTP/2 and TLS: " .. front.missing())
else
  describe("over HTTP/2 and TLS nobody waits for what has come:", function() promises(frames.start_tls) end)

  describe("over one connection", function()
    local server, client
    after_each(function()
      client.close()
      server.close()
    end)

    local EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"' .. ("w"):rep(1000) .. '"}}]}\n\n'
    local END = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    --- The first request is a stream of a megabyte, which leaves in one write with the answers to
    -- `others` more; their frames are behind its own.
    local function serve(others)
      local ids = {}
      server = frames.start_tls(function(n, id, write)
        if n == 1 then write(frames.head(id, 200, headers("text/event-stream", 0, 0))) end
        ids[n] = id
        if n <= others then return end
        local out = { frames.data(ids[1], EVENT:rep(1000) .. END, true) }
        for i = 2, n do
          out[#out + 1] = frames.head(ids[i], 200, headers("application/json", 200, 100))
          out[#out + 1] = frames.data(ids[i], JSON, true)
        end
        write(table.concat(out))
      end)
    end

    local function ask_five()
      local calls = {}
      for i = 1, 5 do calls[i] = client.start("list_models") end
      for _, call in ipairs(calls) do
        local result, message = client.wait(call)
        assert.equal("list", result and result.object, message)
      end
    end

    it("a long stream keeps no small answer from its caller" .. SOURCE, function()
      serve(5)
      client = client_of(server)
      local call = client.start("chat", HI)
      client.turn_until(function() return server.requests == 1 end)
      ask_five()
      local result, message = client.wait(call)
      assert.equal(1000000, result and #result.choices[1].message.content, message)
    end)

    it("nor does one that nobody reads, which comes whole when it is read" .. SOURCE, function()
      serve(5)
      client = client_of(server, { max_buffer = 20000 })
      local stream, result
      xai.spawn(function() stream = assert(client.chat(HI)) end)
      client.turn_until(function() return stream end)
      ask_five()
      xai.spawn(function() result = assert(stream:result()) end)
      client.turn_until(function() return result end)
      assert.equal(1000000, #result.choices[1].message.content)
    end)
  end)
end
