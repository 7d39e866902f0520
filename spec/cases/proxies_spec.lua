--- Several proxies, or none, to the same server: each call goes its own way.

local live = require "spec.support.live"
local scripted = require "spec.support.scripted"
local tunnel = require "spec.support.tunnel"
local xai = require "xai"

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
local NO = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"

describe("where a proxy never opens its tunnel (real use, 40)", function()
  local clients, stalled, other
  before_each(function()
    clients, stalled, other = {}, tunnel.start("", false), tunnel.start(NO, false)
  end)
  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    stalled.close()
    other.close()
    assert.equal(0, live())
  end)

  local function client_of(proxy, options)
    local all = { api_key = "xai-spec-0123456789abcdef", base_url = "https://127.0.0.1:1", proxy = proxy,
      max_retries = 0, deadline = 5 }
    for name, value in pairs(options or {}) do all[name] = value end
    clients[#clients + 1] = xai.new(all)
    return clients[#clients]
  end

  --- The call by another way ends while the first one goes on.
  local function check(second)
    local waits = client_of(stalled.url):start("chat", HI)
    for _ = 1, 20 do xai.step(0.002) end
    local result, _, info = scripted.wait(second:start("chat", HI))
    assert.is_nil(result)
    assert.equal("connection connect", info.kind .. " " .. info.phase)
    assert.is_false(waits:done())
    waits:cancel()
  end

  it("a call through another one does not wait for it", function() check(client_of(other.url)) end)

  it("a call without one does not", function() check(client_of(nil, { no_proxy = "127.0.0.1" })) end)

  it("a call that wants HTTP/2 does not", function() check(client_of(other.url, { http_version = "2" })) end)

  it("a later call of the same client does not, nor another attempt", function()
    local client = client_of(other.url, { max_retries = 1, deadline = 20 })
    assert.is_nil((scripted.wait(client:start("chat", HI, { max_retries = 0 }))))
    local again = client:start("chat", HI)
    check(client)
    local _, _, info = scripted.wait(again)
    assert.equal("connection connect x2", ("%s %s x%d"):format(info.kind, info.phase, info.attempts))
  end)
end)
