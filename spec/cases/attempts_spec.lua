--- Attempts are counted as a user counts them; what libcurl sends again by itself is told apart.

local live = require("spec.support.live")
local scripted = require("spec.support.scripted")
local xai = require("xai")

local KEY = "xai-spec-0123456789abcdef"
local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
local KEPT = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"object\":\"list\"}"
local BUSY = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n"
local LIMITED = "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n"

--- A POST on a connection that was kept and dies unanswered; then come these answers.
local function on_dead(answers, options)
  local server = scripted.kept { KEPT, "", (table.unpack or unpack)(answers) } -- luacheck: ignore
  finally(server.close)
  local told = {}
  local all = { api_key = KEY, base_url = server.url, max_retries = 2,
    on_retry = function(info) told[#told + 1] = info.attempts end }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = xai.new(all)
  assert(scripted.wait(client:start("list_models")))
  local result, message, info = scripted.wait(client:start("chat", HI))
  client:close()
  assert.equal(0, live())
  return result, message, info, told, #server.requests
end

describe("a kept connection that dies (real use, 46)", function()
  it("is no attempt", function()
    local result, _, info, told, requests = on_dead { KEPT }
    assert.same({ "list", 1, 1, 3 }, { result.object, info.attempts, info.resends, requests })
    assert.same({}, told)
  end)

  it("does not shift what on_retry tells, nor what the message says", function()
    local _, message, info, told, requests = on_dead { BUSY }
    assert.same({ 1, 2 }, told)
    assert.same({ 3, 1, 5 }, { info.attempts, info.resends, requests })
    assert.equal("HTTP 503 server: Service Unavailable (3 attempts)", message)
  end)

  it("may have cost something, whatever the next answer says", function()
    local _, _, info = on_dead({ LIMITED }, { max_retries = 0 })
    assert.same({ "rate_limit", 1, 1, "maybe" }, { info.kind, info.attempts, info.resends, info.billed })
  end)

  it("counts where max_retries is 0, too", function()
    local _, message, info = on_dead({ BUSY }, { max_retries = 0 })
    assert.same({ 1, 1 }, { info.attempts, info.resends })
    assert.equal("HTTP 503 server: Service Unavailable", message)
  end)
end)

it("nothing is sent again on a connection that lives (real use, 46)", function()
  local server = scripted.kept { KEPT, KEPT }
  finally(server.close)
  local client = xai.new { api_key = KEY, base_url = server.url }
  for _ = 1, 2 do
    local _, _, info = scripted.wait(client:start("list_models"))
    assert.same({ 1, 0 }, { info.attempts, info.resends })
  end
  client:close()
end)
