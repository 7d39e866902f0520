--- The memory of a conversation that is asked again and again, and trimmed, stays the same.  10,000 asks
-- are in torture/asks.lua.

local asks = require "spec.support.asks"
local stages = require "spec.support.stage"

describe("the memory of a conversation that is trimmed", function()
  local stage

  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  for _, name in ipairs(asks.NAMES) do
    it("is the same after 100 asks as after 20, by " .. name, function()
      local list = asks.measure(stage.client, name, 100)
      assert.equal(10, #list)
      local ok, growth = asks.is_flat(list)
      assert.is_true(ok, growth)
    end)
  end

  it("is told where it grows", function()
    local list = {}
    for i = 1, 10 do list[i] = 600000 + 5000 * i end
    local ok, growth = asks.is_flat(list)
    assert.is_false(ok)
    assert.equal("596 KB after a fifth of the asks, then up to 635 KB", growth)
  end)
end)
