--- What libcurl or OpenSSL holds while the socket is silent is read all the same.

local frames = require("spec.support.frames")
local front = require("spec.support.front")
local scripted = require("spec.support.scripted")
local uv = require("luv")
local xai = require("xai")

local JSON = '{"object":"list","data":[]}'
local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } }, stream = true }

-- After a quarter of a second libcurl is asked to look again: nobody is to depend on that.
local OPTIONS = {
  api_key = "xai-spec-0123456789abcdef", http_version = "2", max_retries = 0, idle_timeout = 0.2, deadline = 10,
}

local function client_of(server, options)
  local all = { base_url = server.url, ca_file = server.ca_file }
  for name, value in pairs(OPTIONS) do all[name] = value end
  for name, value in pairs(options or {}) do all[name] = value end
  return xai.new(all)
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

--- A spec that a busy machine may spoil, as silence ends it soon: it holds when one of three tries does.
-- What waits for nothing fails in each.
local function holds(name, try, close)
  it(name .. " (fault servers, 50)", function()
    for _ = 1, 2 do
      local ok = pcall(try)
      close()
      if ok then return end
    end
    try()
    close()
  end)
end

local function promises(start)
  local server, client
  local function close()
    client:close()
    server.close()
  end

  for _, shape in ipairs(SHAPES) do
    holds("a small answer behind " .. shape[1], function()
      server = start(function(_, id, write)
        write(frames.head(id, 200, headers("application/json", shape[2], shape[3])) .. frames.data(id, JSON, true, 10))
      end)
      client = client_of(server)
      for _ = 1, 3 do
        local result, message, info = scripted.wait(client:start("list_models"))
        assert.equal("list", result and result.object, message)
        assert.equal(shape[3], #info.headers["x-filler-1"])
      end
    end, close)

    holds("a stream behind " .. shape[1], function()
      server = start(function(_, id, write)
        write(frames.head(id, 200, headers("text/event-stream", shape[2], shape[3])) .. frames.data(id,
          'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
          .. 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' .. "data: [DONE]\n\n", true, 50))
      end)
      client = client_of(server)
      local result, message = scripted.wait(client:start("chat", HI))
      assert.equal("Hi", result and result.choices[1].message.content, message)
    end, close)

    holds("an error behind " .. shape[1], function()
      server = start(function(_, id, write)
        write(frames.head(id, 404, headers("application/json", shape[2], shape[3]))
          .. frames.data(id, '{"error":"gone"}', true))
      end)
      client = client_of(server)
      local _, message, info = scripted.wait(client:start("list_models"))
      assert.same({ "not_found", 404 }, { info.kind, info.status }, message)
      assert.matches("gone", message)
    end, close)
  end
end

describe("over HTTP/2 nobody waits for what has come:", function() promises(frames.start) end)

if front.missing() then
  pending("over HTTP/2 and TLS: " .. front.missing())
else
  describe("over HTTP/2 and TLS nobody waits for what has come:", function() promises(frames.start_tls) end)

  describe("over one connection", function()
    local server, client
    local function close()
      client:close()
      server.close()
    end

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

    local function turn_until(ready)
      while not ready() do
        uv.run("nowait")
        xai.step(0.002)
      end
    end

    local function ask_five()
      local calls = {}
      for i = 1, 5 do calls[i] = client:start("list_models") end
      for _, call in ipairs(calls) do
        local result, message = scripted.wait(call)
        assert.equal("list", result and result.object, message)
      end
    end

    holds("a long stream keeps no small answer from its caller", function()
      serve(5)
      client = client_of(server)
      local call = client:start("chat", HI)
      turn_until(function() return server.requests == 1 end)
      ask_five()
      local result, message = scripted.wait(call)
      assert.equal(1000000, result and #result.choices[1].message.content, message)
    end, close)

    holds("nor does one that nobody reads, which comes whole when it is read", function()
      serve(5)
      client = client_of(server, { max_buffer = 20000 })
      local stream, result
      xai.spawn(function() stream = assert(client:chat(HI)) end)
      turn_until(function() return stream end)
      ask_five()
      xai.spawn(function() result = assert(stream:result()) end)
      turn_until(function() return result end)
      assert.equal(1000000, #result.choices[1].message.content)
    end, close)
  end)
end
