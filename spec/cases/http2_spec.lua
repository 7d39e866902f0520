--- HTTP/2 without TLS: what one failed request leaves behind does not harm the next one.

local stages = require "spec.support.stage"

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }

-- A connection that never gave a head (libcurl 8.14 let others wait for it), one whose state is spoiled
-- (libcurl 8.14 failed each later request by it), one that is gone.
local FAULTS = { "rst-before-head,NO_ERROR", "rst-before-head,CANCEL", "reset-before-head", "close-before-head",
  "goaway-before-head,NO_ERROR", "reset-in-head", "close-in-head", "endless-headers", "endless-header", "endless-1xx",
  "bad-length,abc", "bad-length,-3", "close-in-body" }

describe("by HTTP/2 without TLS (today's systems, 5)", function()
  local house
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)
  after_each(function() assert.equal(0, house:settle()) end)

  --- A client that shares its connections with no other test.
  local function client_of(name, options)
    options.base_url = house.server.url:gsub("127%.0%.0%.1", name .. ".localhost")
    options.http_version, options.deadline = "2", 20
    return house:new_client(options)
  end

  for i, fault in ipairs(FAULTS) do
    it("the next call is answered after " .. fault, function()
      local client = client_of("next" .. i, { max_retries = 0 })
      local result, _, info = client:chat(HI, { headers = { ["x-fault"] = fault } })
      assert.is_nil(result)
      assert.are_not.equal("timeout", info.kind)
      for _ = 1, 3 do
        local again, message = client:chat(HI)
        assert.equal("chat.completion", again and again.object, message)
      end
    end)
  end

  for i, fault in ipairs { "rst-before-head,CANCEL", "reset-before-head", "close-before-head", "bad-length,abc" } do
    it("another attempt is answered after " .. fault, function()
      local client = client_of("again" .. i, { max_retries = 1 })
      local result, message, info = client:chat(HI, { headers = { ["x-fault"] = fault .. ";times,1" } })
      assert.equal("chat.completion", result and result.object, message)
      assert.equal(2, info.attempts)
    end)
  end
end)
